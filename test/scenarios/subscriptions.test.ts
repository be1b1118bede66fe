import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
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

/** The quota periods of a client, oldest first: from which day, how many minutes, of which plan. */
async function quotas({ id }: CardClient): Promise<readonly string[]> {
  const { rows } = await database.query<{ day: string; included: string; name: string }>(
    `SELECT to_char(q.period_start AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, trim_scale(q.included)::text AS included, p.name
       FROM quota_periods q JOIN plans p ON p.id = q.plan_id WHERE q.customer_id = $1 ORDER BY q.period_start, q.id`,
    [id],
  );
  return rows.map(({ day, included, name }) => `${day} ${included} ${name}`);
}

/** What was paid by invoices, as the ledger has it: every account's sum in OMR, and that it nets to zero. */
async function books({ id }: CardClient): Promise<Readonly<Record<string, string>>> {
  const { rows } = await database.query<{ code: string; currency: string; sum: string }>(
    `SELECT a.code, e.currency, trim_scale(sum(e.amount))::text AS sum
       FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id AND a.agency_id = e.agency_id
       JOIN ledger_transactions t ON t.id = e.transaction_id AND t.agency_id = e.agency_id
      WHERE t.customer_id = $1 AND t.code = 'invoice.settle' GROUP BY 1, 2`,
    [id],
  );
  return Object.fromEntries(rows.map(({ code, currency, sum }) => [`${code} ${currency}`, sum]));
}

const invoices = async ({ id }: CardClient): Promise<readonly string[]> => {
  const { rows } = await database.query<{ line: string }>(
    `SELECT concat_ws(' ', status, trim_scale(amount_paid)::text, currency) AS line FROM invoices WHERE customer_id = $1 ORDER BY created_at, id`,
    [id],
  );
  return rows.map(({ line }) => line);
};

const dayOf = (time: string | null): string => (time ?? '').slice(0, 10);

describe('a client that subscribes on the provider’s page', () => {
  it('is on the plan, pays once, and has its quota from its first paid invoice', async () => {
    const client = await world.client('Subscribes');
    const planId = await world.plan(client, plans.starter);
    await world.subscribe(client, { planId, cycle: 'monthly', addOns: { concurrency: 1 } });
    expect(await world.subscription(client)).toMatchObject({
      planId,
      planVersion: 1,
      status: 'active',
      collection: 'card',
      cycle: 'monthly',
      addOns: { concurrency: 1 },
      pendingChange: null,
    });
    // 20.00 and one more slot at 5.00: 7.700 and 1.930 OMR.
    expect(await invoices(client)).toEqual(['paid 9.63 OMR']);
    expect(await books(client)).toEqual({ 'clearing OMR': '9.63', 'subscription_revenue OMR': '-9.63' });
    expect(await quotas(client)).toHaveLength(1);
    expect(await service.balance(client.id)).toBe('0.00');
    // The card that paid is one of the client's, and needs no hold.
    expect(await world.cards(client)).toMatchObject([{ last4: '4242', status: 'verified', isDefault: true }]);
    expect(await world.holds(client)).toEqual([]);
  });

  it('has no refill charged to a card that was refused for its invoice', async () => {
    const client = await world.client('Refused');
    const planId = await world.plan(client, plans.starter);
    await world.subscribe(client, { planId, cycle: 'monthly' });
    const [card] = await world.cards(client);
    await service.sandbox.setCard(card?.fingerprint ?? '', 'lost_card');
    await service.sandbox.advanceClock('32d');
    await service.idle();
    await service.sandbox.setCard(card?.fingerprint ?? '', null);
    expect(await world.subscription(client)).toMatchObject({ status: 'past_due' });
    expect(await world.refill(client)).toMatchObject({ breaker: { state: 'stopped', cause: 'lost_card' } });
  });

  it('has one session: the same request again answers its address, a double click makes one subscription', async () => {
    const client = await world.client('Clicks');
    const planId = await world.plan(client, plans.starter);
    const body = { planId, cycle: 'monthly' };
    const [first, second] = await Promise.all([world.request(client, body), world.request(client, body)]);
    const again = await world.request(client, body);
    expect([first.status, second.status, again.status].filter((status) => status !== 201 && status !== 409)).toEqual(
      [],
    );
    expect(again.body).toEqual([first, second].find(({ status }) => status === 201)?.body);
    const other = await world.request(client, { planId, cycle: 'yearly' });
    expect(other).toMatchObject({ status: 201 });
    expect(other.body).not.toEqual(again.body);
    const sessions = await world.stripe().checkout.sessions.list({ limit: 100 });
    const own = sessions.data.filter(({ metadata }) => metadata?.baisa_customer === client.id);
    expect(own.map(({ status }) => status).sort()).toEqual(['expired', 'open']);
  });

  it('is not sold what the plan does not offer', async () => {
    const client = await world.client('Refused');
    const planId = await world.plan(client, plans.starter);
    for (const [change, status, code] of [
      [{ cycle: 'quarterly' }, 422, 'cycle_not_offered'],
      [{ addOns: { concurrency: 5 } }, 422, 'add_on_above_limit'],
      [{ addOns: { seats: 1 } }, 422, 'add_on_unknown'],
      [{ planId: 'plan_of_nobody' }, 404, 'not_found'],
    ] as const) {
      const answer = await world.request(client, { planId, cycle: 'monthly', ...change });
      expect(answer, code).toMatchObject({ status, body: { code } });
    }
    await world.subscribe(client, { planId, cycle: 'monthly' });
    expect(await world.request(client, { planId, cycle: 'yearly' })).toMatchObject({
      status: 409,
      body: { code: 'subscription_exists' },
    });
  });
});

describe('a plan that its agency assigns', () => {
  it('is charged to the client’s verified default card at once', async () => {
    const client = await world.client('Assigned');
    const planId = await world.plan(client, plans.starter);
    await world.save(client);
    expect(await world.assign(client, { planId, cycle: 'monthly' })).toMatchObject({
      status: 201,
      body: { status: 'active', cycle: 'monthly' },
    });
    await service.idle();
    expect(await invoices(client)).toEqual(['paid 7.7 OMR']);
    expect(await quotas(client)).toHaveLength(1);
    expect(await world.remove(client, (await world.cards(client))[0]?.id ?? '')).toMatchObject({
      status: 409,
      body: { code: 'card_needed' },
    });
  });

  it('leads a client without a card to the provider’s page, and tells the agency where the card is declined', async () => {
    const client = await world.client('Led');
    const planId = await world.plan(client, plans.starter);
    expect(await world.assign(client, { planId, cycle: 'monthly' })).toMatchObject({
      status: 202,
      body: { url: expect.stringContaining('/pay/'), status: 'open' },
    });
    const other = await world.beside(client);
    const card = await world.save(other);
    await service.sandbox.setCard(card.fingerprint, 'insufficient_funds');
    expect(await world.assign(other, { planId, cycle: 'monthly' })).toMatchObject({
      status: 402,
      body: { code: 'card_declined' },
    });
    await service.sandbox.setCard(card.fingerprint, null);
    expect(await world.assign(other, { planId, cycle: 'monthly' })).toMatchObject({ status: 201 });
  });
});

/** A year of one client, from a January to the next. `between` is what happens between any two of its steps. */
async function aYear(between: () => Promise<void>): Promise<CardClient> {
  const client = await world.client('Year');
  const starter = await world.plan(client, plans.starter);
  const gold = await world.plan(client, plans.gold);
  const month = async (count = 1): Promise<void> => {
    // A little more than a month at a time, so that the draft invoice of the month is collected, too.
    for (let passed = 0; passed < count; passed += 1) {
      const { periodEnd } = await world.subscription(client);
      const now = await service.sandbox.now();
      const days = Math.ceil((new Date(periodEnd ?? '').getTime() - now.getTime()) / 86_400_000) + 1;
      await service.sandbox.advanceClock(`${days}d`);
      await service.idle();
      await between();
    }
  };

  // In January it subscribes, and it renews in February and March.
  await world.subscribe(client, { planId: starter, cycle: 'monthly' });
  await between();
  await month(2);
  expect(await world.subscription(client)).toMatchObject({ status: 'active', planId: starter });

  // In March it upgrades, which takes effect in April and is not prorated.
  expect(await world.change(client, { planId: gold })).toMatchObject({ status: 200 });
  await service.idle();
  await between();
  const pending = (await world.subscription(client)).pendingChange;
  expect(pending).toMatchObject({ planId: gold });
  expect(dayOf(pending?.effectiveAt ?? null)).toBe(dayOf((await world.subscription(client)).periodEnd));
  await month();
  expect(await world.subscription(client)).toMatchObject({ status: 'active', planId: gold, pendingChange: null });

  // In May its card expires: the payment is due, and the client puts it right in June.
  const holder = (await world.stripe().customers.list({ limit: 100 })).data.find(
    ({ metadata }) => metadata.baisa_customer === client.id,
  );
  const [method] = (await world.stripe().customers.listPaymentMethods(holder?.id ?? '')).data;
  await service.sandbox.setCard(method?.id ?? '', 'insufficient_funds');
  await month();
  expect(await world.subscription(client)).toMatchObject({ status: 'past_due' });
  await service.sandbox.setCard(method?.id ?? '', null);
  await service.sandbox.advanceClock('8d');
  await service.idle();
  await between();
  expect(await world.subscription(client)).toMatchObject({ status: 'active' });

  // In December it ends what it has paid for.
  await month(6);
  expect(await world.post(client, 'cancel')).toMatchObject({ status: 200 });
  await service.idle();
  await between();
  expect((await world.subscription(client)).cancelAt).not.toBeNull();
  await month();
  expect(await world.subscription(client)).toMatchObject({ status: 'canceled' });
  await service.sandbox.advanceClock('40d');
  await service.idle();
  return client;
}

async function expectTheYear(client: CardClient): Promise<void> {
  // Three months of Starter at 7.700 OMR, eight of Gold at 19.250 OMR.
  expect(await invoices(client)).toEqual([...Array(3).fill('paid 7.7 OMR'), ...Array(8).fill('paid 19.25 OMR')]);
  expect(await books(client)).toEqual({ 'clearing OMR': '177.1', 'subscription_revenue OMR': '-177.1' });
  const opened = await quotas(client);
  expect(opened.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
    ...Array(3).fill('100 starter'),
    ...Array(8).fill('400 gold'),
  ]);
  expect(new Set(opened).size).toBe(11);
}

describe('a year of subscription', () => {
  it('reads as a calendar: subscribed in January, upgraded for April, past due in May, ended in December', async () => {
    await expectTheYear(await aYear(async () => undefined));
  }, 60_000);

  it('ends the same with every delivery doubled and out of order', async () => {
    await service.sandbox.setFaults({ duplicateDeliveries: 1, reorderDeliveries: true, seed: 11 });
    await expectTheYear(await aYear(async () => undefined));
  }, 60_000);
});

describe('what is to change at the next cycle', () => {
  it('can be replaced and taken back until then', async () => {
    const client = await world.client('Changes');
    const starter = await world.plan(client, plans.starter);
    const gold = await world.plan(client, plans.gold);
    await world.subscribe(client, { planId: starter, cycle: 'monthly' });
    expect(await world.post(client, 'cancel-change')).toMatchObject({
      status: 409,
      body: { code: 'no_pending_change' },
    });
    expect(await world.change(client, { planId: starter })).toMatchObject({
      status: 409,
      body: { code: 'nothing_to_change' },
    });
    await world.change(client, { planId: gold });
    await service.idle();
    await world.change(client, { addOns: { concurrency: 2 } });
    await service.idle();
    expect((await world.subscription(client)).pendingChange).toMatchObject({
      planId: starter,
      addOns: { concurrency: 2 },
    });
    expect(await world.post(client, 'cancel-change')).toMatchObject({ status: 200 });
    await service.idle();
    await service.sandbox.advanceClock('32d');
    await service.idle();
    expect(await world.subscription(client)).toMatchObject({ planId: starter, addOns: {}, status: 'active' });
    expect(await invoices(client)).toEqual(['paid 7.7 OMR', 'paid 7.7 OMR']);
  });

  it('is not asked for while the subscription ends, and an end is taken back until it has come', async () => {
    const client = await world.client('Ends');
    const planId = await world.plan(client, plans.starter);
    await world.subscribe(client, { planId, cycle: 'monthly' });
    await world.post(client, 'cancel');
    await service.idle();
    expect(await world.change(client, { cycle: 'yearly' })).toMatchObject({
      status: 409,
      body: { code: 'subscription_ending' },
    });
    await world.post(client, 'resume');
    await service.idle();
    expect((await world.subscription(client)).cancelAt).toBeNull();
    await service.sandbox.advanceClock('32d');
    await service.idle();
    expect(await world.subscription(client)).toMatchObject({ status: 'active' });
    await world.post(client, 'cancel');
    await service.idle();
    await service.sandbox.advanceClock('32d');
    await service.idle();
    expect(await world.subscription(client)).toMatchObject({ status: 'canceled' });
    expect(await world.post(client, 'resume')).toMatchObject({ status: 409, body: { code: 'subscription_over' } });
  });
});

describe('a plan’s own trial', () => {
  it('charges nothing until it ends, and is not given twice to one address', async () => {
    const client = await world.client('Trial');
    const planId = await world.plan(client, { ...plans.starter, name: 'trial', trialDays: 14, trialEnd: 'convert' });
    await world.subscribe(client, { planId, cycle: 'monthly' });
    expect(await world.subscription(client)).toMatchObject({ status: 'trialing' });
    expect(await invoices(client)).toEqual(['paid 0 OMR']);
    expect(await quotas(client)).toHaveLength(1);
    await service.sandbox.advanceClock('12d');
    await service.idle();
    const notices = await service.api.call('GET', `/v1/notices?customerId=${client.id}`);
    expect(JSON.stringify(notices.body)).toContain('"trial_ending"');
    await service.sandbox.advanceClock('3d');
    await service.idle();
    expect(await world.subscription(client)).toMatchObject({ status: 'active' });
    expect(await invoices(client)).toEqual(['paid 0 OMR', 'paid 7.7 OMR']);
  });
});
