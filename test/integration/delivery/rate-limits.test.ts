import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createRateLimits, type RateLimits } from '../../../src/delivery/rate-limits.ts';

const log = pino({ level: 'silent' });
const limits = { few: { calls: 3, windowSeconds: 60 }, fewer: { calls: 1, windowSeconds: 60 } };
const open: { close(): Promise<void> }[] = [];
let redis: ChildProcess | undefined;

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  redis?.kill('SIGKILL');
  redis = undefined;
});

function create(url?: string): RateLimits<keyof typeof limits> {
  const made = createRateLimits(url, limits, log);
  open.push(made);
  return made;
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(address && typeof address === 'object' ? address.port : 0));
    });
  });

test('counts each name and each caller by itself, and says what is left', async () => {
  const counted = create();
  const taken = [];
  for (let call = 0; call < 4; call += 1) taken.push(await counted.take('few', 'a'));
  expect(taken.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
    [true, 2],
    [true, 1],
    [true, 0],
    [false, 0],
  ]);
  expect(taken[3]).toMatchObject({ limit: 3, windowSeconds: 60 });
  expect(await counted.take('few', 'b')).toMatchObject({ allowed: true });
  expect(await counted.take('fewer', 'a')).toMatchObject({ allowed: true, remaining: 0 });
});

test('while Redis is away this process counts by itself', async () => {
  const counted = create(`redis://127.0.0.1:${await freePort()}`);
  expect(await counted.take('fewer', 'a')).toMatchObject({ allowed: true });
  expect(await counted.take('fewer', 'a')).toMatchObject({ allowed: false });
});

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
if (!hasRedis && process.env.CI) throw new Error('CI must have redis-server: nothing else shows shared limits');
if (!hasRedis) console.log('left out: limits shared by replicas (no redis-server on this machine)');

describe.runIf(hasRedis)('with Redis', () => {
  test('replicas share a limit, and each goes on by itself when Redis is killed', async () => {
    const port = await freePort();
    redis = spawn('redis-server', ['--port', String(port), '--save', '', '--bind', '127.0.0.1'], { stdio: 'ignore' });
    const [here, there] = [create(`redis://127.0.0.1:${port}`), create(`redis://127.0.0.1:${port}`)];
    // Each replica's own count is used up under a name of its own until the two see each other through Redis.
    let round = 0;
    await vi.waitFor(async () => {
      round += 1;
      expect((await here.take('fewer', `round ${round}`)).allowed).toBe(true);
      expect((await there.take('fewer', `round ${round}`)).allowed).toBe(false);
    }, 20_000);

    redis.kill('SIGKILL');
    await vi.waitFor(async () => {
      round += 1;
      expect((await here.take('fewer', `round ${round}`)).allowed).toBe(true);
      expect((await there.take('fewer', `round ${round}`)).allowed).toBe(true);
    }, 20_000);
    expect((await here.take('fewer', `round ${round}`)).allowed).toBe(false);
  });
});
