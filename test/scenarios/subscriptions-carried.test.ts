import pg from 'pg';
import type Stripe from 'stripe';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cards } from '../../src/commands/sandbox-client.ts';
import { until } from '../../src/commands/until.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { agencyWorld } from './agency-world.ts';
import type { CardClient } from './card-world.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

let service: TestService;
let world: ReturnType<typeof subscriptionWorld>;
let database: pg.Pool;

beforeAll(async () => {
  service = await startTestService();
  world = subscriptionWorld(service);
  database = new pg.Pool({ connectionString: service.databaseUrl, max: 2 });
});
afterEach(() => service.sandbox.setFaults({}));
afterAll(async () => {
  await database.end();
  await service.stop();
});

const pass = async (days: number): Promise<void> => {
  await service.sandbox.advanceClock(`${days}d`);
  await service.idle();
};
const patch = (client: CardClient, body: object) => client.agency.call('PATCH', `/v1/customers/${client.id}`, { body });

const linesOf = async (client: CardClient, sql: string): Promise<readonly string[]> =>
  (await database.query<{ line: string }>(sql, [client.id])).rows.map(({ line }) => line);
const invoices = (client: CardClient) =>
  linesOf(
    client,
    `SELECT concat_ws(' ', kind, status) AS line FROM invoices WHERE customer_id = $1 ORDER BY created_at, id`,
  );
const quotas = (client: CardClient) =>
  linesOf(
    client,
    'SELECT trim_scale(included)::text AS line FROM quota_periods WHERE customer_id = $1 ORDER BY period_start, id',
  );
const failures = async (): Promise<number> =>
  (await database.query('SELECT 1 FROM graphile_worker._private_jobs WHERE last_error IS NOT NULL')).rowCount ?? 0;

/** Jobs that wait for another try are tried now. */
async function tryAgain(): Promise<void> {
  await database.query('UPDATE graphile_worker._private_jobs SET run_at = now() WHERE attempts < max_attempts');
  await service.idle();
}

/** The provider's only subscription of a client. */
async function there({ id }: CardClient, account?: string): Promise<Stripe.Subscription> {
  const on = account === undefined ? {} : { stripeAccount: account };
  const { data } = await world.stripe().subscriptions.list({ status: 'all', limit: 100 }, on);
  const own = data.filter(({ metadata }) => metadata.baisa_customer === id);
  const [only] = own;
  if (!only || own.length > 1) throw new Error(`the client has ${own.length} subscriptions there`);
  return only;
}
const last4There = async (client: CardClient): Promise<string | undefined> => {
  const { default_payment_method: card } = await there(client);
  return typeof card === 'string' ? (await world.stripe().paymentMethods.retrieve(card)).card?.last4 : undefined;
};

interface Subscriber {
  readonly client: CardClient;
  readonly starter: string;
  readonly gold: string;
}

async function subscriber(name: string, cycle: 'monthly' | 'yearly' = 'monthly'): Promise<Subscriber> {
  const client = await world.client(name);
  const [starter, gold] = [await world.plan(client, plans.starter), await world.plan(client, plans.gold)];
  await world.subscribe(client, { planId: starter, cycle });
  return { client, starter, gold };
}

async function publishAnew({ agency }: CardClient, planId: string): Promise<void> {
  await agency.call('PATCH', `/v1/plans/${planId}`, { body: { displayName: 'Newly named' } });
  await agency.call('POST', `/v1/plans/${planId}/publish`);
}

describe('a switch from card to no card that the provider knows of', () => {
  it('does not keep a client from canceling: nothing follows the period that is paid for', async () => {
    const { client } = await subscriber('CancelsIt');
    await patch(client, { collection: 'offline' });
    await pass(1);
    expect((await world.subscription(client)).cancelAt).not.toBeNull();
    expect(await world.post(client, 'cancel')).toMatchObject({ status: 200, body: { pendingChange: null } });
    await pass(32);
    expect(await world.subscription(client)).toMatchObject({ status: 'canceled', collection: 'card' });
    expect(await invoices(client)).toEqual(['provider paid']);
  });

  it('is taken back by another word, and by taking the change back', async () => {
    for (const back of ['collection', 'change'] as const) {
      const { client } = await subscriber(`TakesBack-${back}`);
      await patch(client, { collection: 'offline' });
      await pass(1);
      if (back === 'collection') await patch(client, { collection: 'card' });
      else await world.post(client, 'cancel-change');
      await pass(1);
      expect(await world.subscription(client), back).toMatchObject({ pendingChange: null, cancelAt: null });
      expect((await there(client)).cancel_at, back).toBeNull();
      await pass(32);
      expect(await world.subscription(client), back).toMatchObject({ status: 'active', collection: 'card' });
    }
  });

  it('waits beside another plan that is asked for', async () => {
    const { client, gold } = await subscriber('BothAtOnce');
    await patch(client, { collection: 'offline' });
    await pass(1);
    expect(await world.change(client, { planId: gold })).toMatchObject({ status: 200 });
    await pass(32);
    expect(await world.subscription(client)).toMatchObject({ status: 'active', collection: 'offline', planId: gold });
  });

  it('does not revive what was canceled before', async () => {
    const { client } = await subscriber('CanceledBefore');
    await world.post(client, 'cancel');
    await patch(client, { collection: 'offline' });
    await pass(33);
    expect(await world.subscription(client)).toMatchObject({ status: 'canceled', pendingChange: null });
    expect(await invoices(client)).toEqual(['provider paid']);
  });

  it('does not follow an end that comes before its time', async () => {
    const { client } = await subscriber('EndedEarly', 'yearly');
    await patch(client, { collection: 'offline' });
    await pass(1);
    await world.stripe().subscriptions.cancel((await there(client)).id);
    await service.idle();
    expect(await world.subscription(client)).toMatchObject({ status: 'canceled', collection: 'card' });
    expect(await invoices(client)).toEqual(['provider paid']);
  });
});

it('an end that was asked for while the account was away is told when it is back', async () => {
  const agency = await agencyWorld(service).connect('Away', { country: 'US' });
  const client = { id: await service.customer(agency.api), agency: agency.api, agencyId: agency.id };
  const { providerAccountId } = agency.account;
  const planId = await world.plan(client, plans.starter);
  await world.subscribe(client, { planId, cycle: 'monthly' });
  await service.sandbox.deauthorize(providerAccountId);
  await service.idle();
  expect(await world.post(client, 'cancel')).toMatchObject({ status: 200 });
  await service.idle();
  await service.sandbox.authorize(providerAccountId);
  await service.idle();
  await pass(1);
  expect((await there(client, providerAccountId)).cancel_at).not.toBeNull();
  await pass(32);
  expect(await world.subscription(client)).toMatchObject({ status: 'canceled' });
});

describe('what the provider was told', () => {
  it('two days ago of a change does not keep it from being told of another card', async () => {
    const { client, gold } = await subscriber('LaterCard');
    await world.change(client, { planId: gold });
    await pass(2);
    const card = await world.save(client, { card: cards.mastercard });
    await world.makeDefault(client, card.id);
    await service.idle();
    expect(await last4There(client)).toBe(card.last4);
    expect(await failures()).toBe(0);
    await pass(32);
    expect(await world.subscription(client)).toMatchObject({ planId: gold, pendingChange: null });
  });

  it('is the default card, however often a client goes back to one', async () => {
    const { client } = await subscriber('BackAndForth');
    const [first] = await world.cards(client);
    const second = await world.save(client, { card: cards.mastercard });
    if (!first) throw new Error('the client has no card');
    for (const card of [second, first, second, first]) {
      await world.makeDefault(client, card.id);
      await service.idle();
      expect(await last4There(client)).toBe(card.last4);
    }
  });
});

describe('a change to a plan that is published anew', () => {
  it('is the version that was asked for, though the provider was not there to be told before', async () => {
    const { client, gold } = await subscriber('AnewBefore');
    await service.sandbox.setFaults({ api: { status: 500, route: '/v1/subscription_schedules', method: 'POST' } });
    await world.change(client, { planId: gold });
    await until('a job that failed', failures, (jobs) => jobs > 0);
    await publishAnew(client, gold);
    await service.sandbox.setFaults({});
    await tryAgain();
    await pass(32);
    expect(await world.subscription(client)).toMatchObject({ planId: gold, planVersion: 1, pendingChange: null });
    expect(await failures()).toBe(0);
  });
});

describe('a change whose time the provider tells', () => {
  it('waits for the end of the period that runs, though its beginning was not heard of yet', async () => {
    const { client, gold, starter } = await subscriber('Unheard');
    await service.sandbox.setFaults({ dropDeliveries: 1 });
    await pass(32);
    await service.sandbox.setFaults({});
    expect(await world.change(client, { planId: gold })).toMatchObject({ status: 200 });
    await service.idle();
    const told = await world.subscription(client);
    expect(told).toMatchObject({ planId: starter, pendingChange: { effectiveAt: told.periodEnd } });
    await pass(32);
    expect(await world.subscription(client)).toMatchObject({ planId: gold, pendingChange: null });
  });

  it('does not keep the quotas of the plan before from opening where it is late', async () => {
    const { client, gold, starter } = await subscriber('Late', 'yearly');
    await world.change(client, { planId: gold });
    await service.idle();
    await database.query(
      `UPDATE subscription_changes SET effective_at = created_at - interval '1 day' WHERE customer_id = $1`,
      [client.id],
    );
    await pass(35);
    expect(await world.subscription(client)).toMatchObject({ planId: starter, status: 'active' });
    expect(await quotas(client)).toEqual(['100', '100']);
  });
});
