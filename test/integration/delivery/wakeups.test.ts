import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createWakeups, type Wakeups } from '../../../src/delivery/wakeups.ts';

const log = pino({ level: 'silent' });
const open: { close(): Promise<void> }[] = [];
let redis: ChildProcess | undefined;

afterEach(async () => {
  for (const wakeups of open.splice(0)) await wakeups.close();
  redis?.kill('SIGKILL');
  redis = undefined;
});

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(address && typeof address === 'object' ? address.port : 0));
    });
  });

function connect(url: string | undefined): Wakeups {
  const wakeups = createWakeups(url, log);
  open.push(wakeups);
  return wakeups;
}

test('without Redis a wake-up reaches this process', () => {
  const heard = vi.fn();
  const wakeups = connect(undefined);
  wakeups.on('inbox', heard);
  wakeups.announce('inbox');
  expect(heard).toHaveBeenCalledOnce();
  expect(wakeups.state()).toBeUndefined();
});

test('while Redis is away a wake-up still reaches this process, and the state says so', async () => {
  const heard = vi.fn();
  const wakeups = connect(`redis://127.0.0.1:${await freePort()}`);
  wakeups.on('inbox', heard);
  wakeups.announce('inbox');
  await vi.waitFor(() => expect(heard).toHaveBeenCalled());
  expect(wakeups.state()).toMatch(/^redis is /);
});

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
if (!hasRedis && process.env.CI) throw new Error('CI must have redis-server: nothing else shows the wake-ups');
if (!hasRedis) console.log('left out: wake-ups across replicas (no redis-server on this machine)');

describe.runIf(hasRedis)('with Redis', () => {
  const start = (port: number): void => {
    redis = spawn('redis-server', ['--port', String(port), '--save', '', '--bind', '127.0.0.1'], { stdio: 'ignore' });
  };
  const ready = (...all: Wakeups[]): Promise<void> =>
    vi.waitFor(() => expect(all.map((wakeups) => wakeups.state())).toEqual(all.map(() => 'ok')), 20_000);

  test('a wake-up reaches every replica, also after Redis was killed and came back', async () => {
    const port = await freePort();
    start(port);
    const [here, there] = [connect(`redis://127.0.0.1:${port}`), connect(`redis://127.0.0.1:${port}`)];
    const heard = vi.fn();
    there.on('inbox', heard);
    await ready(here, there);
    here.announce('inbox');
    await vi.waitFor(() => expect(heard).toHaveBeenCalled());

    redis?.kill('SIGKILL');
    await vi.waitFor(() => expect(there.state()).not.toBe('ok'), 20_000);
    start(port);
    await ready(here, there);
    heard.mockClear();
    await vi.waitFor(() => {
      here.announce('inbox');
      expect(heard).toHaveBeenCalled();
    }, 20_000);
  });
});
