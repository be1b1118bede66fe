import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { childEnvironment } from '../../src/commands/child-environment.ts';
import { freePorts } from '../../src/commands/service-process.ts';
import { until } from '../../src/commands/until.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

let folder: string;
let child: ChildProcess;
let ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'baisa-stop-'));
  const { port, sandboxPort } = await freePorts();
  url = `http://127.0.0.1:${port}`;
  child = spawn(process.execPath, [main], {
    cwd: folder,
    stdio: 'ignore',
    env: {
      ...childEnvironment(),
      DATA_DIR: folder,
      PORT: String(port),
      SANDBOX_PORT: String(sandboxPort),
    },
  });
  ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
});
afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  await ended;
  await rm(folder, { recursive: true, force: true });
});

const isReady = (): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );
const isIn = (...path: string[]): boolean => existsSync(join(folder, ...path));

it.each<[string, () => boolean | Promise<boolean>]>([
  ['when it is ready', isReady],
  ['while it makes its database', () => isIn('service.lock')],
  ['while its database starts', () => isIn('postgres', 'postmaster.pid')],
])('SIGTERM stops the service cleanly %s', async (_when, reached) => {
  await until('the moment to stop', async () => reached(), Boolean, 50_000);
  child.kill('SIGTERM');
  expect(await ended).toEqual({ code: 0, signal: null });
  expect({ server: isIn('postgres', 'postmaster.pid'), lock: isIn('service.lock') }).toEqual({
    server: false,
    lock: false,
  });
});
