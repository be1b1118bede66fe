import nock from 'nock';
import { afterEach, expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import type { LicensedPriceSpec } from '../../../src/providers/port.ts';
import { withoutNetwork } from '../../support/no-network.ts';
import { api, failureOf, page, platform, whopAt } from './whop-support.ts';

withoutNetwork();
afterEach(() => {
  const left = nock.pendingMocks();
  nock.cleanAll();
  expect(left).toEqual([]);
});

const product = {
  id: 'prod_1',
  title: 'Gold Tier',
  description: 'For teams',
  visibility: 'hidden',
  metadata: { baisa_plan: 'plan_1', baisa_object: 'baisa_plan_1' },
};
const plan = {
  id: 'plan_1',
  plan_type: 'renewal',
  billing_period: 30,
  currency: 'usd',
  initial_price: 0,
  renewal_price: 49,
  visibility: 'hidden',
  product: { id: 'prod_1' },
  metadata: { baisa_plan: 'plan_1', baisa_lookup_key: 'baisa:plan_1:base:monthly', baisa_tax_behavior: 'unspecified' },
};
const price: LicensedPriceSpec = {
  usage: 'licensed',
  productId: 'baisa_plan_1',
  lookupKey: 'baisa:plan_1:base:monthly',
  cycle: 'monthly',
  amount: Money.of('49.00', 'USD'),
  taxBehavior: 'unspecified',
  metadata: { baisa_plan: 'plan_1' },
};

const listProducts = (...items: readonly object[]) =>
  api()
    .get('/api/v1/products')
    .query({ account_id: 'biz_platform', first: 100, direction: 'asc' })
    .reply(200, page(...items));
const listPlans = (...items: readonly object[]) =>
  api()
    .get('/api/v1/plans')
    .query({ account_id: 'biz_platform', 'product_ids[]': 'prod_1', first: 100 })
    .reply(200, page(...items));

test('a product keeps our id in its metadata, and is hidden: only a checkout leads to it', async () => {
  listProducts();
  let sent = {};
  api()
    .post('/api/v1/products', (body: object) => {
      sent = body;
      return true;
    })
    .matchHeader('idempotency-key', 'op:1')
    .reply(200, product);
  const wanted = {
    id: 'baisa_plan_1',
    name: 'Gold Tier',
    description: 'For teams',
    active: true,
    metadata: { baisa_plan: 'plan_1' },
  };
  const made = await whopAt().catalog.createProduct(platform, wanted, { idempotencyKey: 'op:1' });
  expect(made).toEqual(wanted);
  expect(sent).toEqual({
    account_id: 'biz_platform',
    title: 'Gold Tier',
    description: 'For teams',
    visibility: 'hidden',
    metadata: { baisa_plan: 'plan_1', baisa_object: 'baisa_plan_1' },
  });
});

test.each([
  ['monthly', 30],
  ['quarterly', 90],
  ['yearly', 365],
] as const)('a %s price is a renewal plan of %i days, without a first payment on top', async (cycle, days) => {
  listProducts(product);
  let sent = {};
  api()
    .post('/api/v1/plans', (body: object) => {
      sent = body;
      return true;
    })
    .matchHeader('idempotency-key', 'op:1')
    .reply(200, { ...plan, billing_period: days });
  listProducts(product);
  listPlans({ ...plan, billing_period: days });
  const made = await whopAt().catalog.createPrice(platform, { ...price, cycle }, { idempotencyKey: 'op:1' });
  expect(made).toMatchObject({ id: 'plan_1', usage: 'licensed', cycle, active: true, metadata: price.metadata });
  expect(made.amount.toString()).toBe('49.00 USD');
  expect(sent).toEqual({
    account_id: 'biz_platform',
    product_id: 'prod_1',
    plan_type: 'renewal',
    release_method: 'buy_now',
    currency: 'usd',
    initial_price: 0,
    renewal_price: 49,
    billing_period: days,
    adaptive_pricing_enabled: false,
    unlimited_stock: true,
    visibility: 'hidden',
    metadata: plan.metadata,
  });
});

test('a new price takes the lookup key from the one that had it', async () => {
  listProducts(product);
  api()
    .post('/api/v1/plans')
    .reply(200, { ...plan, id: 'plan_2', renewal_price: 59 });
  listProducts(product);
  listPlans(plan, { ...plan, id: 'plan_2', renewal_price: 59 });
  api()
    .patch('/api/v1/plans/plan_1', {
      metadata: { baisa_plan: 'plan_1', baisa_lookup_key: '', baisa_tax_behavior: 'unspecified' },
    })
    .reply(200, plan);
  const newer = { ...price, amount: Money.of('59.00', 'USD') };
  expect(await whopAt().catalog.createPrice(platform, newer, { idempotencyKey: 'op:2' })).toMatchObject({
    id: 'plan_2',
    lookupKey: price.lookupKey,
  });
});

test('an archived price keeps what it was: Whop hides the plan, and its members stay on it', async () => {
  api().get('/api/v1/plans/plan_1').reply(200, plan);
  api()
    .patch('/api/v1/plans/plan_1', { visibility: 'archived' })
    .matchHeader('idempotency-key', 'op:3')
    .reply(200, { ...plan, visibility: 'archived' });
  listProducts(product);
  expect(await whopAt().catalog.archivePrice(platform, 'plan_1', { idempotencyKey: 'op:3' })).toMatchObject({
    active: false,
    lookupKey: price.lookupKey,
  });
});

test('a metered price is refused before anything is sent: Whop counts no usage', async () => {
  listProducts(product);
  const metered = { ...price, usage: 'metered', meterId: 'mtr_1', cycle: 'monthly' } as const;
  const refusal = await failureOf(whopAt().catalog.createPrice(platform, metered, { idempotencyKey: 'op:4' }));
  expect(refusal.detail).toMatchObject({ kind: 'invalid', code: 'no_meters' });
});
