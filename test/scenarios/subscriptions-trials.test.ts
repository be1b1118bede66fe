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
const quotas = async ({ id }: CardClient): Promise<readonly string[]> => {
  const { rows } = await database.query<{ line: string }>(
    `SELECT concat_ws(' ', holder_kind, feature, trim_scale(included)) AS line FROM quota_periods WHERE customer_id = $1
      ORDER BY period_start, feature`,
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

it('a plan’s trial that is refused leaves the agency’s own as it is', async () => {
  const client = await world.client('Refused');
  const trial = { days: 30, minutes: 60, concurrency: 1, end: 'pause' };
  await client.agency.call('PATCH', `/v1/agencies/${client.agencyId}`, { body: { trial } });
  const planId = await world.plan(client, withTrial);
  const [first, byPage, byCard] = [await world.beside(client), await world.beside(client), await world.beside(client)];
  const standing = async ({ id }: CardClient) => (await client.agency.call('GET', `/v1/customers/${id}/trial`)).body;
  // One card, of three clients: the first has the plan's trial.
  await world.subscribe(first, { planId, cycle: 'monthly' });
  expect(await standing(first)).toMatchObject({ status: 'converted' });
  await world.subscribe(byPage, { planId, cycle: 'monthly' });
  await world.save(byCard);
  expect(await world.assign(byCard, { planId, cycle: 'monthly' })).toMatchObject({ status: 201 });
  await service.idle();
  for (const refused of [byPage, byCard]) {
    expect(await world.subscription(refused)).toMatchObject({ status: 'canceled' });
    expect(await standing(refused)).toMatchObject({ status: 'active' });
  }
});

it.each([
  ['within the month of its quota', 14],
  ['after a month', 45],
])('nothing is included beyond a trial until it is paid for, whose end is %s', async (_where, trialDays) => {
  const client = await world.client('Declined');
  const planId = await world.plan(client, { ...withTrial, name: `trial ${trialDays}`, trialDays });
  await world.subscribe(client, { planId, cycle: 'monthly' });
  const card = String((await there(client))[0]?.default_payment_method);
  await service.sandbox.setCard(card, 'insufficient_funds');
  await pass(trialDays - 1);
  const onTrial = await quotas(client);
  expect(onTrial).toHaveLength(Math.ceil(trialDays / 31));
  await pass(2);
  expect(await world.subscription(client)).toMatchObject({ status: 'past_due' });
  expect(await quotas(client)).toEqual(onTrial);
  await service.sandbox.setCard(card, null);
  const unpaid = (await there(client))[0]?.latest_invoice;
  await world.stripe().invoices.pay(String(unpaid));
  await service.idle();
  expect(await world.subscription(client)).toMatchObject({ status: 'active' });
  expect(await quotas(client)).toHaveLength(onTrial.length + 1);
});

it('a change that is asked for on trial waits for its end: nothing is charged before', async () => {
  const client = await world.client('Changing');
  const planId = await world.plan(client, withTrial);
  const gold = await world.plan(client, plans.gold);
  await world.subscribe(client, { planId, cycle: 'monthly' });
  const { trialEndsAt } = await world.subscription(client);
  expect(await world.change(client, { planId: gold })).toMatchObject({ status: 200 });
  await pass(1);
  expect(await world.subscription(client)).toMatchObject({ status: 'trialing', planId, trialEndsAt });
  expect(await invoices(client)).toEqual(['provider paid 0 OMR']);
  await pass(15);
  expect(await world.subscription(client)).toMatchObject({ status: 'active', planId: gold, pendingChange: null });
  expect(await invoices(client)).toEqual(['provider paid 0 OMR', 'provider paid 19.25 OMR']);
  expect(await quotas(client)).toEqual(['subscription call_minutes 100', 'subscription call_minutes 400']);
});
