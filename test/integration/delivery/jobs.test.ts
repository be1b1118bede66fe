import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, inTransaction, openDatabase } from '../../../src/database/database.ts';
import { type JobRunner, jobs, migrateJobs, schedulesOf, startJobRunner } from '../../../src/delivery/jobs.ts';
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts';

const log = pino({ level: 'silent' });
const ran: unknown[] = [];
let scratch: TestDatabase;
let database: Database;
let runner: JobRunner;
let failures = 0;

beforeAll(async () => {
  scratch = await createMigratedDatabase();
  database = openDatabase(scratch.url);
  await migrateJobs(database.pool, log);
  runner = await startJobRunner({
    pool: database.pool,
    log,
    jobs: {
      note: {
        handle: async (payload) => {
          ran.push(payload);
        },
      },
      fail: {
        handle: async () => {
          failures += 1;
          throw new Error('not today');
        },
      },
    },
  });
});

afterAll(async () => {
  await runner.stop();
  await database.close();
  await scratch.drop();
});

test('a job exists if, and only if, the transaction that caused it was committed', async () => {
  await expect(
    inTransaction(database.pool, async (client) => {
      await jobs.enqueue(client, { name: 'note', payload: { from: 'rolled back' } });
      throw new Error('changed its mind');
    }),
  ).rejects.toThrow();
  await inTransaction(database.pool, (client) =>
    jobs.enqueue(client, { name: 'note', payload: { from: 'committed' } }),
  );
  await runner.idle();
  expect(ran).toEqual([{ from: 'committed' }]);
});

test('a job that fails is kept for another try and does not hold the queue', async () => {
  await jobs.enqueue(database.pool, { name: 'fail', payload: {} });
  await jobs.enqueue(database.pool, { name: 'note', payload: { from: 'after' } });
  await runner.idle();
  expect(failures).toBe(1);
  expect(ran).toContainEqual({ from: 'after' });
  const kept = await database.pool.query<{ attempts: number }>('SELECT attempts FROM graphile_worker._private_jobs');
  expect(kept.rows).toEqual([{ attempts: 1 }]);
});

test('a schedule that waits for a worker does not queue up, and what was put off does not put it off', () => {
  const handle = async () => undefined;
  expect(schedulesOf({ often: { handle, cron: '* * * * *' }, asked: { handle } })).toEqual([
    {
      task: 'often',
      match: '* * * * *',
      options: { backfillPeriod: 0, jobKey: 'cron:often', jobKeyMode: 'preserve_run_at' },
    },
  ]);
});
