import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { created } from '../../src/commands/api-answers.ts';
import { cards } from '../../src/commands/sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { agencyWorld, revenueAnswer } from './agency-world.ts';
import type { CardClient } from './card-world.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

let service: TestService;
let world: ReturnType<typeof subscriptionWorld>;
let agencies: ReturnType<typeof agencyWorld>;
let database: pg.Pool;

beforeAll(async () => {
  service = await startTestService();
  world = subscriptionWorld(service);
  agencies = agencyWorld(service);
  database = new pg.Pool({ connectionString: service.databaseUrl, max: 1 });
});
afterAll(async () => {
  await database.end();
  await service.stop();
});

/** What the invoices of a client made of the books: every account's sum, by currency. */
async function books({ id }: CardClient): Promise<readonly string[]> {
  const { rows } = await database.query<{ line: string }>(
    `SELECT concat_ws(' ', a.code, trim_scale(sum(e.amount)), e.currency) AS line
       FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id AND a.agency_id = e.agency_id
       JOIN ledger_transactions t ON t.id = e.transaction_id AND t.agency_id = e.agency_id
      WHERE t.customer_id = $1 AND t.code = 'invoice.settle' GROUP BY a.code, e.currency ORDER BY 1`,
    [id],
  );
  return rows.map(({ line }) => line);
}

/** A client of an agency that charges USD on its own account. */
async function american(name: string) {
  const agency = await agencies.connect(name, { country: 'US' });
  const client: CardClient = { id: await service.customer(agency.api), agency: agency.api, agencyId: agency.id };
  return { agency, client, on: { stripeAccount: agency.account.providerAccountId } };
}

const tax = (inclusive: boolean) => ({ name: 'GST', percent: '5', inclusive });

describe('a base fee by the year beside overage by the month', () => {
  it('goes by way of a saved card, and ends in one subscription that is made with it', async () => {
    const client = await world.client('Yearly');
    const planId = await world.plan(client, {
      ...plans.starter,
      name: 'yearly',
      usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' }],
    });
    await world.subscribe(client, { planId, cycle: 'yearly' });
    expect(await world.subscription(client)).toMatchObject({ status: 'active', planId, cycle: 'yearly' });
    expect(await books(client)).toEqual(['clearing 77 OMR', 'subscription_revenue -77 OMR']);
    const { data } = await world.stripe().subscriptions.list({ limit: 100 });
    const made = data.filter(({ metadata }) => metadata.baisa_customer === client.id);
    expect(made.map(({ status, items }) => [status, items.data.length])).toEqual([['active', 2]]);
    const periods = new Set(made[0]?.items.data.map(({ price }) => price.recurring?.interval));
    expect(periods).toEqual(new Set(['year', 'month']));
    // The session saved a card and took nothing by itself.
    const sessions = await world.stripe().checkout.sessions.list({ limit: 100 });
    const own = sessions.data.filter(({ metadata }) => metadata?.baisa_customer === client.id);
    expect(own.map(({ mode, status }) => `${mode} ${status}`)).toEqual(['setup complete']);
  });

  it('that is canceled is served until the end of the year that was paid for, not of the month', async () => {
    const client = await world.client('Leaving');
    const planId = await world.plan(client, {
      ...plans.starter,
      name: 'leaving',
      usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' }],
    });
    await world.subscribe(client, { planId, cycle: 'yearly' });
    const { periodEnd } = await world.subscription(client);
    expect(await world.post(client, 'cancel')).toMatchObject({ status: 200 });
    await service.idle();
    expect(await world.subscription(client)).toMatchObject({ cancelAt: periodEnd });
    await service.sandbox.advanceClock('40d');
    await service.idle();
    expect(await world.subscription(client)).toMatchObject({ status: 'active', cancelAt: periodEnd, periodEnd });
    // Taken back, it has no end any more.
    expect(await world.post(client, 'resume')).toMatchObject({ status: 200 });
    await service.idle();
    expect(await world.subscription(client)).toMatchObject({ status: 'active', cancelAt: null });
  });
});

describe('a plan whose revenue is shared, on the agency’s own account', () => {
  const sharedPlan = (agencyId: string, name: string, agencyPercent: string) => ({
    ...{ ...plans.starter, name, agencyId, publish: true },
    ...{ cycles: { monthly: '21.00' }, tax: tax(true) },
    ...{ type: 'revenue_sharing', revenueShare: { agencyPercent } },
  });

  it('gives the platform its percentage of each invoice, and the books follow the fee that was taken', async () => {
    const { agency, client, on } = await american('Boston');
    const body = sharedPlan(agency.id, 'shared', '70');
    const { id: planId } = await service.api.send('POST', '/v1/plans', created, { body });
    await service.idle();
    await world.subscribe(client, { planId, cycle: 'monthly' }, { card: cards.visa });
    const { data } = await world.stripe().subscriptions.list({}, on);
    // 30 % of what is net of 5 %.
    expect(data.map(({ application_fee_percent }) => application_fee_percent)).toEqual([28.57]);
    await service.sandbox.advanceClock('32d');
    await service.idle();

    const fees = await world.stripe().applicationFees.list({ limit: 100 });
    const own = fees.data.filter(({ account }) => account === agency.account.providerAccountId);
    expect(own.map(({ amount, currency }) => `${amount} ${currency}`)).toEqual(['600 usd', '600 usd']);
    expect(await books(client)).toEqual(['clearing 42 USD', 'subscription_revenue -40 USD', 'tax_payable -2 USD']);
    const { totals } = await agency.api.get(`/v1/agencies/${agency.id}/revenue?from=2026-01-01`, revenueAnswer);
    expect(totals.find(({ currency }) => currency === 'USD')).toMatchObject({
      gross: { amount: '42.00' },
      platformShare: { amount: '12.00' },
      agencyShare: { amount: '30.00' },
    });
  });

  it('takes the percentage of the plan that the client changes to, from its first period on', async () => {
    const { agency, client, on } = await american('Austin');
    const ids: string[] = [];
    for (const [name, percent] of [
      ['shared 70', '70'],
      ['shared 100', '100'],
    ] as const) {
      const body = sharedPlan(agency.id, name, percent);
      ids.push((await service.api.send('POST', '/v1/plans', created, { body })).id);
    }
    await service.idle();
    await world.subscribe(client, { planId: ids[0], cycle: 'monthly' }, { card: cards.visa });
    expect(await world.change(client, { planId: ids[1] })).toMatchObject({ status: 200 });
    await service.idle();
    await service.sandbox.advanceClock('32d');
    await service.idle();
    expect(await world.subscription(client)).toMatchObject({ planId: ids[1], pendingChange: null });
    const { data } = await world.stripe().subscriptions.list({}, on);
    expect(data.map(({ application_fee_percent }) => application_fee_percent)).toEqual([0]);
    const fees = await world.stripe().applicationFees.list({ limit: 100 });
    const own = fees.data.filter(({ account }) => account === agency.account.providerAccountId);
    expect(own.map(({ amount }) => amount)).toEqual([600]);
  });

  it('is not sold in a currency of three decimals, and says why', async () => {
    const agency = await agencies.connect('Nizwa', { country: 'AE' });
    const client: CardClient = { id: await service.customer(agency.api), agency: agency.api, agencyId: agency.id };
    const body = sharedPlan(agency.id, 'shared in rials', '70');
    const { id: planId } = await service.api.send('POST', '/v1/plans', created, { body });
    await service.idle();
    const answer = await world.request(client, { planId, cycle: 'monthly' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'share_not_collectable' } });
  });
});

describe('the tax of a plan', () => {
  it.each([
    ['beside its price', false, '20.00'],
    ['within its price', true, '21.00'],
  ] as const)('%s is owed to the state, and is nobody’s revenue', async (_where, inclusive, price) => {
    const { client } = await american(inclusive ? 'Dallas' : 'Denver');
    const planId = await world.plan(client, {
      ...{ ...plans.starter, name: `taxed ${inclusive}`, cycles: { monthly: price }, tax: tax(inclusive) },
    });
    await world.subscribe(client, { planId, cycle: 'monthly' });
    expect(await books(client)).toEqual(['clearing 21 USD', 'subscription_revenue -20 USD', 'tax_payable -1 USD']);
  });
});
