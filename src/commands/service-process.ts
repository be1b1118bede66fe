import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createApiClient } from './api-client.ts';
import { childEnvironment } from './child-environment.ts';
import { until } from './until.ts';

const mainFile = fileURLToPath(new URL('../main.ts', import.meta.url));

/** An initdb, a migration and the demo's plans, on a busy machine, in milliseconds. */
const startPatienceMs = 120_000;

/** Kept of what the process writes, in characters, to be shown when it dies. */
const outputMax = 4_000;

export interface ServiceProcessOptions {
  /** Holds everything; the process also runs in it, so that no `.env` of the checkout reaches it. */
  readonly dataDir: string;
  readonly port: number;
  readonly sandboxPort: number;
  readonly platformApiKey: string;
  /** Further settings, by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The service with its sandbox, as a process of its own. */
export interface ServiceProcess {
  readonly url: string;
  readonly sandboxUrl: string;
  readonly platformApiKey: string;
  /** Asks it to stop and waits until it has. Safe to call twice. */
  stop(): Promise<void>;
  /** Ends it as a power cut would, leaving its embedded PostgreSQL behind. */
  kill(): Promise<void>;
}

export const newPlatformKey = (): string => `baisa_pk_${randomBytes(32).toString('base64url')}`;

/** Two ports that nobody listens on now. */
export async function freePorts(): Promise<{ readonly port: number; readonly sandboxPort: number }> {
  // Both are held before one is let go, so that they are not the same.
  const [own, sandbox] = await Promise.all([listenAnywhere(), listenAnywhere()]);
  await Promise.all([own, sandbox].map(({ server }) => new Promise((resolve) => server.close(resolve))));
  return { port: own.port, sandboxPort: sandbox.port };
}

async function listenAnywhere(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return { server, port: address.port };
}

/** Starts the service and waits until it is ready. Throws, with its last words, when it ends instead. */
export async function startServiceProcess(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const { dataDir, port, sandboxPort, platformApiKey } = options;
  const child = spawn(process.execPath, [mainFile], {
    cwd: dataDir,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Nothing of the caller's settings: they may name a real provider or a real database.
    env: {
      ...childEnvironment(),
      HOME: process.env.HOME ?? dataDir,
      DATA_DIR: dataDir,
      PORT: String(port),
      SANDBOX_PORT: String(sandboxPort),
      PLATFORM_API_KEY: platformApiKey,
      LOG_LEVEL: 'warn',
      ...options.settings,
    },
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = `${output}${chunk.toString()}`.slice(-outputMax);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (isRunning(child)) child.kill(signal);
    await ended;
  };
  try {
    await untilReady(url, child);
  } catch (error) {
    await end('SIGTERM');
    throw new Error(`the service did not start: ${output.trim()}`, { cause: error });
  }
  return {
    url,
    sandboxUrl: `http://127.0.0.1:${sandboxPort}`,
    platformApiKey,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const api = createApiClient(url, undefined);
  const state = await until(
    'a service that is ready',
    async () => {
      if (!isRunning(child)) return 'ended';
      return api.call('GET', '/readyz').then(
        ({ status }) => (status === 200 ? 'ready' : 'starting'),
        () => 'starting',
      );
    },
    (seen) => seen !== 'starting',
    startPatienceMs,
  );
  if (state === 'ended') throw new Error('the process ended');
}
