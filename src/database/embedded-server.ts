import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { findBinaries, findLauncher, type Launcher } from './embedded-binaries.ts';

const user = 'baisa';

/** How long a server may take to start, stop or recover before we give up, in milliseconds. */
const patienceMs = 60_000;

export interface EmbeddedServerOptions {
  /** The cluster lives in `<dataDir>/postgres`. */
  readonly dataDir: string;
  /** `false` only for tests: a crash of the machine would then lose the cluster. A killed process loses nothing either way. */
  readonly fsync?: boolean;
}

/** A PostgreSQL server of our own, made from the npm package's binaries. */
export interface EmbeddedServer {
  readonly port: number;
  /** The connection string of a database on this server. */
  urlOf(database: string): string;
  /** Creates the database if it is not there. Answers its connection string. */
  ensureDatabase(database: string): Promise<string>;
  /** Stops the server cleanly (fast shutdown). Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts the server in `dataDir`, creating the cluster the first time and recovering it after a kill. */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const dataDir = resolve(options.dataDir);
  const cluster = join(dataDir, 'postgres');
  const binaries = findBinaries();
  const launcher = await findLauncher(binaries);
  const password = await clusterPassword(dataDir);

  if (!(await exists(join(cluster, 'global', 'pg_control')))) {
    await createCluster(binaries.initdb, launcher, cluster, password);
  }
  await stopOrphan(cluster);

  const port = await freePort();
  const child = await launch(launcher, binaries.postgres, serverArguments(cluster, port, options.fsync ?? true), {
    logFile: join(dataDir, 'postgres.log'),
  });
  const socket = hasRoomForSocket(cluster) ? `?host=${encodeURIComponent(cluster)}` : '';
  const urlOf = (database: string): string => `postgresql://${user}:${password}@127.0.0.1:${port}/${database}${socket}`;
  await untilReady(child, urlOf('postgres'), join(dataDir, 'postgres.log'));

  let stopping: Promise<void> | undefined;
  return {
    port,
    urlOf,
    ensureDatabase: async (database) => {
      await createDatabase(urlOf('postgres'), database);
      return urlOf(database);
    },
    stop: () => {
      stopping ??= stopChild(child);
      return stopping;
    },
  };
}

/** Creates a database on the server of `adminUrl` unless it exists. */
export async function createDatabase(adminUrl: string, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
}

const exists = (path: string): Promise<boolean> =>
  readFile(path).then(
    () => true,
    () => false,
  );

async function clusterPassword(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'postgres.password');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    const password = randomBytes(24).toString('base64url');
    await writeFile(file, `${password}\n`, { mode: 0o600, flag: 'wx' });
    return password;
  }
}

async function createCluster(initdb: string, launcher: Launcher, cluster: string, password: string): Promise<void> {
  // A folder left by an initdb that was killed half-way has no pg_control: nothing in it can be worth keeping.
  await rm(cluster, { recursive: true, force: true });
  await mkdir(cluster, { recursive: true, mode: 0o700 });
  const passwordFile = join(cluster, '..', 'postgres.initdb');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (launcher.uid !== undefined) {
    await chown(cluster, launcher.uid, launcher.gid ?? launcher.uid);
    await chown(passwordFile, launcher.uid, launcher.gid ?? launcher.uid);
  }
  const child = await launch(launcher, initdb, [
    `--pgdata=${cluster}`,
    `--username=${user}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
  ]);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  await rm(passwordFile, { force: true });
  if (code !== 0) {
    await rm(cluster, { recursive: true, force: true });
    throw new Error(`initdb failed with ${code}: ${output.trim().slice(-600)}`);
  }
}

/** The path of a socket has 107 bytes at most, and a comma would be two folders. */
const hasRoomForSocket = (cluster: string): boolean =>
  Buffer.byteLength(`${cluster}/.s.PGSQL.65535`) <= 107 && !cluster.includes(',');

function serverArguments(cluster: string, port: number, fsync: boolean): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    // A query by socket costs a tenth less than over the loopback network.
    unix_socket_directories: hasRoomForSocket(cluster) ? cluster : '',
    port: String(port),
    max_connections: '120',
    shared_buffers: '256MB',
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // The data lies on a solid-state disk or in memory, where a look-up by index is nearly as cheap as reading in order. The default
    // is a spinning disk's, by which a batch of a few hundred rows would scan whole tables.
    random_page_cost: '1.1',
    // Our statements are short and prepared; compiling them costs more than it saves.
    jit: 'off',
    fsync: fsync ? 'on' : 'off',
    synchronous_commit: fsync ? 'on' : 'off',
    full_page_writes: fsync ? 'on' : 'off',
  };
  return ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

async function launch(
  launcher: Launcher,
  program: string,
  args: readonly string[],
  output?: { readonly logFile: string },
): Promise<ChildProcess> {
  const [command, ...rest] = [...launcher.prefix, program, ...args];
  if (command === undefined) throw new Error('nothing to launch');
  const log = output ? await open(output.logFile, 'a', 0o600) : undefined;
  const child = spawn(command, rest, {
    // Its own process group: Ctrl-C in the terminal must reach the service first, which then stops the server in order.
    detached: true,
    stdio: ['ignore', log?.fd ?? 'pipe', log?.fd ?? 'pipe'],
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
    ...(launcher.uid === undefined ? {} : { uid: launcher.uid, gid: launcher.gid ?? launcher.uid }),
  });
  await log?.close();
  return child;
}

async function untilReady(child: ChildProcess, url: string, logFile: string): Promise<void> {
  const deadline = Date.now() + patienceMs;
  let exited = false;
  child.once('error', () => {
    exited = true;
  });
  child.once('exit', () => {
    exited = true;
  });
  for (;;) {
    if (exited || Date.now() > deadline) {
      const log = await readFile(logFile, 'utf8').catch(() => '');
      throw new Error(`the embedded PostgreSQL did not start: ${log.trim().split('\n').slice(-3).join(' | ')}`);
    }
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await client.end().catch(() => undefined);
      await delay(40);
    }
  }
}

/** After a kill -9 of the service its server lives on, an orphan. It is stopped, for its port and its settings are unknown to us. */
async function stopOrphan(cluster: string): Promise<void> {
  const pidFile = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(pidFile.split('\n')[0] ?? '', 10);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid) || !(await isServerOf(pid, cluster))) return;
  process.kill(pid, 'SIGINT');
  const deadline = Date.now() + patienceMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline)
      throw new Error(`an earlier PostgreSQL (process ${pid}) still runs on ${cluster} and does not stop`);
    await delay(40);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Guards against a recycled process id. Where there is no /proc, PostgreSQL's own lock on the folder has to do. */
async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.includes(cluster);
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGQUIT'), patienceMs);
  await exit;
  clearTimeout(timer);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no free port')),
      );
    });
  });
}
