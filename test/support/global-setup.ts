import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { createDatabase, startEmbeddedServer } from '../../src/database/embedded-server.ts';
import { migrate } from '../../src/database/migrate.ts';
import { templateDatabase, withDatabase } from './database-url.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A database on the test server that new ones are created from. */
    databaseAdminUrl: string;
  }
}

/** One PostgreSQL server per run (or `TEST_DATABASE_URL`), with one migrated database that test files clone. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL;
  const dataDir = await mkdtemp(join(await scratchDirectory(), 'baisa-test-'));
  // What a test keeps in a folder of its own, a whole service with its database at times, lies there too, and goes with the run.
  process.env.TMPDIR = dataDir;
  // Dozens of processes of the service are started in a run, each of the same thousand files.
  process.env.NODE_COMPILE_CACHE = join(dataDir, 'compiled');
  const server = given ? undefined : await startEmbeddedServer({ dataDir, fsync: false });
  const adminUrl = given ?? server?.urlOf('postgres');
  if (!adminUrl) throw new Error('no PostgreSQL to test against');
  await createDatabase(adminUrl, templateDatabase);
  await migrate(withDatabase(adminUrl, templateDatabase));
  project.provide('databaseAdminUrl', adminUrl);
  return async () => {
    await server?.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

const sharedMemory = '/dev/shm';
const roomyBytes = 4 * 2 ** 30;

/**
 * In memory where there is room (containers have 64 MB by default): the hundreds of databases that a run creates and drops are a thousand
 * small files each, which cost a disk's file system more than the tests themselves.
 */
async function scratchDirectory(): Promise<string> {
  const found = await statfs(sharedMemory).catch(() => null);
  return found && found.bavail * found.bsize >= roomyBytes ? sharedMemory : tmpdir();
}
