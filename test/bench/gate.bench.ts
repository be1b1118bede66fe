import type { EmbeddedServer } from '../../src/database/embedded-server.ts';
import { readEvent } from '../../src/usage/usage-event.ts';
import { atMost, type BenchResult, percentile } from './result.ts';
import { clientOf, createUsageBenchWorld, scope, type UsageBenchWorld } from './usage-world.ts';

const measuredMs = 8_000;
const batchSize = 100;
const callsPerSecond = 100;

let made = 0;
const nextBatch = () => {
  made += 1;
  return Array.from({ length: batchSize }, (_, index) =>
    readEvent({
      id: `gate ${made}.${index}`,
      customerId: clientOf((made * batchSize + index) * 7_919),
      feature: 'call_minutes',
      quantity: '1',
      occurredAt: new Date(performance.timeOrigin).toISOString(),
    }),
  );
};

/** Batches per second at full speed. */
async function fullSpeed({ usage }: UsageBenchWorld): Promise<number> {
  const until = performance.now() + measuredMs / 2;
  let batches = 0;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (performance.now() < until) {
        await usage.ingest(scope, nextBatch());
        batches += 1;
      }
    }),
  );
  return batches / (measuredMs / 2_000);
}

/** Runs `work` so many times a second until the time is over, whatever it takes each time. */
async function paced(perSecond: number, untilMs: number, work: (turn: number) => Promise<void>): Promise<void> {
  const started = performance.now();
  const running: Promise<void>[] = [];
  for (let turn = 0; performance.now() < untilMs; turn += 1) {
    const due = started + (turn * 1_000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    running.push(work(turn));
  }
  await Promise.all(running);
}

/** How long a decision takes while usage comes in at half the speed that it could. */
export async function benchGate(server: EmbeddedServer, progress: (line: string) => void): Promise<BenchResult[]> {
  const world = await createUsageBenchWorld(server, 'bench_gate');
  await fullSpeed(world);
  await world.database.pool.query('ANALYZE');
  const full = await fullSpeed(world);
  const until = performance.now() + measuredMs;
  const latencies: number[] = [];
  await Promise.all([
    paced(full / 2, until, async () => {
      await world.usage.ingest(scope, nextBatch());
    }),
    paced(callsPerSecond, until, async (turn) => {
      const started = performance.now();
      const request = {
        customerId: clientOf(turn * 104_729),
        feature: 'call_minutes',
        callId: `call ${turn}`,
        estimate: null,
      };
      const answer = await world.gate.start(scope, request);
      latencies.push(performance.now() - started);
      if (!answer.allowed) throw new Error(`a call of the bench was refused: ${answer.reason}`);
    }),
  ]);
  progress(
    `gate: p50 ${percentile(latencies, 0.5).toFixed(2)} ms, p99 ${percentile(latencies, 0.99).toFixed(2)} ms beside ${Math.round((full / 2) * batchSize)} events/s`,
  );
  await world.database.close();
  return [
    atMost('gate.decision_p99_beside_half_of_ingest', 'milliseconds', percentile(latencies, 0.99), {
      baseline: 'the limit',
      value: 5,
      target: 1,
    }),
  ];
}
