import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cards, providerSessionOf } from '../../src/commands/sandbox-client.ts';
import {
  createWhopSandboxClient,
  type WhopSandboxClient,
  whopCheckoutOf,
} from '../../src/commands/whop-sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { type Played, playedProviders } from './both-providers.ts';
import type { CardClient } from './card-world.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

let service: TestService;
let world: ReturnType<typeof subscriptionWorld>;
let whop: WhopSandboxClient;
let database: pg.Pool;

beforeAll(async () => {
  service = await startTestService();
  world = subscriptionWorld(service);
  whop = createWhopSandboxClient(service.sandbox.url);
  database = new pg.Pool({ connectionString: service.databaseUrl, max: 1 });
});
afterEach(async () => {
  for (const { setFaults } of playedProviders) await setFaults(service, {});
});
afterAll(async () => {
  await database.end();
  await service.stop();
});

const invoices = async ({ id }: CardClient): Promise<readonly string[]> => {
  const { rows } = await database.query<{ line: string }>(
    `SELECT concat_ws(' ', status, round(amount_paid, 2)::text, currency) AS line FROM invoices WHERE customer_id = $1 ORDER BY created_at, id`,
    [id],
  );
  return rows.map(({ line }) => line);
};

const quotas = async ({ id }: CardClient): Promise<number> =>
  (await database.query('SELECT 1 FROM quota_periods WHERE customer_id = $1', [id])).rows.length;

const atProvider = async ({ id }: CardClient): Promise<string> => {
  const { rows } = await database.query<{ id: string }>(
    'SELECT provider_subscription_id AS id FROM subscriptions WHERE customer_id = $1 ORDER BY started_at DESC LIMIT 1',
    [id],
  );
  return rows[0]?.id ?? '';
};

const addressOf = (body: unknown): string => z.object({ url: z.string() }).parse(body).url;

async function subscribed({ provider, pay }: Played, card: string = cards.visa): Promise<CardClient> {
  const client = await world.client('Both');
  const planId = await world.plan(client, plans.starter);
  const answer = await world.request(client, { planId, cycle: 'monthly', provider });
  expect(answer.status, answer.text).toBe(201);
  await pay(service, addressOf(answer.body), card);
  await service.idle();
  return client;
}

describe.each(playedProviders)('a subscription at $provider', (played) => {
  const { provider, pay, setFaults, route } = played;
  const paid = `paid ${played.subscribed}`;

  it('is bought on the hosted page, is active, posted once, and opens its quota', async () => {
    const client = await subscribed(played);
    expect(await world.subscription(client)).toMatchObject({ status: 'active', collection: 'card', cycle: 'monthly' });
    expect(await invoices(client)).toEqual([paid]);
    expect(await quotas(client)).toBe(1);
    expect(await service.balance(client.id)).toBe('0.00');
  });

  it('renews with its period, each payment once', async () => {
    const client = await subscribed(played);
    await setFaults(service, { duplicateDeliveries: 2, reorderDeliveries: true });
    await service.sandbox.advanceClock('32d');
    await service.idle();
    expect(await invoices(client)).toEqual([paid, paid]);
    expect((await world.subscription(client)).status).toBe('active');
  });

  it('is bought with another card after a declined one', async () => {
    const client = await world.client('Declined');
    const planId = await world.plan(client, plans.starter);
    const { body } = await world.request(client, { planId, cycle: 'monthly', provider });
    await pay(service, addressOf(body), cards.declined);
    await service.idle();
    expect(await invoices(client)).not.toContain(paid);
    await pay(service, addressOf(body), cards.visa);
    await service.idle();
    expect((await world.subscription(client)).status).toBe('active');
    expect(await invoices(client)).toContain(paid);
  });

  it('ends with its period when it is cancelled, and goes on when that is taken back', async () => {
    const client = await subscribed(played);
    for (const what of ['cancel', 'resume', 'cancel'] as const) {
      expect((await world.post(client, what)).status).toBe(200);
      await service.idle();
      expect((await world.subscription(client)).cancelAt === null).toBe(what === 'resume');
    }
    expect((await world.subscription(client)).status).toBe('active');
    await service.sandbox.advanceClock('32d');
    await service.idle();
    expect((await world.subscription(client)).status).toBe('canceled');
    expect(await invoices(client)).toEqual([paid]);
  });

  it.each(['before', 'after'])('has one page when its call is cut %s the provider made it', async (cut) => {
    const client = await world.client('Cut');
    const planId = await world.plan(client, plans.starter);
    const body = { planId, cycle: 'monthly', provider };
    await setFaults(service, { api: { cut, route, method: 'POST' } });
    expect((await world.request(client, body, 'cut')).status).toBe(503);
    await setFaults(service, {});
    const answer = await world.request(client, body, 'cut');
    expect(answer.status).toBe(201);
    await pay(service, addressOf(answer.body), cards.visa);
    await service.idle();
    expect(await invoices(client)).toEqual([paid]);
  });

  it('has its payment refunded, which leaves the balance and the subscription as they are', async () => {
    const client = await subscribed(played);
    const { rows } = await database.query<{ id: string }>(`SELECT id FROM orders WHERE customer_id = $1`, [client.id]);
    const path = `/v1/transactions/${rows[0]?.id}/refunds`;
    const answer = await service.api.call('POST', path, { idempotencyKey: `refund of ${client.id}`, body: {} });
    expect(answer.status, answer.text).toBe(202);
    await service.idle();
    expect((await service.order(rows[0]?.id ?? '')).status).toBe('refunded');
    expect(await service.balance(client.id)).toBe('0.00');
    expect((await world.subscription(client)).status).toBe('active');
  });

  it('of which nothing is paid in time is over, and another can be bought', async () => {
    const client = await world.client('Late');
    const planId = await world.plan(client, plans.starter);
    const late = await world.request(client, { planId, cycle: 'monthly', provider });
    await service.sandbox.advanceClock('1d');
    await expect(pay(service, addressOf(late.body), cards.visa)).rejects.toThrow();
    const again = await world.request(client, { planId, cycle: 'monthly', provider });
    await pay(service, addressOf(again.body), cards.visa);
    await service.idle();
    expect((await world.subscription(client)).status).toBe('active');
  });
});

describe('the account that a client subscribes on, where nobody names a provider', () => {
  const addressFor = async (client: CardClient): Promise<string> => {
    const planId = await world.plan(client, plans.starter);
    return addressOf((await world.request(client, { planId, cycle: 'monthly' })).body);
  };

  it('is the platform’s at Stripe for an agency without one of its own, as if there were no other', async () => {
    expect(providerSessionOf(await addressFor(await world.client('Neither')))).toMatch(/^cs_/);
  });

  it('is the agency’s at Whop, where it has that alone', async () => {
    const client = await world.client('Alone');
    const { apiKey } = await whop.company('Whop alone');
    const body = { provider: 'whop', credentials: { apiKey } };
    const accounts = `/v1/agencies/${client.agencyId}/merchant-accounts`;
    expect((await client.agency.call('POST', accounts, { body })).status).toBe(201);
    const checkoutId = whopCheckoutOf(await addressFor(client));
    await whop.pay(checkoutId, { card: cards.visa });
    await service.idle();
    expect((await world.subscription(client)).status).toBe('active');
  });
});

describe('at Whop', () => {
  const [, played] = playedProviders;
  if (played?.provider !== 'whop') throw new Error('Whop is the second');

  it('a renewal that the bank refuses is past due, and active again under the same payment once it is paid', async () => {
    const client = await subscribed(played);
    const membership = await atProvider(client);
    await whop.setCard(membership, cards.declined);
    await service.sandbox.advanceClock('31d');
    await service.idle();
    expect((await world.subscription(client)).status).toBe('past_due');
    expect(await invoices(client)).toEqual(['paid 20.00 USD', 'open 0.00 USD']);
    await whop.setCard(membership, cards.visa);
    await service.sandbox.advanceClock('1d');
    await service.idle();
    expect((await world.subscription(client)).status).toBe('active');
    expect(await invoices(client)).toEqual(['paid 20.00 USD', 'paid 20.00 USD']);
  });

  it('one whose renewal nobody pays is over after its last try', async () => {
    const client = await subscribed(played);
    await whop.setCard(await atProvider(client), cards.declined);
    await service.sandbox.advanceClock('36d');
    await service.idle();
    expect((await world.subscription(client)).status).toBe('canceled');
  });

  it('overage that the plan has invoiced is drawn from the balance, without a tax of ours, for Whop counts none', async () => {
    const client = await world.client('Overage');
    const usage = [{ feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' }];
    const tax = { name: 'GST', percent: '5', inclusive: false };
    const planId = await world.plan(client, { ...plans.starter, usage, tax });
    const { body } = await world.request(client, { planId, cycle: 'monthly', provider: 'whop' });
    await played.pay(service, addressOf(body), cards.visa);
    await service.idle();
    const occurredAt = (await service.sandbox.now()).toISOString();
    const used = { id: 'call 1', customerId: client.id, feature: 'call_minutes', quantity: '120', occurredAt };
    expect(await client.agency.call('POST', '/v1/usage', { body: used })).toMatchObject({
      body: { data: [{ status: 'accepted' }] },
    });
    await service.idle();
    expect(await service.balance(client.id)).toBe('-4.00');
  });

  it('what Whop lacks is refused in plain words: a change at the next cycle, more than the plan includes', async () => {
    const client = await subscribed(played);
    const gold = await world.plan(client, plans.gold);
    expect(await world.change(client, { planId: gold })).toMatchObject({
      status: 409,
      body: { code: 'changes_not_scheduled', detail: expect.stringContaining('Whop changes no subscription') },
    });
    const other = await world.beside(client);
    const more = { planId: gold, cycle: 'monthly', provider: 'whop', addOns: { concurrency: 1 } };
    expect(await world.request(other, more)).toMatchObject({ status: 422, body: { code: 'add_on_not_for_sale' } });
  });
});
