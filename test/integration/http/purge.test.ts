import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FixedClock } from '../../../src/clock.ts';
import { type Database, openDatabase } from '../../../src/database/database.ts';
import { purgeIdempotency, runOnce } from '../../../src/http/idempotency.ts';
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts';

let testDatabase: TestDatabase;
let database: Database;
const clock = new FixedClock('2026-11-21T00:00:00Z');
const hour = 3_600_000;

beforeAll(async () => {
  testDatabase = await createMigratedDatabase();
  database = openDatabase(testDatabase.url);
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const request = (key: string, run = async () => ({ status: 201, body: {} })) =>
  runOnce(
    { sql: database.pool, clock },
    {
      name: { principal: 'platform', route: 'POST /v1/test', key },
      content: {},
      carriesSecret: false,
      log: pino({ level: 'silent' }),
      run,
    },
  );

test('answers are forgotten after two days; what was never answered is not', async () => {
  await request('old');
  await expect(
    request('unanswered', async () => {
      throw new Error('the provider is away');
    }),
  ).rejects.toThrow('away');
  clock.advance(24 * hour);
  await request('new');
  clock.advance(24 * hour + 1);
  await purgeIdempotency({ sql: database.pool, clock });
  const rows = await database.prisma.idempotencyRequest.findMany({ orderBy: { key: 'asc' } });
  expect(rows.map(({ key }) => key)).toEqual(['new', 'unanswered']);
});
