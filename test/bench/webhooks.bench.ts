import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '../../src/database/database.ts';
import type { EmbeddedServer } from '../../src/database/embedded-server.ts';
import { migrate } from '../../src/database/migrate.ts';
import { type Child, startChild } from './children.ts';
import { checkCredits, createOrders, sellerOf } from './orders.ts';
import {
  type BaselineAnswer,
  baselineAnswer,
  type EventSeries,
  type LoadAnswer,
  loadAnswer,
  type ReceiverAnswer,
  receiverAnswer,
  type ServiceAnswer,
  serviceAnswer,
} from './protocol.ts';
import { atLeast, atMost, type BenchResult, median, percentile } from './result.ts';

const baseline = 'stripe-sync-engine';
const rounds = 3;
const acceptedPerRound = 30_000;
const creditedPerRound = 20_000;
const baselinePerRound = 10_000;
const connections = 192;
const secret = 'whsec_bench_0123456789abcdef0123456789abcdef';

const seriesOf = (name: string, count: number, agencyId: string, signedWith: string): EventSeries => ({
  name,
  count,
  agencyId,
  orderPrefix: `ord_${name}_`,
  amount: 1930,
  currency: 'omr',
  secret: signedWith,
});

/**
 * Webhooks against what a well-known library does with the same events. All on one PostgreSQL with fsync on, the sides taking
 * turns; medians of the rounds. `accepted` is the door alone (receiver and inbox as the service wires them, the worker paused):
 * what a burst is answered at. `credited` is the whole service, door and worker at once, to the last posting.
 */
export async function benchWebhooks(server: EmbeddedServer, progress: (line: string) => void): Promise<BenchResult[]> {
  const load = startChild<object, LoadAnswer>('load-generator.ts', (message) => loadAnswer.parse(message));
  const sync = startChild<object, BaselineAnswer>('sync-engine.ts', (message) => baselineAnswer.parse(message));
  const syncDatabase = await server.ensureDatabase('bench_sync_engine');
  const dataDir = await mkdtemp(join(tmpdir(), 'baisa-bench-service-'));
  const rates = { baseline: [] as number[], accepted: [] as number[], many: [] as number[], one: [] as number[] };

  const runBaseline = async (round: number): Promise<void> => {
    const series = seriesOf(`b${round}`, baselinePerRound, 'agc_bench', secret);
    const { seconds } = await sync.ask({ databaseUrl: syncDatabase, series, inFlight: 16 });
    rates.baseline.push(baselinePerRound / seconds);
    progress(`baseline round ${round}: ${Math.round(baselinePerRound / seconds)}/s`);
  };

  const receiverUrl = await server.ensureDatabase('bench_receiver');
  await migrate(receiverUrl);
  const receiver = startChild<object, ReceiverAnswer>('receiver-service.ts', (message) =>
    receiverAnswer.parse(message),
  );
  const { origin } = await receiver.ask({ databaseUrl: receiverUrl, secret });
  await load.ask({ origin, series: seriesOf('warm', 3_000, 'agc_bench', secret), connections, perSecond: null });
  await runBaseline(0);
  rates.baseline.length = 0;
  for (let round = 1; round <= rounds; round += 1) {
    await runBaseline(round);
    const series = seriesOf(`a${round}`, acceptedPerRound, 'agc_bench', secret);
    const answer = await load.ask({ origin, series, connections, perSecond: null });
    if (answer.accepted !== acceptedPerRound)
      throw new Error(`only ${answer.accepted} of ${acceptedPerRound} were accepted`);
    rates.accepted.push(acceptedPerRound / answer.seconds);
    progress(`accepted round ${round}: ${Math.round(acceptedPerRound / answer.seconds)}/s`);
  }
  const halfRate = median(rates.accepted) / 2;
  const p99s: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const series = seriesOf(`p${round}`, Math.round(halfRate * 4), 'agc_bench', secret);
    const paced = await load.ask({ origin, series, connections, perSecond: halfRate });
    if (paced.accepted !== series.count) throw new Error(`only ${paced.accepted} of ${series.count} were accepted`);
    p99s.push(percentile(paced.latenciesMs, 0.99));
    const middle = percentile(paced.latenciesMs, 0.5).toFixed(1);
    progress(`paced at ${Math.round(halfRate)}/s, round ${round}: p50 ${middle} ms, p99 ${p99s.at(-1)?.toFixed(1)} ms`);
  }
  await receiver.stop();

  const serviceUrl = await server.ensureDatabase('bench_service');
  const service = startChild<object, ServiceAnswer>('whole-service.ts', (message) => serviceAnswer.parse(message));
  const started = await service.ask({ ask: 'start', databaseUrl: serviceUrl, dataDir });
  const database = openDatabase(serviceUrl, { poolSize: 2 });
  const credited = (name: string, customers: number): Promise<number> =>
    creditAll({ database, service, load, started, name, customers });
  await credited('w', 100);
  for (let round = 1; round <= rounds; round += 1) {
    await runBaseline(rounds + round);
    rates.many.push(await credited(`m${round}`, 10_000));
    progress(`credited over 10,000 customers, round ${round}: ${Math.round(rates.many.at(-1) ?? 0)}/s`);
    rates.one.push(await credited(`o${round}`, 1));
    progress(`credited to one customer, round ${round}: ${Math.round(rates.one.at(-1) ?? 0)}/s`);
  }

  await Promise.all([service.stop(), load.stop(), sync.stop()]);
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
  const baselineValue = median(rates.baseline);
  return [
    atLeast('webhooks.accepted', 'per_second', median(rates.accepted), { baseline, value: baselineValue, target: 3 }),
    atMost('webhooks.accepted_p99_at_half_rate', 'milliseconds', median(p99s), {
      baseline: '20 ms',
      value: 20,
      target: 1,
    }),
    atLeast('webhooks.credited', 'per_second', median(rates.many), { baseline, value: baselineValue, target: 1.5 }),
    atLeast('webhooks.credited_one_customer', 'per_second', median(rates.one), {
      baseline,
      value: baselineValue,
      target: 1,
    }),
  ];
}

interface CreditRun {
  readonly database: Database;
  readonly service: Child<object, ServiceAnswer>;
  readonly load: Child<object, LoadAnswer>;
  readonly started: ServiceAnswer;
  readonly name: string;
  readonly customers: number;
}

/** From the first request to the last posting, checked to the cent. Answers credits per second. */
async function creditAll({ database, service, load, started, name, customers }: CreditRun): Promise<number> {
  const agencyId = await sellerOf(database.pool);
  const series = seriesOf(name, creditedPerRound, agencyId, started.secret);
  const orders = { agencyId, orderPrefix: series.orderPrefix, count: creditedPerRound, customers };
  await createOrders(database.pool, orders);
  const answer = await load.ask({ origin: started.origin, series, connections, perSecond: null });
  const sentAt = performance.now();
  await service.ask({ ask: 'settle' });
  const seconds = answer.seconds + (performance.now() - sentAt) / 1000;
  await checkCredits(database.pool, orders);
  return creditedPerRound / seconds;
}
