import type { EmbeddedServer } from '../../src/database/embedded-server.ts';
import { readEvent } from '../../src/usage/usage-event.ts';
import { fillHistory, historyRows } from './history.ts';
import { drawOneByOne, insertOneByOne } from './naive-usage.ts';
import { atLeast, type BenchResult, median, percentile } from './result.ts';
import { clientOf, clientsMax, createUsageBenchWorld, scope, type UsageBenchWorld } from './usage-world.ts';

const rounds = 3;
const batchSize = 100;
const naiveConnections = 16;
const inFlight = 64;
/** Batches that a sender has under way at once. */
const batchesInFlight = 8;

interface Series {
  readonly name: string;
  readonly count: number;
  readonly hot: boolean;
}

let made = 0;
const idsOf = ({ name, count, hot }: Series) => {
  made += 1;
  const series = made;
  // A stride that shares no factor with the number of clients spreads them evenly.
  return Array.from({ length: count }, (_, index) => ({
    id: `${name} ${series}.${index}`,
    customerId: hot ? clientOf(0) : clientOf(index * 7_919),
  }));
};

const delivered = (events: readonly { readonly id: string; readonly customerId: string }[]) =>
  events.map((event) =>
    readEvent({
      ...event,
      feature: 'call_minutes',
      quantity: '1',
      occurredAt: new Date(performance.timeOrigin).toISOString(),
    }),
  );

/** Events per second in batches. */
async function ingestBatches({ usage }: UsageBenchWorld, series: Series): Promise<number> {
  const events = delivered(idsOf(series));
  const batches = Array.from({ length: Math.ceil(events.length / batchSize) }, (_, index) =>
    events.slice(index * batchSize, (index + 1) * batchSize),
  ).values();
  const started = performance.now();
  await Promise.all(
    Array.from({ length: batchesInFlight }, async () => {
      for (const batch of batches) {
        const results = await usage.ingest(scope, batch);
        if (results.some(({ status }) => status !== 'accepted')) throw new Error('an event of the bench was refused');
      }
    }),
  );
  return events.length / ((performance.now() - started) / 1_000);
}

/** Events per second as requests of one, so many in flight. */
async function ingestSingles({ usage }: UsageBenchWorld, count: number): Promise<number> {
  const events = delivered(idsOf({ name: 'single', count, hot: false })).values();
  const started = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (const event of events) await usage.ingest(scope, [event]);
    }),
  );
  return count / ((performance.now() - started) / 1_000);
}

/** Usage as it is rated and drawn, beside what a transaction per event does with the same tables. */
export async function benchUsage(server: EmbeddedServer, progress: (line: string) => void): Promise<BenchResult[]> {
  const world = await createUsageBenchWorld(server, 'bench_usage');
  const { url, pool } = world.database;
  // Every client has its totals before either side is measured.
  await ingestBatches(world, { name: 'warm', count: clientsMax, hot: false });
  await ingestBatches(world, { name: 'warm', count: 2_000, hot: true });
  await pool.query('ANALYZE');

  const results: BenchResult[] = [];
  for (const { name, hot, count, naive, target } of [
    { name: 'usage.batches_of_100_over_10000_clients', hot: false, count: 20_000, naive: 4_000, target: 5 },
    { name: 'usage.batches_of_100_for_one_client', hot: true, count: 30_000, naive: 3_000, target: 20 },
  ]) {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const seconds = await drawOneByOne(url, idsOf({ name: 'naive', count: naive, hot }), naiveConnections);
      theirs.push(naive / seconds);
      ours.push(await ingestBatches(world, { name: 'ours', count, hot }));
    }
    progress(`${name}: ${Math.round(median(ours))}/s, one by one ${Math.round(median(theirs))}/s`);
    results.push(
      atLeast(name, 'per_second', median(ours), {
        baseline: 'one transaction per event over 16 connections',
        value: median(theirs),
        target,
      }),
    );
  }

  const singles: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    plain.push(10_000 / (await insertOneByOne(url, 10_000, inFlight)));
    singles.push(await ingestSingles(world, 10_000));
  }
  results.push(
    atLeast('usage.single_event_requests', 'per_second', median(singles), {
      baseline: 'plain insert and commit of one row, 64 in flight',
      value: median(plain),
      target: 0.5,
    }),
  );
  results.push(...(await besideHistory(world, progress)));
  await world.database.close();
  return results;
}

/** How much a long history slows down what is new. */
async function besideHistory(world: UsageBenchWorld, progress: (line: string) => void): Promise<BenchResult[]> {
  const measure = async () => {
    const rates: number[] = [];
    const views: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      rates.push(await ingestBatches(world, { name: 'beside', count: 20_000, hot: false }));
      for (let view = 0; view < 200; view += 1) {
        const started = performance.now();
        await world.usage.show(scope, clientOf(view * 7_919), {});
        views.push(performance.now() - started);
      }
    }
    return { rate: median(rates), viewMs: percentile(views, 0.5) };
  };
  const before = await measure();
  const started = performance.now();
  await fillHistory(world.database);
  progress(
    `${historyRows.toLocaleString('en')} events loaded in ${Math.round((performance.now() - started) / 1_000)} s`,
  );
  const after = await measure();
  // At least 80 % of the speed is left.
  const target = 0.8;
  return [
    atLeast('usage.ingest_beside_10000000_events', 'per_second', after.rate, {
      baseline: 'before they were there',
      value: before.rate,
      target,
    }),
    atLeast('usage.view_beside_10000000_events', 'per_second', 1_000 / after.viewMs, {
      baseline: 'before they were there',
      value: 1_000 / before.viewMs,
      target,
    }),
  ];
}
