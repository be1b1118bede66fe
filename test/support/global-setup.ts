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
