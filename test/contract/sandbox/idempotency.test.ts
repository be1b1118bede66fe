import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { failureOf, type Harness, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const create = (name: string, idempotencyKey: string, stripeAccount?: string) =>
  harness.stripe.customers.create({ name }, { idempotencyKey, ...(stripeAccount ? { stripeAccount } : {}) });

test('answers a repeated key with the first result, and says that it is a replay', async () => {
  const first = await create('Once', 'replayed');
  const second = await create('Once', 'replayed');
  expect(second.id).toBe(first.id);
  expect(second.lastResponse.headers['idempotent-replayed']).toBe('true');
  expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined();
});

test('refuses a key that comes with other parameters', async () => {
  await create('One', 'mismatched');
  expect(await failureOf(create('Two', 'mismatched'))).toMatchObject({ statusCode: 400, rawType: 'idempotency_error' });
});

test('does not remember what failed validation', async () => {
  expect(
    await failureOf(harness.stripe.customers.create({ email: 'nonsense' }, { idempotencyKey: 'mistyped' })),
  ).toMatchObject({ statusCode: 400 });
  expect((await create('Corrected', 'mistyped')).name).toBe('Corrected');
});

test('keeps the keys of each account apart', async () => {
  const account = await harness.stripe.accounts.create({ country: 'AE', type: 'standard' });
  const platform = await create('Shared key', 'shared');
  const agency = await create('Shared key', 'shared', account.id);
  expect(agency.id).not.toBe(platform.id);
});

test('answers 409 while the first request under a key is still running', async () => {
  const blocker = new pg.Client({ connectionString: harness.databaseUrl });
  await blocker.connect();
  try {
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE documents IN EXCLUSIVE MODE');
    const calls = [create('Twice', 'in use'), create('Twice', 'in use')];
    const refused = await failureOf(Promise.race(calls));
    expect(refused).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
    await blocker.query('ROLLBACK');
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  } finally {
    await blocker.end();
  }
});

test('forgets a key after a day of the clock', async () => {
  const first = await create('Daily', 'daily');
  await harness.control('POST', '/sandbox/clock', { advance: '25h' });
  expect((await create('Daily', 'daily')).id).not.toBe(first.id);
});
