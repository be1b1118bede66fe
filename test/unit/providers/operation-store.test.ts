import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FixedClock } from '../../../src/clock.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import { createOperationStore } from '../../../src/providers/operation.store.ts';
import { type OperationStore, runOperation } from '../../../src/providers/operation.ts';
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let pool: pg.Pool;
let store: OperationStore;

beforeAll(async () => {
  database = await createMigratedDatabase();
  pool = new pg.Pool({ connectionString: database.url });
  store = createOperationStore(pool);
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

const clock = new FixedClock('2026-11-01T00:00:00.123Z');

it('keeps an operation with its error, to the millisecond', async () => {
  const error = new ProviderError({ kind: 'indeterminate', message: 'stored', status: 500, stored: true });
  const call = (): Promise<never> => Promise.reject(error);
  const operation = { id: 'kept', request: { amount: '5.00' }, call, lookUp: async () => null };
  await expect(runOperation({ store, clock }, operation)).rejects.toBe(error);
  expect(await store.load('kept')).toEqual({
    id: 'kept',
    attempt: 1,
    idempotencyKey: 'kept:1',
    requestHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    state: 'sent',
    firstSentAt: clock.now(),
    lastSentAt: clock.now(),
    error: error.detail,
  });
});

it('has nothing for an operation that was never begun', async () => {
  expect(await store.load('never')).toBeNull();
});

it('stores the key where another connection sees it before the call', async () => {
  const seen = await runOperation(
    { store, clock },
    {
      id: 'before',
      request: {},
      call: async () =>
        (await pool.query('SELECT idempotency_key FROM provider_operations WHERE id = $1', ['before'])).rows,
      lookUp: async () => null,
    },
  );
  expect(seen).toEqual([{ idempotency_key: 'before:1' }]);
});

it('lets one of two writers through', async () => {
  const record = {
    id: 'raced',
    attempt: 1,
    idempotencyKey: 'raced:1',
    requestHash: 'hash',
    state: 'sent',
    firstSentAt: clock.now(),
    lastSentAt: clock.now(),
    error: null,
  } as const;
  const begun = await Promise.all([1, 2, 3].map(() => store.replace(null, record, clock.now())));
  expect(begun.filter(Boolean)).toHaveLength(1);
  const again = { ...record, lastSentAt: new Date(clock.now().getTime() + 1) };
  const sentAgain = await Promise.all([1, 2, 3].map(() => store.replace(record, again, clock.now())));
  expect(sentAgain.filter(Boolean)).toHaveLength(1);
  expect(await store.replace(record, { ...record, state: 'failed' }, clock.now())).toBe(false);
});

it('sends one key from processes that begin at once', async () => {
  const keys: string[] = [];
  const run = (): Promise<string> =>
    runOperation(
      { store, clock },
      {
        id: 'concurrent',
        request: {},
        call: async (key) => {
          keys.push(key);
          return 'cs_1';
        },
        lookUp: async () => 'cs_1',
      },
    );
  await Promise.all([run(), run(), run(), run()]);
  expect(new Set(keys)).toEqual(new Set(['concurrent:1']));
  expect(await store.load('concurrent')).toMatchObject({ state: 'done', attempt: 1 });
});
