import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MovableClock } from '../../../src/clock.ts';
import type { CatalogPort } from '../../../src/providers/port.ts';
import { createStripeProvider } from '../../../src/providers/stripe/stripe-provider.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { createWorld, ids, platform, type World } from './world.ts';

const secretKey = 'sk_test_catalog';

let sandboxDatabase: TestDatabase;
let sandbox: Sandbox;
let stripeCatalog: CatalogPort;
let world: World;

beforeAll(async () => {
  sandboxDatabase = await createTestDatabase();
  sandbox = await startSandbox({
    databaseUrl: sandboxDatabase.url,
    clock: new MovableClock(),
    host: '127.0.0.1',
    port: 0,
    secretKey,
    logger: pino({ level: 'silent' }),
  });
  const provider = createStripeProvider({ apiKey: secretKey, apiBase: sandbox.url, maxNetworkRetries: 0 });
  if (!provider.catalog) throw new Error('Stripe keeps a catalog');
  stripeCatalog = provider.catalog;
  world = await createWorld({ remote: { provider, accountId: sandbox.accountId } });
});

afterAll(async () => {
  await world.close();
  await sandbox.close();
  await sandboxDatabase.drop();
});

const setFaults = async (faults: object): Promise<void> => {
  const answer = await fetch(`${sandbox.url}/sandbox/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(faults),
  });
  if (!answer.ok) throw new Error(await answer.text());
};

const account = () => ({ id: sandbox.accountId, platform: true });
const pricesOf = async (planId: string) => {
  const prices = await stripeCatalog.pricesOfProduct(account(), `baisa_${planId}`);
  return prices
    .filter(({ active }) => active)
    .map(({ lookupKey, amount, cycle }) => `${lookupKey} ${amount} ${cycle}`)
    .sort();
};

test('a plan is one product and one price per cycle at Stripe, in ten-baisa steps', async () => {
  const tax = { name: 'GST', percent: '5', inclusive: false };
  const { id } = await world.publishNew(platform, { name: 'taxed', tax, recurring: [], packs: [] });
  await world.runJobs();
  expect(await stripeCatalog.retrieveProduct(account(), `baisa_${id}`)).toMatchObject({
    name: 'Gold Tier',
    metadata: { baisa_plan: id, baisa_version: '1' },
  });
  expect(await pricesOf(id)).toEqual([
    `baisa:${id}:base:monthly 19.810 OMR monthly`,
    `baisa:${id}:base:quarterly 56.190 OMR quarterly`,
    `baisa:${id}:base:yearly 201.720 OMR yearly`,
  ]);
});

test.each([
  ['cut before it took effect', { cut: 'before', method: 'POST', times: 1 }],
  ['cut after it took effect', { cut: 'after', method: 'POST', times: 1 }],
  ['throttled', { status: 429, method: 'POST', times: 1 }],
  ['cut when it is archived', { cut: 'after', route: '/v1/prices/', method: 'POST', times: 1 }],
])('a price has one successor when a write is %s', async (what, api) => {
  const { id } = await world.publishNew(platform, {
    name: what,
    cycles: { monthly: '10.00' },
    recurring: [],
    packs: [],
  });
  await world.runJobs();
  await world.catalog.patchPlan(platform, id, { cycles: { monthly: '12.00' }, displayName: 'Gold' });
  await world.catalog.publishPlan(platform, id);

  await setFaults({ api });
  const [job] = await world.takeJobs();
  await world.catalog.jobs['catalog.publish'].handle(job?.payload).catch(() => undefined);
  await setFaults({});
  await world.catalog.jobs['catalog.publish'].handle(job?.payload);

  expect(await pricesOf(id)).toEqual([`baisa:${id}:base:monthly 4.620 OMR monthly`]);
  const { operations } = await world.catalog.sync(platform, { dryRun: true, planId: id });
  expect(operations).toEqual([]);
});

test('everything of a plan is at Stripe: tax rate, meter, add-ons, packs and overage in chargeable steps', async () => {
  const { id } = await world.publishNew(platform, {
    name: 'whole',
    cycles: { monthly: '10.00', yearly: '100.00' },
    tax: { name: 'GST', percent: '5', inclusive: true },
    usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' }],
  });
  await world.runJobs();
  expect(await pricesOf(id)).toEqual([
    `baisa:${id}:addon:concurrency:monthly 5.780 OMR monthly`,
    `baisa:${id}:addon:concurrency:yearly 69.300 OMR yearly`,
    `baisa:${id}:base:monthly 3.850 OMR monthly`,
    `baisa:${id}:base:yearly 38.500 OMR yearly`,
    `baisa:${id}:overage:call_minutes 0.010 OMR monthly`,
    `baisa:${id}:pack:call_minutes:500:90 17.330 OMR null`,
  ]);
  expect(await stripeCatalog.meters?.list(account())).toMatchObject([
    { eventName: `baisa_s_${ids.platform}_call_minutes`, active: true },
  ]);
  const [{ checkedAt: _, ...check } = { checkedAt: null }] = await world.catalog.drift.check(platform, undefined);
  expect(check).toMatchObject({ foreignObjects: 0, failure: null });
  const findings = await world.catalog.drift.findings(platform, { status: 'open' }, { limit: 10, before: undefined });
  expect(findings).toEqual([]);
});

test.each([
  ['without a fault', {}],
  ['cut before it took effect', { cut: 'before', route: '/v1/products/', method: 'POST', times: 1 }],
  ['cut after it took effect', { cut: 'after', route: '/v1/products/', method: 'POST', times: 1 }],
  ['cut when a price is archived', { cut: 'after', route: '/v1/prices/', method: 'POST', times: 1 }],
])('an archived plan is out of sale at Stripe: %s', async (what, api) => {
  const { id } = await world.publishNew(platform, { name: `archived ${what}` });
  await world.runJobs();
  expect(await pricesOf(id)).not.toEqual([]);

  await world.catalog.switchPlan(platform, id, 'archive');
  await setFaults(Object.keys(api).length === 0 ? {} : { api });
  const [job] = await world.takeJobs();
  await world.catalog.jobs['catalog.publish'].handle(job?.payload).catch(() => undefined);
  await setFaults({});
  await world.catalog.jobs['catalog.publish'].handle(job?.payload);
  expect(await stripeCatalog.retrieveProduct(account(), `baisa_${id}`)).toMatchObject({ active: false });
  expect(await pricesOf(id)).toEqual([]);
});
