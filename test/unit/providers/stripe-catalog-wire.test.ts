import { describe, expect, it } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import {
  expectRequest,
  list,
  meter,
  price,
  product,
  recordRequests,
  stripe,
  taxRate,
  wire,
} from './stripe-recorder.ts';
import { connected, failureOf, platform } from './stripe-support.ts';

recordRequests();

const options = { idempotencyKey: 'op:1' };

const terms = {
  productId: 'plan_1',
  lookupKey: 'baisa:plan_1:overage:minutes',
  taxBehavior: 'inclusive',
  metadata: { baisa_plan: 'plan_1' },
} as const;

const aTaxRate = {
  displayName: 'GST',
  percentage: '7.5',
  inclusive: true,
  country: 'OM',
  metadata: { baisa_agency: 'agency_1' },
};

const aMeter = { eventName: 'baisa_minutes', displayName: 'Call minutes', aggregation: 'sum' } as const;

const refusal = { error: { type: 'invalid_request_error', message: 'No.' } };

describe('every request of the catalogue', () => {
  it.each<[string, object, () => Promise<unknown>]>([
    ['list products', list(), () => stripe().catalog.listProducts(connected)],
    ['update a price', price, () => stripe().catalog.updatePrice(connected, 'price_1', { active: true }, options)],
    ['list tax rates', list(), () => stripe().taxRates.list(connected)],
    ['create a tax rate', taxRate, () => stripe().taxRates.create(connected, aTaxRate, options)],
    ['update a tax rate', taxRate, () => stripe().taxRates.update(connected, 'txr_1', { active: false }, options)],
    ['list meters', list(), () => stripe().meters.list(connected)],
    ['create a meter', meter, () => stripe().meters.create(connected, aMeter, options)],
    ['rename a meter', meter, () => stripe().meters.rename(connected, 'mtr_1', 'Minutes', options)],
    ['deactivate a meter', meter, () => stripe().meters.deactivate(connected, 'mtr_1', options)],
    ['reactivate a meter', meter, () => stripe().meters.reactivate(connected, 'mtr_1', options)],
  ])('to %s acts on the connected account it is for', async (_what, answer, call) => {
    const sent = await wire(answer, call);
    expect(sent.headers['stripe-account']).toBe('acct_agency');
    if (sent.method === 'POST') expect(sent.headers['idempotency-key']).toBe('op:1');
    else expect(sent.headers).not.toHaveProperty('idempotency-key');
  });
});

describe('the form of', () => {
  it('a metered price, exact to a fraction of a baisa', async () => {
    const recurring = { interval: 'month', interval_count: 1, usage_type: 'metered', meter: 'mtr_1' };
    const answer = { ...price, unit_amount: null, unit_amount_decimal: '1.925', recurring };
    const amount = Money.of('0.001925', 'OMR');
    const spec = { ...terms, usage: 'metered', cycle: 'monthly', meterId: 'mtr_1', amount } as const;
    const sent = await wire(answer, () => stripe().catalog.createPrice(platform, spec, options));
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/prices' });
    expect(sent.form).toEqual({
      product: 'plan_1',
      currency: 'omr',
      unit_amount_decimal: '1.925',
      'recurring[interval]': 'month',
      'recurring[interval_count]': '1',
      'recurring[usage_type]': 'metered',
      'recurring[meter]': 'mtr_1',
      lookup_key: 'baisa:plan_1:overage:minutes',
      transfer_lookup_key: 'true',
      tax_behavior: 'inclusive',
      'metadata[baisa_plan]': 'plan_1',
    });
    expect(sent.result).toMatchObject({ usage: 'metered', cycle: 'monthly', meterId: 'mtr_1' });
    expect(sent.result.amount.equals(amount)).toBe(true);
  });

  it('the price of a pack, which is paid once', async () => {
    const spec = { ...terms, usage: 'one_time', amount: Money.of('18.870', 'OMR') } as const;
    const sent = await wire({ ...price, recurring: null }, () => stripe().catalog.createPrice(platform, spec, options));
    expect(sent.form).toEqual({
      product: 'plan_1',
      currency: 'omr',
      unit_amount: '18870',
      lookup_key: 'baisa:plan_1:overage:minutes',
      transfer_lookup_key: 'true',
      tax_behavior: 'inclusive',
      'metadata[baisa_plan]': 'plan_1',
    });
    expect(sent.result).toMatchObject({ usage: 'one_time', cycle: null, meterId: null });
  });

  it.each([
    [{ active: true }, { active: 'true' }],
    [{ lookupKey: 'baisa:a' }, { lookup_key: 'baisa:a', transfer_lookup_key: 'true' }],
    [{ metadata: { baisa_plan: 'plan_2' } }, { 'metadata[baisa_plan]': 'plan_2' }],
  ])('a changed price: %j', async (change, form) => {
    const sent = await wire(price, () => stripe().catalog.updatePrice(platform, 'price_1', change, options));
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/prices/price_1' });
    expect(sent.form).toEqual(form);
  });

  it('a new tax rate', async () => {
    const sent = await wire(taxRate, () => stripe().taxRates.create(platform, aTaxRate, options));
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/tax_rates' });
    expect(sent.form).toEqual({
      display_name: 'GST',
      percentage: '7.5',
      inclusive: 'true',
      country: 'OM',
      'metadata[baisa_agency]': 'agency_1',
    });
    expect(sent.result).toEqual({ ...aTaxRate, id: 'txr_1', active: true });
  });

  it.each([
    [{ active: false }, { active: 'false' }],
    [
      { displayName: 'VAT', metadata: { a: 'b' } },
      { display_name: 'VAT', 'metadata[a]': 'b' },
    ],
  ])('a changed tax rate: %j', async (change, form) => {
    const sent = await wire(taxRate, () => stripe().taxRates.update(platform, 'txr_1', change, options));
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/tax_rates/txr_1' });
    expect(sent.form).toEqual(form);
  });

  it('a new meter', async () => {
    const sent = await wire(meter, () => stripe().meters.create(platform, aMeter, options));
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/billing/meters' });
    expect(sent.form).toEqual({
      event_name: 'baisa_minutes',
      display_name: 'Call minutes',
      'default_aggregation[formula]': 'sum',
      'customer_mapping[type]': 'by_id',
      'customer_mapping[event_payload_key]': 'stripe_customer_id',
      'value_settings[event_payload_key]': 'value',
    });
    expect(sent.result).toEqual({
      ...aMeter,
      id: 'mtr_1',
      customerKey: 'stripe_customer_id',
      valueKey: 'value',
      active: true,
    });
  });

  it('a meter that is renamed, switched off and on', async () => {
    const renamed = await wire(meter, () => stripe().meters.rename(platform, 'mtr_1', 'Minutes', options));
    expect(renamed).toMatchObject({ path: '/v1/billing/meters/mtr_1', form: { display_name: 'Minutes' } });
    const off = await wire({ ...meter, status: 'inactive' }, () =>
      stripe().meters.deactivate(platform, 'mtr_1', options),
    );
    expect(off).toMatchObject({ path: '/v1/billing/meters/mtr_1/deactivate', form: {}, result: { active: false } });
    const on = await wire(meter, () => stripe().meters.reactivate(platform, 'mtr_1', options));
    expect(on).toMatchObject({ path: '/v1/billing/meters/mtr_1/reactivate', form: {}, result: { active: true } });
  });
});

describe('reading the catalogue', () => {
  it('lists the products of ours, by id or by metadata', async () => {
    const products = list(
      { ...product, id: 'baisa_plan_1', metadata: {} },
      { ...product, active: false },
      { ...product, id: 'prod_theirs', metadata: { plan: 'x' } },
    );
    const sent = await wire(products, () => stripe().catalog.listProducts(platform));
    expect(sent).toMatchObject({ path: '/v1/products', form: { limit: '100' } });
    expect(sent.result.map(({ id, active }) => [id, active])).toEqual([
      ['baisa_plan_1', true],
      ['plan_1', false],
    ]);
  });

  it('lists the prices of ours, active and archived, and what others put on our products', async () => {
    const bare = { ...price, lookup_key: null, metadata: {} };
    const active = expectRequest(
      list(
        { ...bare, id: 'by_key', lookup_key: 'baisa:plan_1:monthly' },
        { ...bare, id: 'by_metadata', metadata: { baisa_plan: 'plan_1' } },
        { ...bare, id: 'on_our_product', product: 'baisa_plan_1' },
        { ...bare, id: 'theirs', product: 'prod_theirs', lookup_key: 'gold' },
      ),
    );
    // Archived between the two calls: it is in both, and the later one counts.
    const archived = active.then(() => expectRequest(list({ ...price, id: 'by_key', active: false })));
    const found = await stripe().catalog.listPrices(platform);
    expect(found.map(({ id, active: isActive }) => [id, isActive])).toEqual([
      ['by_key', false],
      ['by_metadata', true],
      ['on_our_product', true],
    ]);
    expect([(await active).form.active, (await archived).form.active]).toEqual(['true', 'false']);
  });

  it('lists the tax rates and meters of ours', async () => {
    const taxRates = list(taxRate, { ...taxRate, id: 'txr_theirs', metadata: {} }, { ...taxRate, metadata: null });
    expect((await wire(taxRates, () => stripe().taxRates.list(platform))).result.map(({ id }) => id)).toEqual([
      'txr_1',
    ]);
    const meters = list({ ...meter, id: 'mtr_theirs', event_name: 'minutes' }, { ...meter, status: 'inactive' });
    expect((await wire(meters, () => stripe().meters.list(platform))).result).toMatchObject([
      { id: 'mtr_1', active: false },
    ]);
  });

  it('knows no aggregation of ours in one that Stripe may add', async () => {
    const answer = { ...meter, default_aggregation: { formula: 'median' } };
    expect((await wire(list(answer), () => stripe().meters.list(platform))).result).toMatchObject([
      { aggregation: null },
    ]);
  });
});

describe('a refused meter', () => {
  it('is the existing one when its event name is taken, the active one first', async () => {
    const off = { ...meter, id: 'mtr_off', status: 'inactive' };
    const first = expectRequest(refusal, 400);
    const second = first.then(() => expectRequest(list({ ...meter, event_name: 'baisa_other' }, off, meter)));
    await expect(stripe().meters.create(connected, aMeter, options)).resolves.toMatchObject({ id: 'mtr_1' });
    expect(await second).toMatchObject({ method: 'GET', path: '/v1/billing/meters' });
  });

  it('stays refused when its event name is free', async () => {
    void expectRequest(refusal, 400).then(() => expectRequest(list()));
    expect((await failureOf(stripe().meters.create(platform, aMeter, options))).kind).toBe('invalid');
  });

  it('is answered as it is when it was switched already, and stays refused otherwise', async () => {
    const off = { ...meter, status: 'inactive' };
    void expectRequest(refusal, 400).then(() => expectRequest(off));
    await expect(stripe().meters.deactivate(platform, 'mtr_1', options)).resolves.toMatchObject({ active: false });
    void expectRequest(refusal, 400).then(() => expectRequest(off));
    expect((await failureOf(stripe().meters.reactivate(platform, 'mtr_1', options))).kind).toBe('invalid');
  });
});

describe('a tax of no percentage', () => {
  it.each(['', '-1', '100.5', '5.00001', '1e1'])('is refused before it is sent: "%s"', async (percentage) => {
    const failure = await failureOf(stripe().taxRates.create(platform, { ...aTaxRate, percentage }, options));
    expect(failure.detail).toMatchObject({ kind: 'invalid', code: 'percentage_invalid' });
  });
});
