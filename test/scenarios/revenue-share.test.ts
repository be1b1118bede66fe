import pg from 'pg';
import Stripe from 'stripe';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { created } from '../../src/commands/api-answers.ts';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { cards } from '../../src/commands/sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { payAsYouGoInput } from '../unit/catalog/plans.ts';

let service: TestService;
let stripe: Stripe;
let database: pg.Client;

beforeAll(async () => {
  service = await startTestService();
  const sandbox = new URL(service.sandbox.url);
  stripe = new Stripe(service.sandboxSecretKey, {
    host: sandbox.hostname,
    port: sandbox.port,
    protocol: 'http',
    telemetry: false,
  });
  database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database.end();
  await service.stop();
});

const money = z.object({ amount: z.string(), currency: z.string() });
const amounts = { gross: money, providerFee: money, platformShare: money, agencyShare: money };
const revenueAnswer = z.object({
  data: z.array(z.object({ group: z.string().nullable(), name: z.string().nullable(), ...amounts })),
  totals: z.array(z.object({ currency: z.string(), ...amounts })),
  dashboardUrl: z.string().nullable(),
});

interface Seller {
  readonly id: string;
  readonly api: ApiClient;
  readonly accountId: string;
}

/** An agency with an account of its own that can charge at once. */
async function seller(name: string, country: string, chargeCurrency: string, usdRate: string): Promise<Seller> {
  const agency = await service.agency(name);
  const account = await stripe.accounts.create({ country });
  await database.query(
    `INSERT INTO merchant_accounts (agency_id, id, provider, provider_account_id, livemode, country, charge_currency, usd_rate,
                                    effective_currency, settlement_currency, status, created_at, updated_at)
     VALUES ($1, 'macc_' || $2, 'stripe', $2, false, $3, $4, $5::numeric, $4, $6, 'active', now(), now())`,
    [agency.id, account.id, country, chargeCurrency, usdRate, account.default_currency?.toUpperCase()],
  );
  return { ...agency, accountId: account.id };
}

/** A client that lives on the agency's plan: 70 % of what is net of 5 % are the agency's. */
async function subscriber({ id: agencyId, api }: Seller): Promise<string> {
  const plan = {
    ...payAsYouGoInput,
    agencyId,
    name: `shared ${agencyId}`,
    type: 'revenue_sharing',
    tax: { name: 'GST', percent: '5', inclusive: true },
    revenueShare: { agencyPercent: '70' },
    publish: true,
  };
  const { id: planId } = await service.api.send('POST', '/v1/plans', created, { body: plan });
  const customerId = await service.customer(api);
  await api.send('POST', `/v1/customers/${customerId}/subscription`, created, { body: { planId } });
  return customerId;
}

async function pay(customerId: string): Promise<void> {
  const { sessionId } = await service.startTopUp(customerId);
  await service.sandbox.pay(sessionId, { card: cards.visa });
  await service.idle();
  // The follow-up waits a second by the queue's clock; the moved one does at once what is due.
  await service.sandbox.advanceClock('1s');
}

const revenueOf = (api: ApiClient, agencyId: string, query = '') =>
  api.get(`/v1/agencies/${agencyId}/revenue${query}`, revenueAnswer);

it('two agencies sell in two currencies: each sees its own, the platform both, and the shares add up', async () => {
  const omani = await seller('Muscat', 'AE', 'OMR', '0.385');
  const american = await seller('Boston', 'US', 'USD', '1');
  const clients = [await subscriber(omani), await subscriber(american)];
  for (const client of clients) await pay(client);
  expect(await Promise.all(clients.map(service.balance))).toEqual(['5.00', '5.00']);

  // The provider took its fee and the platform's: 1.930 / 1.05 × 30 %, and 5.00 / 1.05 × 30 %.
  const fees = await stripe.applicationFees.list();
  expect(fees.data.map(({ account, amount, currency }) => [account, amount, currency]).sort()).toEqual(
    [
      [omani.accountId, 550, 'omr'],
      [american.accountId, 143, 'usd'],
    ].sort(),
  );

  const ofOmani = await revenueOf(omani.api, omani.id, '?groupBy=plan');
  expect(ofOmani.data.map(({ name }) => name)).toEqual(['Pay as you go', 'Pay as you go']);
  const omr = ofOmani.totals.find(({ currency }) => currency === 'OMR');
  expect(omr).toMatchObject({
    gross: { amount: '1.930' },
    platformShare: { amount: '0.550' },
    agencyShare: { amount: '1.380' },
  });
  expect(ofOmani.dashboardUrl).toBe(`https://dashboard.stripe.com/${omani.accountId}`);
  const [charge] = (await stripe.charges.list({}, { stripeAccount: omani.accountId })).data;
  const settled = await stripe.balanceTransactions.retrieve(
    String(charge?.balance_transaction),
    {},
    {
      stripeAccount: omani.accountId,
    },
  );
  const own = settled.fee_details.find(({ type }) => type === 'stripe_fee')?.amount ?? 0;
  const dirhams = ofOmani.totals.find(({ currency }) => currency === 'AED');
  expect(dirhams?.providerFee.amount).toBe((own / 100).toFixed(2));

  const earned = await revenueOf(service.api, (await service.api.get('/v1/agencies/platform', created)).id);
  expect(earned.totals.map(({ currency, platformShare }) => `${platformShare.amount} ${currency}`)).toEqual(
    expect.arrayContaining(['0.550 OMR', '1.43 USD']),
  );
  expect((await american.api.call('GET', `/v1/agencies/${omani.id}/revenue`)).status).toBe(404);
  expect((await service.api.call('GET', `/v1/agencies/${american.id}/revenue`)).status).toBe(200);
});

it('answers a table to whoever asks for one, by its header or by the query', async () => {
  const agency = await seller('Dubai', 'US', 'USD', '1');
  const customerId = await subscriber(agency);
  await agency.api.call('PATCH', `/v1/customers/${customerId}`, { body: { name: '=1+1, "quoted"' } });
  await pay(customerId);
  const path = `/v1/agencies/${agency.id}/revenue?groupBy=customer`;
  const byHeader = await agency.api.call('GET', path, { headers: { accept: 'text/csv' } });
  const byQuery = await agency.api.call('GET', `${path}&format=csv`);
  expect(byQuery.text).toBe(byHeader.text);
  expect(byHeader.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(byHeader.headers.get('content-disposition')).toMatch(/^attachment; filename="?revenue-.*\.csv"?$/);
  const [header, line, end] = byHeader.text.split('\r\n');
  expect(header).toBe(
    'customer,name,currency,gross,providerFee,tax,platformShare,agencyShare,refunds,disputes,overage',
  );
  expect(line).toMatch(
    new RegExp(
      `^${customerId},"'=1\\+1, ""quoted""",USD,5\\.00,\\d\\.\\d\\d,0\\.00,1\\.43,3\\.57,0\\.00,0\\.00,0\\.00$`,
    ),
  );
  expect(end).toBe('');
  const asJson = await agency.api.call('GET', `${path}&format=json`, { headers: { accept: 'text/csv' } });
  expect(revenueAnswer.parse(asJson.body).data).toHaveLength(1);
});

it.each([
  ['?groupBy=month', 'groupBy'],
  ['?from=yesterday', 'from'],
  ['?from=2026-02-30', 'from'],
  ['?from=2026-03-02&to=2026-03-01', 'to'],
  ['?currency=XXX', 'currency'],
  ['?format=pdf', 'format'],
])('refuses %s, naming the field', async (query, path) => {
  const { id } = await service.api.get('/v1/agencies/platform', created);
  const answer = await service.api.call('GET', `/v1/agencies/${id}/revenue${query}`);
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ path }] } });
});
