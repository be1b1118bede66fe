import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startTestService, type TestService } from '../support/service.ts';
import type { CardClient } from './card-world.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

let service: TestService;
let world: ReturnType<typeof subscriptionWorld>;
let database: pg.Pool;

beforeAll(async () => {
  service = await startTestService();
  world = subscriptionWorld(service);
  database = new pg.Pool({ connectionString: service.databaseUrl, max: 1 });
});
afterEach(() => service.sandbox.setFaults({}));
afterAll(async () => {
  await database.end();
  await service.stop();
});

const withTrial = { ...plans.starter, name: 'trial', trialDays: 14, trialEnd: 'convert' };

const pass = async (days: number): Promise<void> => {
  await service.sandbox.advanceClock(`${days}d`);
  await service.idle();
};
const invoices = async ({ id }: CardClient): Promise<readonly string[]> => {
  const { rows } = await database.query<{ line: string }>(
    `SELECT concat_ws(' ', kind, status, trim_scale(total), currency) AS line FROM invoices WHERE customer_id = $1
      ORDER BY created_at, id`,
    [id],
  );
  return rows.map(({ line }) => line);
};
const there = async ({ id }: CardClient) => {
  const { data } = await world.stripe().subscriptions.list({ status: 'all', limit: 100 });
  return data.filter(({ metadata }) => metadata.baisa_customer === id);
};

it('a client that has paid outside and is to pay by card pays on: it is given no trial', async () => {
  const client = await world.client('Outside');
  const planId = await world.plan(client, withTrial);
  const patch = (body: object) => client.agency.call('PATCH', `/v1/customers/${client.id}`, { body });
  await patch({ collection: 'offline' });
  await world.assign(client, { planId, cycle: 'monthly' });
  await pass(32);
  await world.save(client);
  await patch({ collection: 'card' });
  await pass(32);
  expect(await world.subscription(client)).toMatchObject({ status: 'active', collection: 'card', trialEndsAt: null });
  expect((await invoices(client)).at(-1)).toBe('provider paid 7.7 OMR');
});

it('a start by card whose answer was lost is gone on with though its trial is taken note of meanwhile', async () => {
  const client = await world.client('Lost');
  const planId = await world.plan(client, withTrial);
  await world.save(client);
  const assign = () =>
    client.agency.call('POST', `/v1/customers/${client.id}/subscription`, {
      idempotencyKey: 'begin',
      body: { planId, cycle: 'monthly' },
    });
  await service.sandbox.setFaults({ api: { cut: 'after', route: '/v1/subscriptions', method: 'POST' } });
  expect((await assign()).status).toBeGreaterThanOrEqual(500);
  await service.sandbox.setFaults({});
  await service.idle();
  expect(await world.subscription(client)).toMatchObject({ status: 'trialing' });
  expect(await assign()).toMatchObject({ status: 201, body: { status: 'trialing' } });
  expect(await there(client)).toHaveLength(1);
});
