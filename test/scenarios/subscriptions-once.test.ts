import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cards, providerSessionOf } from '../../src/commands/sandbox-client.ts';
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

const payAsYouGo = {
  name: 'payg',
  displayName: 'Pay as you go',
  type: 'usage_based',
  pricingModel: 'pay_as_you_go',
  currency: 'USD',
  usage: [{ feature: 'call_minutes', unitPrice: '0.25' }],
};
const mixed = {
  ...plans.starter,
  name: 'mixed',
  usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' }],
};

const linesOf = async (client: CardClient, sql: string): Promise<readonly string[]> =>
  (await database.query<{ line: string }>(sql, [client.id])).rows.map(({ line }) => line);
const invoices = (client: CardClient) =>
  linesOf(
    client,
    `SELECT concat_ws(' ', kind, status) AS line FROM invoices WHERE customer_id = $1 ORDER BY created_at, id`,
  );
const checkouts = (client: CardClient) =>
  linesOf(
    client,
    `SELECT concat_ws(' ', mode, status) AS line FROM subscription_checkouts WHERE customer_id = $1 ORDER BY created_at, id`,
  );
/** The provider's subscriptions of a client. */
const there = async ({ id }: CardClient): Promise<readonly string[]> =>
  (await world.stripe().subscriptions.list({ status: 'all', limit: 100 })).data
    .filter(({ metadata }) => metadata.baisa_customer === id)
    .map(({ status }) => status);
const urlOf = (body: unknown): string => z.object({ url: z.string() }).parse(body).url;
const patch = (client: CardClient, body: object) => client.agency.call('PATCH', `/v1/customers/${client.id}`, { body });

/** Until the provider is being asked for what the client is to subscribe to. */
const asked = (client: CardClient) =>
  until(
    'a call for a subscription',
    () => linesOf(client, 'SELECT claimed_until AS line FROM subscription_checkouts WHERE customer_id = $1'),
    (claims) => claims.some((claim) => claim !== null),
  );

/** Until a job has failed; it is not tried again before `tryAgain`. */
async function putOff(): Promise<void> {
  await until(
    'a job that failed',
    async () =>
      (
        await database.query(`
        UPDATE graphile_worker._private_jobs SET run_at = now() + interval '1 hour'
         WHERE last_error IS NOT NULL AND locked_at IS NULL AND attempts < max_attempts`)
      ).rowCount ?? 0,
    (jobs) => jobs > 0,
  );
}

/** Jobs that wait for another try are tried now. */
async function tryAgain(): Promise<void> {
  await database.query('UPDATE graphile_worker._private_jobs SET run_at = now() WHERE attempts < max_attempts');
  await service.idle();
}

describe('a page that is open', () => {
  it('is ended before the client is put on pay-as-you-go, and cannot be paid any more', async () => {
    const client = await world.client('PageThenNone');
    const [starter, payg] = [await world.plan(client, plans.starter), await world.plan(client, payAsYouGo)];
    const page = await world.request(client, { planId: starter, cycle: 'monthly' });
    expect(await world.assign(client, { planId: payg })).toMatchObject({ status: 201 });
    await expect(service.sandbox.pay(providerSessionOf(urlOf(page.body)), { card: cards.visa })).rejects.toThrow();
    expect(await world.subscription(client)).toMatchObject({ planId: payg, status: 'active' });
    expect(await there(client)).toEqual([]);
  });

  it('is ended before the client starts without a card', async () => {
    const client = await world.client('PageThenOutside');
    const planId = await world.plan(client, plans.starter);
    const page = await world.request(client, { planId, cycle: 'monthly' });
    await patch(client, { collection: 'offline' });
    expect(await world.assign(client, { planId, cycle: 'monthly' })).toMatchObject({ status: 201 });
    await expect(service.sandbox.pay(providerSessionOf(urlOf(page.body)), { card: cards.visa })).rejects.toThrow();
    expect(await there(client)).toEqual([]);
  });

  it('keeps a start waiting that comes after it was paid', async () => {
    const client = await world.client('PaidAlready');
    const [starter, payg] = [await world.plan(client, plans.starter), await world.plan(client, payAsYouGo)];
    const page = await world.request(client, { planId: starter, cycle: 'monthly' });
    await service.sandbox.setFaults({ delayDeliveriesMs: 3_600_000 });
    await service.sandbox.pay(providerSessionOf(urlOf(page.body)), { card: cards.visa });
    expect(await world.assign(client, { planId: payg })).toMatchObject({
      status: 409,
      body: { code: 'subscription_exists' },
    });
  });

  it('is one of two tabs with two plans: the other is refused while it is being made', async () => {
    const client = await world.client('Tabs');
    const [starter, gold] = [await world.plan(client, plans.starter), await world.plan(client, plans.gold)];
    await service.sandbox.setFaults({
      api: { delayMs: 2_000, route: '/v1/checkout/sessions', method: 'POST', times: 1 },
    });
    const first = world.request(client, { planId: starter, cycle: 'monthly' });
    await asked(client);
    expect(await world.request(client, { planId: gold, cycle: 'monthly' })).toMatchObject({
      status: 409,
      body: { code: 'subscription_under_way' },
    });
    await service.sandbox.pay(providerSessionOf(urlOf((await first).body)), { card: cards.visa });
    await service.idle();
    expect(await there(client)).toEqual(['active']);
    expect(await invoices(client)).toEqual(['provider paid']);
  });

  it('of an account that went away is not shown again: the next one is of the account that took its place', async () => {
    const agencies = agencyWorld(service);
    const agency = await agencies.connect('Gone', { country: 'US' });
    const client = { id: await service.customer(agency.api), agency: agency.api, agencyId: agency.id };
    const planId = await world.plan(client, plans.starter);
    const before = await world.request(client, { planId, cycle: 'monthly' });
    await service.sandbox.deauthorize(agency.account.providerAccountId);
    await service.idle();
    const account = await agency.api.send(
      'POST',
      `/v1/agencies/${agency.id}/merchant-accounts`,
      z.object({ providerAccountId: z.string() }),
      { body: { provider: 'stripe', country: 'US' } },
    );
    await service.sandbox.onboard(account.providerAccountId, 'complete');
    await service.idle();
    const after = await world.request(client, { planId, cycle: 'monthly' });
    expect(after.status).toBe(201);
    expect(urlOf(after.body)).not.toBe(urlOf(before.body));
  });

  it('is over when its time is, though nobody tells of it', async () => {
    const client = await world.client('Untold');
    const planId = await world.plan(client, plans.starter);
    const before = await world.request(client, { planId, cycle: 'monthly' });
    await service.sandbox.setFaults({ dropDeliveries: 1 });
    await service.sandbox.advanceClock('2d');
    await service.sandbox.setFaults({});
    expect(await checkouts(client)).toEqual(['subscription expired']);
    const after = await world.request(client, { planId, cycle: 'monthly' });
    expect(urlOf(after.body)).not.toBe(urlOf(before.body));
  });

  it('leads to the subscription that was paid in it, though nobody tells of that', async () => {
    const client = await world.client('PaidUntold');
    const planId = await world.plan(client, plans.starter);
    const page = await world.request(client, { planId, cycle: 'monthly' });
    await service.sandbox.setFaults({ dropDeliveries: 1 });
    await service.sandbox.pay(providerSessionOf(urlOf(page.body)), { card: cards.visa });
    await service.sandbox.advanceClock('2d');
    await service.sandbox.setFaults({});
    expect(await checkouts(client)).toEqual(['subscription complete']);
    expect(await world.subscription(client)).toMatchObject({ planId, status: 'active' });
  });

  it('sells what it was opened for, though the plan is published anew before a card is saved in it', async () => {
    const client = await world.client('Anew');
    const planId = await world.plan(client, mixed);
    const page = await world.request(client, { planId, cycle: 'yearly' });
    await client.agency.call('PATCH', `/v1/plans/${planId}`, { body: { displayName: 'Starter, newly named' } });
    await client.agency.call('POST', `/v1/plans/${planId}/publish`);
    await service.idle();
    await service.sandbox.pay(providerSessionOf(urlOf(page.body)), { card: cards.visa });
    await service.idle();
    expect(await world.subscription(client)).toMatchObject({ planId, planVersion: 1, status: 'active' });
  });
});

describe('a default card that is being charged', () => {
  it('is not charged beside a page, be it of another plan or of the same', async () => {
    const client = await world.client('CardAndPage');
    const [starter, gold] = [await world.plan(client, plans.starter), await world.plan(client, plans.gold)];
    await world.save(client);
    await service.sandbox.setFaults({ api: { delayMs: 2_000, route: '/v1/subscriptions', method: 'POST', times: 1 } });
    const first = world.assign(client, { planId: starter, cycle: 'monthly' });
    await asked(client);
    for (const planId of [gold, starter]) {
      expect(await world.request(client, { planId, cycle: 'monthly' })).toMatchObject({
        status: 409,
        body: { code: 'subscription_under_way' },
      });
    }
    expect(await first).toMatchObject({ status: 201 });
    await service.idle();
    expect(await there(client)).toEqual(['active']);
  });

  it('is not charged for another plan than the one that is asked for, where an answer was lost', async () => {
    const client = await world.client('InDoubt');
    const [starter, gold] = [await world.plan(client, plans.starter), await world.plan(client, plans.gold)];
    await world.save(client);
    await service.sandbox.setFaults({ api: { status: 500, route: '/v1/subscriptions', method: 'POST' } });
    expect(await world.assign(client, { planId: starter, cycle: 'monthly' })).toMatchObject({ status: 503 });
    await service.sandbox.setFaults({});
    expect(await world.assign(client, { planId: gold, cycle: 'monthly' })).toMatchObject({
      status: 409,
      body: { code: 'subscription_under_way' },
    });
    // Later its absence is certain, and Gold is what the client gets.
    await service.sandbox.advanceClock('10m');
    expect(await world.assign(client, { planId: gold, cycle: 'monthly' })).toMatchObject({ status: 201 });
    await service.idle();
    expect(await world.subscription(client)).toMatchObject({ planId: gold, status: 'active' });
    expect(await there(client)).toEqual(['active']);
  });
});

describe('a client that is to pay by card from its next cycle on', () => {
  /** Its card is asked to pay, and the provider does not answer. */
  async function switching(name: string): Promise<{ readonly client: CardClient; readonly planId: string }> {
    const client = await world.client(name);
    const planId = await world.plan(client, plans.starter);
    await patch(client, { collection: 'offline' });
    await world.assign(client, { planId, cycle: 'monthly' });
    await world.save(client);
    await patch(client, { collection: 'card' });
    await service.sandbox.setFaults({ api: { status: 500, route: '/v1/subscriptions', method: 'POST' } });
    const { periodEnd } = await world.subscription(client);
    await service.sandbox.moveClock(new Date(Date.parse(periodEnd ?? '') + 1_000));
    await putOff();
    return { client, planId };
  }

  it('is not charged once that is taken back; while the provider is being asked it cannot be', async () => {
    const { client } = await switching('TakenBack');
    expect(await patch(client, { collection: 'offline' })).toMatchObject({
      status: 409,
      body: { code: 'subscription_under_way' },
    });
    await putOff();
    await service.sandbox.advanceClock('10m');
    expect(await patch(client, { collection: 'offline' })).toMatchObject({ status: 200 });
    await service.sandbox.setFaults({});
    await tryAgain();
    await service.sandbox.advanceClock('1d');
    await service.idle();
    expect(await world.subscription(client)).toMatchObject({ status: 'active', collection: 'offline' });
    expect(await there(client)).toEqual([]);
    expect(await invoices(client)).toEqual(['offline open', 'offline open']);
  });

  it('comes to that, whatever page is asked for meanwhile', async () => {
    const { client, planId } = await switching('Meanwhile');
    expect(await world.request(client, { planId, cycle: 'yearly' })).toMatchObject({
      status: 409,
      body: { code: 'subscription_exists' },
    });
    await service.sandbox.setFaults({});
    await tryAgain();
    await service.sandbox.advanceClock('1d');
    await service.idle();
    expect(await world.subscription(client)).toMatchObject({ status: 'active', collection: 'card' });
    expect(await there(client)).toEqual(['active']);
  });
});
