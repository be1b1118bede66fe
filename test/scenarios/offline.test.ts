import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { requireAssignable } from '../../src/catalog/require-for-sale.ts';
import { created } from '../../src/commands/api-answers.ts';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { type Database, inTransaction, openDatabase } from '../../src/database/database.ts';
import { newId } from '../../src/ids.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { createMerchantAccounts } from '../../src/merchant-accounts/merchant-accounts.ts';
import { startOffline } from '../../src/subscriptions/offline.ts';
import type { SaleTerms } from '../../src/subscriptions/offline-price.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { goldInput } from '../unit/catalog/plans.ts';

/** Months of clients that pay by bank transfer or from their balance: no card, no provider. */

let service: TestService;
let database: Database;
let agency: { readonly id: string; readonly api: ApiClient };
let agencies = 0;

beforeAll(async () => {
  service = await startTestService();
  database = openDatabase(service.databaseUrl);
});
beforeEach(async () => {
  agency = await service.agency(`Offline${agencies++}`);
});
afterEach(() => service.sandbox.setFaults({}));
afterAll(async () => {
  await database.close();
  await service.stop();
});

const tax = { name: 'GST', percent: '5', inclusive: true };
const publish = async (name: string, change: object = {}): Promise<string> => {
  const body = { ...goldInput, name, displayName: name, trialDays: 0, tax, publish: true, ...change };
  return (await agency.api.send('POST', '/v1/plans', created, { body })).id;
};
const setAgency = (body: object) => agency.api.send('PATCH', `/v1/agencies/${agency.id}`, z.unknown(), { body });
const newClient = async (): Promise<string> => {
  const client = await service.customer(agency.api);
  await agency.api.send('PATCH', `/v1/customers/${client}`, z.unknown(), { body: { collection: 'offline' } });
  return client;
};

/** As the agency assigns a plan to a client without a card: the use case behind the route. */
async function assign(customerId: string, planId: string, terms: SaleTerms): Promise<void> {
  const now = await service.sandbox.now();
  const clock = { now: () => now };
  const scope = { role: 'agency', agencyId: agency.id, keyId: 'key_of_a_scenario' } as const;
  const { id: platformAgencyId } = await service.api.get('/v1/agencies/platform', created);
  const dependencies = {
    clock,
    ledger: createLedger({ pool: database.pool, clock }),
    merchantAccounts: createMerchantAccounts({ database, clock, platformAgencyId }),
    jobs: { enqueue: async () => undefined },
    emit: async () => undefined,
  };
  await inTransaction(database.pool, async (sql) => {
    const sale = await requireAssignable(sql, scope, { customerId, planId });
    await startOffline(dependencies, sql, scope, sale, terms, newId('subscription'));
  });
}

const money = z.object({ amount: z.string(), currency: z.string() });
const invoice = z.object({ id: z.string(), status: z.string(), total: money, tax: money, kind: z.string() });
const invoices = async (client: string) =>
  (await agency.api.get(`/v1/customers/${client}/invoices`, z.object({ data: z.array(invoice) }))).data.reverse();
const billed = async (client: string): Promise<readonly string[]> =>
  (await invoices(client)).map(({ total, status }) => `${total.amount} ${status}`);
let marks = 0;
const markPaid = (id: string, body: object = {}) =>
  agency.api.call('POST', `/v1/invoices/${id}/mark-paid`, { idempotencyKey: `mark ${marks++}`, body });
const subscription = (client: string) =>
  agency.api.get(
    `/v1/customers/${client}/subscription`,
    z.object({ status: z.string(), cycle: z.string().nullable() }),
  );

/** Moves the clock, and again by nothing: what is done once must not be done twice. */
async function month(): Promise<void> {
  await service.sandbox.advanceClock('31d');
  await service.sandbox.advanceClock('1s');
}

describe.each([
  ['undisturbed', {}],
  ['with deliveries doubled and reversed', { duplicateDeliveries: 2, reorderDeliveries: true }],
])('a client that pays by bank transfer, %s', (_how, faults) => {
  it('January: subscribed and paid; February: renewed and paid late; March: still served, and the report counts what came', async () => {
    await service.sandbox.setFaults(faults);
    const client = await newClient();
    await assign(client, await publish('gold'), { cycle: 'monthly', addOns: { concurrency: 1 } });
    expect(await billed(client)).toEqual(['64.00 open']);
    const [january] = await invoices(client);
    expect(january).toMatchObject({ kind: 'offline', tax: { amount: '3.05', currency: 'USD' } });
    expect((await markPaid(january?.id ?? '', { externalReference: 'transfer 1' })).status).toBe(200);
    expect((await markPaid(january?.id ?? '', { externalReference: 'transfer 1' })).status).toBe(200);

    await month();
    expect(await billed(client)).toEqual(['64.00 paid', '64.00 open']);
    await month();
    expect(await billed(client)).toEqual(['64.00 paid', '64.00 open', '64.00 open']);
    const [, february] = await invoices(client);
    const reused = await markPaid(february?.id ?? '', { externalReference: 'transfer 1' });
    expect(reused).toMatchObject({ status: 409, body: { code: 'reference_conflict' } });
    expect((await markPaid(february?.id ?? '')).status).toBe(200);
    expect(await billed(client)).toEqual(['64.00 paid', '64.00 paid', '64.00 open']);
    expect(await subscription(client)).toEqual({ status: 'active', cycle: 'monthly' });
    expect(await service.balance(client)).toBe('0.00');

    const totals = z.object({ totals: z.array(z.object({ gross: money, tax: money })) });
    const report = await agency.api.get(`/v1/agencies/${agency.id}/revenue?from=2020-01-01`, totals);
    expect(report.totals).toMatchObject([{ gross: { amount: '128.00' }, tax: { amount: '6.10' } }]);
  });
});

it('a client whose agency draws fees from the balance: topped up by hand, drawn each month, below zero in the third', async () => {
  await setAgency({ offlineCollection: 'balance' });
  const client = await newClient();
  await agency.api.send('POST', `/v1/customers/${client}/adjustments`, z.unknown(), {
    idempotencyKey: 'bank',
    body: { kind: 'payment', amount: { amount: '100.00', currency: 'USD' }, reason: 'bank transfer' },
  });
  await assign(client, await publish('drawn'), { cycle: 'monthly', addOns: {} });
  expect(await service.balance(client)).toBe('51.00');
  await month();
  expect(await service.balance(client)).toBe('2.00');
  await month();
  expect(await service.balance(client)).toBe('-47.00');
  expect(await billed(client)).toEqual(['49.00 paid', '49.00 paid', '49.00 paid']);
  expect((await service.ledger(client)).map(({ code }) => code)).toEqual([
    'fee.draw',
    'fee.draw',
    'fee.draw',
    'topup.receive',
  ]);
});

it('a year in which nobody looked is made up for month by month, whenever the clock is moved', async () => {
  const client = await newClient();
  await assign(client, await publish('year'), { cycle: 'quarterly', addOns: {} });
  await service.sandbox.advanceClock('366d');
  expect(await billed(client)).toEqual(Array.from({ length: 5 }, () => '139.00 open'));
});
