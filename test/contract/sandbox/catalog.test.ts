import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientFor, failureOf, type Harness, startHarness, topUp } from './harness.ts';

let harness: Harness;
let stripe: Stripe;
beforeAll(async () => {
  harness = await startHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());

const monthly = { currency: 'usd', unit_amount: 4900, recurring: { interval: 'month' } } as const;

describe('products', () => {
  test('keep the id they are given and exist once', async () => {
    const product = await stripe.products.create({ id: 'plan_gold', name: 'Gold', metadata: { plan: 'gold' } });
    expect(product).toMatchObject({ id: 'plan_gold', active: true, metadata: { plan: 'gold' } });
    expect(await failureOf(stripe.products.create({ id: 'plan_gold', name: 'Gold' }))).toMatchObject({
      statusCode: 400,
      code: 'resource_already_exists',
    });
  });

  test('merge metadata, and lose a key that is emptied', async () => {
    await stripe.products.create({ id: 'plan_meta', name: 'Meta', metadata: { a: '1', b: '2' } });
    const updated = await stripe.products.update('plan_meta', { metadata: { a: '', c: '3' }, description: 'More' });
    expect(updated).toMatchObject({ metadata: { b: '2', c: '3' }, description: 'More' });
    expect(updated.metadata).not.toHaveProperty('a');
  });

  test('are deleted only while they have no price', async () => {
    const product = await stripe.products.create({ name: 'Short-lived' });
    const priced = await stripe.products.create({ name: 'Priced' });
    await stripe.prices.create({ ...monthly, product: priced.id });
    expect(await stripe.products.del(product.id)).toMatchObject({ deleted: true });
    expect(await failureOf(stripe.products.del(priced.id))).toMatchObject({ statusCode: 400 });
    expect(await failureOf(stripe.products.retrieve(product.id))).toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
    });
  });
});

describe('prices', () => {
  test('never change what they cost', async () => {
    const product = await stripe.products.create({ name: 'Fixed' });
    const price = await stripe.prices.create({ ...monthly, product: product.id });
    const response = await fetch(`${harness.sandbox.url}/v1/prices/${price.id}`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_sandbox', 'content-type': 'application/x-www-form-urlencoded' },
      body: 'unit_amount=1',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'parameter_unknown', param: 'unit_amount' } });
  });

  test('hand a lookup key over only when asked to, in one step', async () => {
    const product = await stripe.products.create({ name: 'Swapped' });
    const old = await stripe.prices.create({ ...monthly, product: product.id, lookup_key: 'swap' });
    expect(
      await failureOf(stripe.prices.create({ ...monthly, product: product.id, lookup_key: 'swap' })),
    ).toMatchObject({
      statusCode: 400,
      param: 'lookup_key',
    });
    const next = await stripe.prices.create({
      ...monthly,
      product: product.id,
      lookup_key: 'swap',
      transfer_lookup_key: true,
    });
    expect((await stripe.prices.retrieve(old.id)).lookup_key).toBeNull();
    const found = await stripe.prices.list({ lookup_keys: ['swap', 'absent'] });
    expect(found.data.map(({ id }) => id)).toEqual([next.id]);
  });

  test('end with one holder of each lookup key when calls take them from each other at once', async () => {
    const product = (await stripe.products.create({ name: 'Contended' })).id;
    const make = (key: string) =>
      stripe.prices.create({ ...monthly, product, lookup_key: key, transfer_lookup_key: true });
    const first = await make('contended:a');
    const second = await make('contended:b');
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([
        stripe.prices.update(first.id, { lookup_key: 'contended:b', transfer_lookup_key: true }),
        stripe.prices.update(second.id, { lookup_key: 'contended:a', transfer_lookup_key: true }),
        make('contended:a'),
        make('contended:b'),
      ]);
    }
    const holders = await stripe.prices.list({ lookup_keys: ['contended:a', 'contended:b'], limit: 100 });
    expect(holders.data.map((price) => price.lookup_key).sort()).toEqual(['contended:a', 'contended:b']);
  });

  test('take at most ten lookup keys per call', async () => {
    const keys = Array.from({ length: 11 }, (_, index) => `key_${index}`);
    expect(await failureOf(stripe.prices.list({ lookup_keys: keys }))).toMatchObject({ statusCode: 400 });
  });

  test('keep a tax behaviour once it is chosen', async () => {
    const product = await stripe.products.create({ name: 'Taxed' });
    const price = await stripe.prices.create({ ...monthly, product: product.id });
    expect((await stripe.prices.update(price.id, { tax_behavior: 'inclusive' })).tax_behavior).toBe('inclusive');
    expect(await failureOf(stripe.prices.update(price.id, { tax_behavior: 'exclusive' }))).toMatchObject({
      statusCode: 400,
      param: 'tax_behavior',
    });
  });

  test('answer exact decimals as the SDK reads them', async () => {
    const product = await stripe.products.create({ name: 'Exact' });
    const price = await stripe.prices.create({
      currency: 'omr',
      product: product.id,
      unit_amount_decimal: Stripe.Decimal.from('38.5'),
    });
    expect(price.unit_amount).toBeNull();
    expect(String(price.unit_amount_decimal)).toBe('38.5');
  });
});

describe('amounts', () => {
  test.each([
    [1925, 'omr', 'parameter_invalid_integer'],
    [190, 'omr', 'amount_too_small'],
    [49, 'usd', 'amount_too_small'],
    [100_000_000, 'usd', 'amount_too_large'],
  ])('%i %s cannot be charged: %s', async (amount, currency, code) => {
    expect(await failureOf(stripe.checkout.sessions.create(topUp(amount, currency)))).toMatchObject({
      statusCode: 400,
      code,
    });
  });

  test("are refused in a currency that the account's country has not", async () => {
    const american = await startHarness({ country: 'US' });
    try {
      const spec = await american.stripe.countrySpecs.retrieve('US');
      expect(spec.supported_payment_currencies).not.toContain('omr');
      expect(await failureOf(american.stripe.checkout.sessions.create(topUp()))).toMatchObject({
        statusCode: 400,
        param: 'currency',
      });
    } finally {
      await american.close();
    }
    expect((await stripe.countrySpecs.retrieve('AE')).supported_payment_currencies).toContain('omr');
  });
});

describe('parameters', () => {
  test('that are unknown are named, at any depth', async () => {
    const send = async (body: string) => {
      const response = await fetch(`${harness.sandbox.url}/v1/checkout/sessions`, {
        method: 'POST',
        headers: { authorization: 'Bearer sk_test_sandbox', 'content-type': 'application/x-www-form-urlencoded' },
        body,
      });
      return { status: response.status, body: await response.json() };
    };
    expect(await send('mode=payment&line_items[0][price_data][colour]=red')).toMatchObject({
      status: 400,
      body: { error: { code: 'parameter_unknown', param: 'line_items[0][price_data][colour]' } },
    });
    expect(await send('mode=payment&payment_method_types[0]=card')).toMatchObject({
      body: { error: { code: 'payment_method_types_no_longer_supported' } },
    });
    expect(await send('mode=payment&line_items[0][price]=price_x')).toMatchObject({
      body: { error: { code: 'parameter_missing', param: 'success_url' } },
    });
    expect(await send('mode=payment&success_url=https://a.example&line_items[0][quantity]=two')).toMatchObject({
      body: { error: { code: 'parameter_invalid_integer', param: 'line_items[0][quantity]' } },
    });
  });

  test('named like what every object inherits are as unknown as any other', async () => {
    const get = async (path: string) => {
      const response = await fetch(`${harness.sandbox.url}${path}`, {
        headers: { authorization: 'Bearer sk_test_sandbox' },
      });
      return response.status;
    };
    await stripe.customers.create({ name: 'Any' });
    expect(await get('/v1/country_specs/constructor')).toBe(400);
    expect(await get('/v1/customers?constructor=1')).toBe(400);
    expect(await get('/v1/customers?__proto__[limit]=1')).toBe(400);
    expect(await get('/v1/customers?expand[0]=data.constructor')).toBe(400);
  });

  test('in lists of more than twenty arrive whole', async () => {
    const images = Array.from({ length: 25 }, (_, index) => `https://a.example/${index}.png`);
    expect((await stripe.products.create({ name: 'Pictures', images })).images).toEqual(images);
  });
});

describe('lists', () => {
  test('page forwards and backwards through everything, newest first', async () => {
    const account = await stripe.accounts.create({ country: 'AE', type: 'standard' });
    const options = { stripeAccount: account.id };
    const made: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      made.unshift((await stripe.customers.create({ name: `Client ${index}` }, options)).id);
    }
    const seen = await stripe.customers.list({ limit: 2 }, options).autoPagingToArray({ limit: 100 });
    expect(seen.map(({ id }) => id)).toEqual(made);
    const page = await stripe.customers.list({ limit: 3, ending_before: String(made[5]) }, options);
    expect(page).toMatchObject({ object: 'list', has_more: true, url: '/v1/customers' });
    expect(page.data.map(({ id }) => id)).toEqual(made.slice(2, 5));
  });

  test('find customers by e-mail', async () => {
    const customer = await stripe.customers.create({ email: 'one@example.com' });
    await stripe.customers.create({ email: 'two@example.com' });
    expect((await stripe.customers.list({ email: 'one@example.com' })).data.map(({ id }) => id)).toEqual([customer.id]);
  });
});

describe('accounts', () => {
  test('share nothing with each other', async () => {
    const account = await stripe.accounts.create({ country: 'AE', type: 'standard' });
    const options = { stripeAccount: account.id };
    await stripe.products.create({ id: 'same_id', name: 'Platform' });
    await stripe.products.create({ id: 'same_id', name: 'Agency' }, options);
    expect((await stripe.products.retrieve('same_id')).name).toBe('Platform');
    expect((await stripe.products.retrieve('same_id', undefined, options)).name).toBe('Agency');
    const own = await stripe.customers.create({ name: 'Agency client' }, options);
    expect(await failureOf(stripe.customers.retrieve(own.id))).toMatchObject({ statusCode: 404 });
  });

  test('pay an application fee out of their balance, and the platform cannot pay one to itself', async () => {
    const account = await stripe.accounts.create({ country: 'AE', type: 'standard' });
    const options = { stripeAccount: account.id };
    const params = { ...topUp(), payment_intent_data: { application_fee_amount: 190 } };
    expect(await failureOf(stripe.checkout.sessions.create(params))).toMatchObject({ statusCode: 400 });
    const session = await stripe.checkout.sessions.create(params, options);
    await harness.control('POST', `/sandbox/sessions/${session.id}/pay`, { card: '4242424242424242' });
    const [transaction] = (await stripe.balanceTransactions.list({}, options)).data;
    expect(transaction?.fee_details.map(({ type }) => type)).toEqual(['stripe_fee', 'application_fee']);
    expect(transaction?.net).toBe(Number(transaction?.amount) - Number(transaction?.fee));
  });

  test('that are unknown are refused with 403 account_invalid', async () => {
    expect(await failureOf(stripe.customers.list({}, { stripeAccount: 'acct_unknown' }))).toMatchObject({
      statusCode: 403,
      code: 'account_invalid',
    });
  });

  test('answer who the key belongs to, and only to its key', async () => {
    expect(await stripe.accounts.retrieveCurrent()).toMatchObject({
      id: harness.sandbox.accountId,
      country: 'AE',
      default_currency: 'aed',
    });
    expect(await failureOf(clientFor(harness.sandbox, 'sk_test_wrong').customers.list())).toMatchObject({
      statusCode: 401,
    });
  });

  test('are throttled one by one', async () => {
    const throttled = await startHarness({ throttlePerSecond: 5 });
    try {
      const calls = Array.from({ length: 20 }, () => throttled.stripe.customers.list());
      const outcomes = await Promise.allSettled(calls);
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(refused.length).toBeGreaterThan(0);
      expect(refused[0]?.reason).toMatchObject({ statusCode: 429, code: 'rate_limit' });
    } finally {
      await throttled.close();
    }
  });
});
