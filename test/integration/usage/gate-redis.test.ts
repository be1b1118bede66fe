import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createRecentAnswers, type RecentAnswers } from '../../../src/delivery/recent-answers.ts';
import { createGate, type Gate } from '../../../src/usage/gate.ts';
import { createUsageWorld, two, type UsageClient, type UsageWorld } from './world.ts';

let world: UsageWorld;
let fixed: string;
beforeAll(async () => {
  world = await createUsageWorld();
  fixed = await world.fixedPlan();
});
afterAll(() => world.close());

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

const log = pino({ level: 'silent' });
let redis: ChildProcess | undefined;
let kept: RecentAnswers | null = null;
afterEach(() => {
  kept?.close();
  kept = null;
  redis?.kill('SIGKILL');
  redis = undefined;
});

function gateOn(port: number, keptMs = 60_000): Gate {
  kept = createRecentAnswers(`redis://127.0.0.1:${port}`, keptMs, log);
  const { database, clock, ledger } = world;
  return createGate({ database, clock, ledger, refusals: kept });
}

const tenSlots = async (): Promise<UsageClient> => {
  const client = await world.newClient();
  await client.subscribe(fixed, { addOns: { concurrency: 8 } });
  return client;
};

const request = (client: UsageClient, callId: string) => ({
  customerId: client.id,
  feature: 'call_minutes',
  callId,
  estimate: null,
});

async function admitted(gate: Gate, client: UsageClient, calls: number, midway?: () => void): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: calls }, async (_, index) => {
      const answer = await gate.start(two, request(client, `call ${index}`));
      if (index === 20) midway?.();
      return answer;
    }),
  );
  return answers.filter(({ allowed }) => allowed).length;
}

test('where no Redis answers, 500 starts find 10 slots', async () => {
  expect(await admitted(gateOn(await freePort()), await tenSlots(), 500)).toBe(10);
});

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
if (!hasRedis && process.env.CI) throw new Error('CI must have redis-server: nothing else shows what it keeps');
if (!hasRedis) console.log('left out: refusals kept in Redis (no redis-server on this machine)');

describe.runIf(hasRedis)('with Redis', () => {
  const startRedis = async (): Promise<number> => {
    const port = await freePort();
    redis = spawn('redis-server', ['--port', String(port), '--save', '', '--bind', '127.0.0.1'], { stdio: 'ignore' });
    return port;
  };
  /** Until what is kept is found. */
  const untilThere = async (): Promise<void> => {
    await vi.waitFor(async () => {
      await kept?.keep('there', 'yes');
      expect(await kept?.read('there')).toBe('yes');
    }, 20_000);
  };

  test('500 starts find 10 slots', async () => {
    const gate = gateOn(await startRedis());
    await untilThere();
    expect(await admitted(gate, await tenSlots(), 500)).toBe(10);
  });

  test('500 starts find 10 slots while it is killed', async () => {
    const gate = gateOn(await startRedis());
    await untilThere();
    expect(await admitted(gate, await tenSlots(), 500, () => redis?.kill('SIGKILL'))).toBe(10);
  });

  test('a refusal is answered again without asking, but never in place of a call that is running', async () => {
    const gate = gateOn(await startRedis());
    await untilThere();
    const client = await tenSlots();
    expect(await admitted(gate, client, 11)).toBe(10);
    // Behind the gate's back: were the database asked again, the next call would be let in.
    const [first] = await world.database.prisma.gateSession.findMany({ where: { customerId: client.id }, take: 1 });
    await world.database.prisma.gateSession.updateMany({
      where: { id: first?.id ?? '' },
      data: { endedAt: world.clock.now() },
    });
    const refused = await gate.start(two, request(client, 'another'));
    expect(refused).toMatchObject({ allowed: false, reason: 'no_free_slot' });
    const names = Array.from({ length: 11 }, (_, index) => `call ${index}`);
    const again = await Promise.all(names.map((name) => gate.start(two, request(client, name))));
    const running = again.flatMap((answer) => (answer.allowed ? [answer.session] : []));
    expect(running).toHaveLength(9);
    // The end of a call lets go of what was kept.
    await gate.end(two, running[0]?.id ?? '');
    expect(await gate.start(two, request(client, 'another'))).toMatchObject({ allowed: true });
  });
});
