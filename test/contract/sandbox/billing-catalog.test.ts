import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, type Harness, secretKey, startHarness, types } from './harness.ts';

let harness: Harness;
let stripe: Stripe;
beforeAll(async () => {
  harness = await startHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());

const gst = { display_name: 'GST', percentage: 5, inclusive: false } as const;

let names = 0;
const aMeter = (): Stripe.Billing.MeterCreateParams => {
  names += 1;
  return { event_name: `minutes_${names}`, display_name: 'Minutes', default_aggregation: { formula: 'sum' } };
};

/** Sends parameters that the SDK's types do not allow. */
async function send(path: string, body: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${harness.sandbox.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secretKey}`, 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });
  return { status: response.status, body: await response.json() };
}

describe('tax rates', () => {
  test('keep their percentage and whether they are inclusive for ever', async () => {
    const { id } = await stripe.taxRates.create(gst);
    for (const param of ['percentage', 'inclusive']) {
      expect(await send(`/v1/tax_rates/${id}`, `${param}=0`)).toMatchObject({
        status: 400,
        body: { error: { code: 'parameter_unknown', param } },
      });
    }
    const renamed = await stripe.taxRates.update(id, { display_name: 'VAT', active: false });
    expect(renamed).toMatchObject({ ...gst, display_name: 'VAT', active: false });
    expect(await stripe.taxRates.retrieve(id)).toEqual(renamed);
  });

  test('are listed by whether they are active and inclusive', async () => {
    const { id: account } = await stripe.accounts.create({ country: 'AE' });
    const options = { stripeAccount: account };
    const exclusive = await stripe.taxRates.create(gst, options);
    const inclusive = await stripe.taxRates.create({ ...gst, inclusive: true }, options);
    await stripe.taxRates.update(exclusive.id, { active: false }, options);
    const idsOf = async (params: Stripe.TaxRateListParams) =>
      (await stripe.taxRates.list(params, options)).data.map(({ id }) => id);
    expect(await idsOf({})).toEqual([inclusive.id, exclusive.id]);
    expect(await idsOf({ active: true })).toEqual([inclusive.id]);
    expect(await idsOf({ inclusive: false })).toEqual([exclusive.id]);
    expect((await stripe.taxRates.list()).data.map(({ id }) => id)).not.toContain(inclusive.id);
  });

  test.each([
    ['display_name=GST&inclusive=false&percentage=101', 'percentage'],
    ['display_name=GST&inclusive=false&percentage=5.12345', 'percentage'],
    ['display_name=GST&percentage=5', 'inclusive'],
    ['display_name=GST&inclusive=false&percentage=5&country=Oman', 'country'],
  ])('that cannot be are refused: %s', async (body, param) => {
    expect(await send('/v1/tax_rates', body)).toMatchObject({ status: 400, body: { error: { param } } });
  });
});

describe('meters', () => {
  test('are one for each event name', async () => {
    const params = aMeter();
    const meter = await stripe.billing.meters.create(params);
    expect(meter).toMatchObject({ status: 'active', customer_mapping: { event_payload_key: 'stripe_customer_id' } });
    expect(await failureOf(stripe.billing.meters.create({ ...params, display_name: 'Other' }))).toMatchObject({
      statusCode: 400,
      param: 'event_name',
    });
    await stripe.billing.meters.deactivate(meter.id);
    expect(await failureOf(stripe.billing.meters.create(params))).toMatchObject({ statusCode: 400 });
  });

  test('are one for each event name when two calls come at once', async () => {
    const params = aMeter();
    const outcomes = await Promise.allSettled([
      stripe.billing.meters.create(params),
      stripe.billing.meters.create(params),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('change nothing but their name', async () => {
    const { id } = await stripe.billing.meters.create(aMeter());
    expect(await send(`/v1/billing/meters/${id}`, 'event_name=other')).toMatchObject({
      status: 400,
      body: { error: { code: 'parameter_unknown', param: 'event_name' } },
    });
    await stripe.billing.meters.update(id, { display_name: 'Renamed' });
    expect((await stripe.billing.meters.retrieve(id)).display_name).toBe('Renamed');
  });

  test('are switched off and on, and each switch refuses what is so already', async () => {
    const { id } = await stripe.billing.meters.create(aMeter());
    expect(await failureOf(stripe.billing.meters.reactivate(id))).toMatchObject({ statusCode: 400 });
    const off = await stripe.billing.meters.deactivate(id);
    expect(off.status).toBe('inactive');
    expect(off.status_transitions.deactivated_at).not.toBeNull();
    expect((await stripe.billing.meters.list({ status: 'inactive' })).data.map((meter) => meter.id)).toContain(id);
    expect(await failureOf(stripe.billing.meters.deactivate(id))).toMatchObject({ statusCode: 400 });
    expect(await stripe.billing.meters.reactivate(id)).toMatchObject({
      status: 'active',
      status_transitions: { deactivated_at: null },
    });
  });
});

describe('metered prices', () => {
  const recurring = { interval: 'month', usage_type: 'metered' } as const;
  const terms = { currency: 'omr', unit_amount_decimal: Stripe.Decimal.from('1.925') };

  const aProduct = async (): Promise<string> => (await stripe.products.create({ name: 'Gold' })).id;

  test('are flat, exact, and name their meter', async () => {
    const product = await aProduct();
    const { id: meter } = await stripe.billing.meters.create(aMeter());
    const price = await stripe.prices.create({ ...terms, product, recurring: { ...recurring, meter } });
    expect(price).toMatchObject({ billing_scheme: 'per_unit', unit_amount: null, recurring: { ...recurring, meter } });
    expect(String(price.unit_amount_decimal)).toBe('1.925');
    const found = await stripe.prices.list({ product, recurring: { meter, usage_type: 'metered' } });
    expect(found.data.map(({ id }) => id)).toEqual([price.id]);
    expect((await stripe.prices.list({ product, recurring: { usage_type: 'licensed' } })).data).toEqual([]);
  });

  test('need a meter, which must be there and active', async () => {
    const product = await aProduct();
    const make = (more: Stripe.PriceCreateParams.Recurring) =>
      failureOf(stripe.prices.create({ ...terms, product, recurring: more }));
    expect(await make(recurring)).toMatchObject({ statusCode: 400, param: 'recurring[meter]' });
    expect(await make({ ...recurring, meter: 'mtr_absent' })).toMatchObject({ code: 'resource_missing' });
    const { id: meter } = await stripe.billing.meters.create(aMeter());
    expect(await make({ interval: 'month', meter })).toMatchObject({ statusCode: 400, param: 'recurring[meter]' });
    await stripe.billing.meters.deactivate(meter);
    expect(await make({ ...recurring, meter })).toMatchObject({ statusCode: 400, param: 'recurring[meter]' });
  });

  test('stay when their meter is switched off', async () => {
    const product = await aProduct();
    const { id: meter } = await stripe.billing.meters.create(aMeter());
    const { id } = await stripe.prices.create({ ...terms, product, recurring: { ...recurring, meter } });
    await stripe.billing.meters.deactivate(meter);
    expect(await stripe.prices.retrieve(id)).toMatchObject({ active: true, recurring: { meter } });
  });
});

describe('the catalogue', () => {
  test('pages through more prices than one answer holds', async () => {
    const product = (await stripe.products.create({ name: 'Many' })).id;
    const made: string[] = [];
    for (let cents = 1; cents <= 101; cents += 1) {
      made.unshift((await stripe.prices.create({ currency: 'usd', unit_amount: cents, product })).id);
    }
    const first = await stripe.prices.list({ product, limit: 100 });
    expect(first).toMatchObject({ has_more: true });
    const all = await stripe.prices.list({ product, limit: 100 }).autoPagingToArray({ limit: 200 });
    expect(all.map(({ id }) => id)).toEqual(made);
  });

  test('tells what changed in it', async () => {
    const { id: taxRate } = await stripe.taxRates.create(gst);
    await stripe.taxRates.update(taxRate, { active: false });
    const { id: meter } = await stripe.billing.meters.create(aMeter());
    await stripe.billing.meters.update(meter, { display_name: 'Renamed' });
    await stripe.billing.meters.deactivate(meter);
    await stripe.billing.meters.reactivate(meter);
    await harness.sandbox.settled();
    expect(types(harness.receiver)).toEqual(
      expect.arrayContaining([
        'tax_rate.created',
        'tax_rate.updated',
        'billing.meter.created',
        'billing.meter.updated',
        'billing.meter.deactivated',
        'billing.meter.reactivated',
      ]),
    );
  });
});
