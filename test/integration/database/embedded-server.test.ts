import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDataDir } from '../../../src/database/data-dir-lock.ts';
import { startEmbeddedServer } from '../../../src/database/embedded-server.ts';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'baisa-embedded-'));
});

afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const exited = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once('exit', () => resolve()));

test('keeps its data over a clean stop', async () => {
  const first = await startEmbeddedServer({ dataDir });
  const url = await first.ensureDatabase('kept');
  await query(url, 'CREATE TABLE t AS SELECT 42 AS answer');
  await first.stop();
  const second = await startEmbeddedServer({ dataDir });
  expect(await query(second.urlOf('kept'), 'SELECT answer FROM t')).toEqual([{ answer: 42 }]);
  expect(await query(second.urlOf('kept'), 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
  await second.stop();
});

test('after a kill -9 of its owner the orphan is stopped and what was committed is there', async () => {
  const child = fork(fileURLToPath(new URL('./orphan-maker.ts', import.meta.url)), [dataDir]);
  await new Promise((resolve) => child.once('message', resolve));
  child.kill('SIGKILL');
  await exited(child);
  const orphan = Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
  expect(() => process.kill(orphan, 0)).not.toThrow();

  const server = await startEmbeddedServer({ dataDir });
  expect(() => process.kill(orphan, 0)).toThrow();
  expect(await query(server.urlOf('kept'), 'SELECT answer FROM t')).toEqual([{ answer: 42 }]);
  await server.stop();
});

test('a data directory serves one process; the lock of one that was killed is taken over', async () => {
  const release = await lockDataDir(dataDir);
  await expect(lockDataDir(dataDir)).rejects.toThrow(/DATA_DIR is in use by process/);
  await release();
  const child = fork(fileURLToPath(new URL('./orphan-maker.ts', import.meta.url)), [dataDir, 'lock']);
  await new Promise((resolve) => child.once('message', resolve));
  await expect(lockDataDir(dataDir)).rejects.toThrow(/DATA_DIR is in use/);
  child.kill('SIGKILL');
  await exited(child);
  const takenOver = await lockDataDir(dataDir);
  await takenOver();
});
