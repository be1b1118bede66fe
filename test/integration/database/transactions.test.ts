import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, inTransaction, openDatabase } from '../../../src/database/database.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let scratch: TestDatabase;
let database: Database;

beforeAll(async () => {
  scratch = await createTestDatabase();
  database = openDatabase(scratch.url);
});
afterAll(async () => {
  await database.close();
  await scratch.drop();
});

it('runs a transaction again that lost a deadlock, so that both go through', async () => {
  const holding = Promise.withResolvers<void>();
  let [held, runs] = [0, 0];
  const lockInTurn = (first: number, second: number) =>
    inTransaction(database.pool, async (sql) => {
      runs += 1;
      await sql.query(`SET LOCAL deadlock_timeout = '10ms'`);
      await sql.query('SELECT pg_advisory_xact_lock($1)', [first]);
      held += 1;
      if (held === 2) holding.resolve();
      await holding.promise;
      await sql.query('SELECT pg_advisory_xact_lock($1)', [second]);
      return first;
    });
  expect(await Promise.all([lockInTurn(1, 2), lockInTurn(2, 1)])).toEqual([1, 2]);
  expect(runs).toBeGreaterThan(2);
});

it('gives up on one that keeps losing, and runs nothing again that failed by itself', async () => {
  const runsUntilFailed = async (code: string): Promise<number> => {
    let runs = 0;
    const failing = inTransaction(database.pool, (sql) => {
      runs += 1;
      return sql.query(`DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '${code}'; END $$`);
    });
    await expect(failing).rejects.toThrow('lost');
    return runs;
  };
  expect(await runsUntilFailed('40001')).toBe(4);
  expect(await runsUntilFailed('22012')).toBe(1);
});
