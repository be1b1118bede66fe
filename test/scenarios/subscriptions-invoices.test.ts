import pg from 'pg';
import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { created } from '../../src/commands/api-answers.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { agencyWorld } from './agency-world.ts';
import type { CardClient } from './card-world.ts';
import { withLostDeliveries } from './provider-events.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

/** What an invoice was for is decided by what it was made of, whatever the client lives on when it is heard of. */

let service: TestService;
let world: ReturnType<typeof subscriptionWorld>;
let database: pg.Pool;

beforeAll(async () => {
  service = await startTestService();
  world = subscriptionWorld(service);
  database = new pg.Pool({ connectionString: service.databaseUrl, max: 1 });
});
afterAll(async () => {
  await database.end();
  await service.stop();
});

async function linesOf(sql: string, { id }: CardClient): Promise<readonly string[]> {
  const { rows } = await database.query<{ line: string }>(sql, [id]);
  return rows.map(({ line }) => line);
}

const pass = async (days: number): Promise<void> => {
  await service.sandbox.advanceClock(`${days}d`);
  await service.idle();
};

/** What a client used of the metered part of its subscription on an account, as the provider counts it. */
async function use({ id }: CardClient, account: string, value: string): Promise<void> {
  const { data } = await world.stripe().subscriptions.list({ limit: 100 }, { stripeAccount: account });
  const own = data.find(({ metadata }) => metadata.baisa_customer === id);
  const meter = own?.items.data.flatMap(({ price }) => price.recurring?.meter ?? [])[0];
  const url = new URL(service.databaseUrl);
  url.pathname = `${url.pathname}_sandbox`;
  const sandbox = new pg.Client({ connectionString: url.href });
  await sandbox.connect();
  await sandbox.query(
    'INSERT INTO meter_usage (account, meter, customer, used_at, value) VALUES ($1, $2, $3, $4, $5)',
    [...[account, meter, own?.customer, await service.sandbox.now(), value]],
  );
  await sandbox.end();
}

it('the last overage of the plan before is overage, on the first invoice of the plan after', async () => {
  const agency = await agencyWorld(service).connect('Overage', { country: 'US' });
  const client: CardClient = { id: await service.customer(agency.api), agency: agency.api, agencyId: agency.id };
  const metered = (included: string, overagePrice: string) => ({
    usage: [{ feature: 'call_minutes', included, overagePrice, collect: 'invoice' }],
  });
  const starter = await world.plan(client, { ...plans.starter, ...metered('100', '0.20') });
  const gold = await world.plan(client, { ...plans.gold, ...metered('400', '0.15') });
  await world.subscribe(client, { planId: starter, cycle: 'monthly' });
  expect(await world.change(client, { planId: gold })).toMatchObject({ status: 200 });
  await service.idle();
  await use(client, agency.account.providerAccountId, '50');
  await pass(32);
  expect(await world.subscription(client)).toMatchObject({ planId: gold, pendingChange: null });
  expect(
    await linesOf(
      `SELECT concat_ws(' ', a.code, trim_scale(sum(e.amount)), e.currency) AS line
         FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id AND a.agency_id = e.agency_id
         JOIN ledger_transactions t ON t.id = e.transaction_id AND t.agency_id = e.agency_id
        WHERE t.customer_id = $1 AND t.code = 'invoice.settle' GROUP BY a.code, e.currency ORDER BY 1`,
      client,
    ),
  ).toEqual(['clearing 80 USD', 'overage_revenue -10 USD', 'subscription_revenue -70 USD']);
});

it('an invoice of the plan before that is heard of late is shared by the terms of its own plan', async () => {
  const client = await world.client('Late');
  const shared = async (name: string, agencyPercent: string): Promise<string> => {
    const terms = {
      type: 'revenue_sharing',
      revenueShare: { agencyPercent },
      agencyId: client.agencyId,
      publish: true,
    };
    const body = { ...plans.starter, name, ...terms };
    const { id } = await service.api.send('POST', '/v1/plans', created, { body });
    await service.idle();
    return id;
  };
  const [before, after] = [await shared('seventy', '70'), await shared('ninety', '90')];
  await world.subscribe(client, { planId: before, cycle: 'monthly' });
  // The renewal is heard of, its invoice is not.
  const lost = await withLostEvents(() => pass(32));
  const [invoices, others] = [lost.filter(isOfInvoice), lost.filter((event) => !isOfInvoice(event))];
  await deliver(others);
  expect(await world.change(client, { planId: after })).toMatchObject({ status: 200 });
  await pass(32);
  expect(await world.subscription(client)).toMatchObject({ planId: after, pendingChange: null });
  await deliver(invoices);
  const sold = `SELECT concat_ws(' ', p.name, i.plan_version, o.plan_id = i.plan_id, trim_scale(o.agency_percent)) AS line
                  FROM invoices i JOIN plans p ON p.id = i.plan_id
                  JOIN orders o ON o.customer_id = i.customer_id AND o.provider_payment_id = ANY (i.payment_ids)
                 WHERE i.customer_id = $1 ORDER BY i.created_at`;
  expect(await linesOf(sold, client)).toEqual(['seventy 1 t 70', 'seventy 1 t 70', 'ninety 1 t 90']);
});

/** What happens is told to nobody; answers what would have been, oldest first. */
async function withLostEvents(happen: () => Promise<void>): Promise<readonly Stripe.Event[]> {
  const events = async () => (await world.stripe().events.list({ limit: 100 })).data;
  const known = new Set((await events()).map(({ id }) => id));
  await withLostDeliveries(service, happen);
  return (await events()).filter(({ id }) => !known.has(id)).reverse();
}

const isOfInvoice = ({ type }: Stripe.Event): boolean => /^(invoice|payment_intent|charge)/.test(type);

async function deliver(events: readonly Stripe.Event[]): Promise<void> {
  for (const event of events) await service.deliver(JSON.stringify(event));
  await service.idle();
}
