import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accountPrice, freezeUsage, inAccountCurrency } from '../../../src/catalog/account-price.ts';
import { desired } from '../../../src/catalog/desired.ts';
import { type CatalogLink, diff } from '../../../src/catalog/diff.ts';
import { Money } from '../../../src/money/money.ts';
import { dollarAccount, omaniAccount, payAsYouGo, plan, sold } from './plans.ts';

const cents = fc.integer({ min: 1, max: 9_999_999 }).map((minor) => Money.ofMinorUnits(minor, 'USD'));
const rates = fc.integer({ min: 1, max: 50_000 }).map((parts) => (parts / 10_000).toFixed(4));
const taxes = fc.option(
  fc.record({
    name: fc.constant('GST'),
    percent: fc.integer({ min: 0, max: 100 }).map(String),
    inclusive: fc.boolean(),
  }),
);

describe('a published price', () => {
  test('can always be charged and is within half a step of the exact amount', () => {
    const accounts = fc.record({ usdRate: rates, chargeCurrency: fc.constantFrom('OMR', 'KWD', 'AED', 'JPY') });
    fc.assert(
      fc.property(cents, taxes, accounts, (price, tax, { usdRate, chargeCurrency }) => {
        const account = { usdRate, chargeCurrency, effectiveCurrency: chargeCurrency };
        const asked = accountPrice(price, tax, account);
        const converted = inAccountCurrency(price, account);
        if (!asked || !converted) throw new Error('there is a rate');
        const addsTax = tax && !tax.inclusive && converted.currency.decimals === 3;
        const exact = addsTax ? converted.plus(converted.times(tax.percent).times('0.01')) : converted;
        expect(asked.amount.isChargeable).toBe(true);
        const half = asked.amount.currency.chargeableStep.div(2);
        expect(asked.amount.minus(exact).amount.abs().lessThanOrEqualTo(half)).toBe(true);
      }),
    );
  });

  test.each([
    ['5.00', '1.930'],
    ['1.00', '0.390'],
    ['49.00', '18.870'],
    ['20.00', '7.700'],
  ])('of %s USD is %s OMR at 0.385, rounded half-up to ten baisa', (usd, omr) => {
    expect(accountPrice(Money.of(usd, 'USD'), null, omaniAccount)?.amount.toDecimalString()).toBe(omr);
  });

  test('in a three-decimal currency includes an exclusive tax before it is rounded', () => {
    const tax = { name: 'GST', percent: '5', inclusive: false };
    const asked = accountPrice(Money.of('25.00', 'USD'), tax, omaniAccount);
    expect(asked).toEqual({ amount: Money.of('10.110', 'OMR'), taxBehavior: 'inclusive' });
  });

  test('in a two-decimal currency leaves an exclusive tax to the provider', () => {
    const tax = { name: 'GST', percent: '5', inclusive: false };
    expect(accountPrice(Money.of('25.00', 'USD'), tax, dollarAccount)?.taxBehavior).toBe('exclusive');
    expect(accountPrice(Money.of('25.00', 'USD'), { ...tax, inclusive: true }, dollarAccount)?.taxBehavior).toBe(
      'inclusive',
    );
    expect(accountPrice(Money.of('25.00', 'USD'), null, dollarAccount)?.taxBehavior).toBe('unspecified');
  });

  test('in the account currency is not converted, and back to USD by the same rate', () => {
    expect(accountPrice(Money.of('19.250', 'OMR'), null, omaniAccount)?.amount.toString()).toBe('19.250 OMR');
    expect(accountPrice(Money.of('19.250', 'OMR'), null, dollarAccount)?.amount.toString()).toBe('50.00 USD');
  });
});

test('usage prices are frozen in USD to six decimals at the rate of publication', () => {
  const document = payAsYouGo({ currency: 'OMR', usage: [{ feature: 'call_minutes', unitPrice: '0.077' }] });
  const frozen = { usdRate: '0.385', usage: [{ feature: 'call_minutes', unitPrice: '0.20', price: '0.20' }] };
  expect(freezeUsage(document, '0.385')).toEqual(frozen);
});

test('a fixed plan without an overage price stops hard: its unit price only informs', () => {
  const document = plan({ usage: [{ feature: 'call_minutes', included: '5', unitPrice: '0.10' }], packs: [] });
  expect(freezeUsage(document, '1').usage).toEqual([{ feature: 'call_minutes', unitPrice: '0.10', price: null }]);
});

const target = (...input: Parameters<typeof desired>) => {
  const wanted = desired(...input);
  if (wanted.blocked !== null) throw new Error(wanted.blocked);
  return wanted;
};

describe('what is desired', () => {
  test('is the same for the same input', () => {
    expect(target(sold(), omaniAccount)).toEqual(target(sold(), omaniAccount));
  });

  test('shows the display name, never the internal one', () => {
    const { product, prices } = target(sold(), omaniAccount);
    expect(product.product).toMatchObject({ id: 'baisa_plan_1', name: 'Gold Tier' });
    expect(JSON.stringify([product, prices])).not.toContain('gold-2026');
    expect(prices.map(({ price }) => price.lookupKey)).toEqual([
      'baisa:plan_1:base:monthly',
      'baisa:plan_1:base:quarterly',
      'baisa:plan_1:base:yearly',
      'baisa:plan_1:addon:concurrency:monthly',
      'baisa:plan_1:addon:concurrency:quarterly',
      'baisa:plan_1:addon:concurrency:yearly',
      'baisa:plan_1:pack:call_minutes:500:90',
    ]);
  });

  test('is a new price when the rate changes, though it rounds to the same amount', () => {
    const [before] = target(sold({ cycles: { monthly: '2.00' } }), omaniAccount).prices;
    const [after] = target(sold({ cycles: { monthly: '2.00' } }), { ...omaniAccount, usdRate: '0.3851' }).prices;
    expect(after?.price.amount).toEqual(before?.price.amount);
    expect(after?.fingerprint).not.toBe(before?.fingerprint);
  });

  test('does not depend on the rate where nothing is converted', () => {
    const rial = sold({ currency: 'OMR' });
    const changed = target(rial, { ...omaniAccount, usdRate: '0.4' });
    expect(changed.prices).toEqual(target(rial, omaniAccount).prices);
  });

  test('shares a price between versions that ask the same', () => {
    const prints = (version: number) =>
      target(sold({}, version), omaniAccount).prices.map((price) => price.fingerprint);
    expect(prints(2)).toEqual(prints(1));
  });

  test('is blocked where no rate leads to what the account charges', () => {
    const dirhams = { ...omaniAccount, chargeCurrency: 'AED', effectiveCurrency: 'AED', usdRate: '3.6725' };
    expect(desired(sold({ currency: 'OMR' }), dirhams).blocked).toMatch(/no rate from OMR to AED/);
  });
});

const invoiced = (overagePrice: string) => ({
  usage: [{ feature: 'call_minutes', included: '100', overagePrice, collect: 'invoice' as const }],
  recurring: [],
  packs: [],
});

describe('beside the base prices', () => {
  const amounts = (...input: Parameters<typeof target>) =>
    Object.fromEntries(target(...input).prices.map(({ key, price }) => [key, price.amount.toString()]));

  test('an add-on costs its monthly price times the months of the cycle, rounded once', () => {
    const change = { recurring: [{ feature: 'seats', included: 1, unitPrice: '9.99' }], packs: [] };
    expect(amounts(sold(change), omaniAccount)).toMatchObject({
      'addon:seats:monthly': '3.850 OMR',
      'addon:seats:quarterly': '11.540 OMR',
      'addon:seats:yearly': '46.150 OMR',
    });
  });

  test('a recurring feature without a price has no add-on', () => {
    const change = { recurring: [{ feature: 'seats', included: 1 }], packs: [] };
    expect(Object.keys(amounts(sold(change), omaniAccount))).toEqual(['base:monthly', 'base:quarterly', 'base:yearly']);
  });

  test('packs are one-off prices, and two of the same size keep apart', () => {
    const pack = { feature: 'call_minutes', quantity: '500', price: '45.00' };
    const { prices } = target(sold({ packs: [pack, { ...pack, quantity: '500.0', price: '40.00' }] }), dollarAccount);
    expect(prices.filter(({ price }) => price.usage === 'one_time')).toMatchObject([
      { key: 'pack:call_minutes:500:unlimited', price: { amount: Money.of('45', 'USD') } },
      { key: 'pack:call_minutes:500:unlimited:2', price: { amount: Money.of('40', 'USD') } },
    ]);
  });

  test('overage that is invoiced has a meter and a flat price, to a fraction of a minor unit', () => {
    const { meters, prices } = target(sold(invoiced('0.000012')), dollarAccount);
    expect(meters).toMatchObject([
      { key: 'meter:call_minutes', meter: { eventName: 'baisa_u_agc_1_call_minutes', aggregation: 'sum' } },
    ]);
    expect(prices.at(-1)).toMatchObject({
      key: 'overage:call_minutes',
      price: { usage: 'metered', meterKey: 'meter:call_minutes', amount: Money.of('0.000012', 'USD') },
    });
  });

  test('in a three-decimal currency the meter counts chargeable steps, whatever a unit costs', () => {
    const cheap = target(sold(invoiced('0.000012')), omaniAccount);
    const dear = target(sold(invoiced('3.00')), omaniAccount);
    expect(cheap.meters).toMatchObject([{ meter: { eventName: 'baisa_s_agc_1_call_minutes' } }]);
    expect(cheap.prices.at(-1)?.price).toMatchObject({ amount: Money.of('0.010', 'OMR'), taxBehavior: 'inclusive' });
    expect(dear.prices.at(-1)?.fingerprint).toBe(cheap.prices.at(-1)?.fingerprint);
  });

  test('overage drawn from the balance is never published', () => {
    const { meters, prices } = target(sold(), omaniAccount);
    expect(meters).toEqual([]);
    expect(prices.filter(({ price }) => price.usage === 'metered')).toEqual([]);
  });

  test('a tax is a rate of the account: inclusive where prices must be', () => {
    const tax = { name: 'GST', percent: '5.0', inclusive: false };
    const rate = { displayName: 'GST', percentage: '5' };
    expect(target(sold({ tax }), omaniAccount).taxRates).toMatchObject([{ taxRate: { ...rate, inclusive: true } }]);
    expect(target(sold({ tax }), dollarAccount).taxRates).toMatchObject([{ taxRate: { ...rate, inclusive: false } }]);
    expect(target(sold(), omaniAccount).taxRates).toEqual([]);
  });

  test('metadata names plan, version and agency', () => {
    const owner = { baisa_plan: 'plan_1', baisa_version: '3', baisa_agency: 'agc_1' };
    const { product, prices } = target(sold(invoiced('0.20'), 3), omaniAccount);
    for (const { metadata } of [product.product, ...prices.map(({ price }) => price)]) {
      expect(metadata).toMatchObject(owner);
    }
  });

  test('an account that is not ready is blocked by what keeps it back', () => {
    const waiting = { ...omaniAccount, obstacle: 'The onboarding is not finished.' };
    expect(desired(sold(), waiting).blocked).toBe('The onboarding is not finished.');
  });
});

describe('the difference', () => {
  const ids = { planId: 'plan_1', merchantAccountId: 'macc_1' };
  const baseOnly = { recurring: [], packs: [] };
  const linksOf = (wanted: ReturnType<typeof target>): CatalogLink[] => [
    ...wanted.taxRates.map(
      ({ key, fingerprint }): CatalogLink => ({ kind: 'tax_rate', key, remoteId: 't', fingerprint, active: true }),
    ),
    ...wanted.meters.map(
      ({ key, fingerprint }): CatalogLink => ({ kind: 'meter', key, remoteId: 'm', fingerprint, active: true }),
    ),
    { kind: 'product', key: wanted.product.key, remoteId: 'p', fingerprint: wanted.product.fingerprint, active: true },
    ...wanted.prices.map(
      ({ key, fingerprint }): CatalogLink => ({ kind: 'price', key, remoteId: key, fingerprint, active: true }),
    ),
  ];
  const actions = (links: readonly CatalogLink[], wanted: ReturnType<typeof target>) =>
    diff({ ...ids, desired: wanted, links }).map(({ action, kind, key }) => `${action} ${kind} ${key}`);

  test('is empty when nothing changed', () => {
    const wanted = target(sold(), omaniAccount);
    expect(actions(linksOf(wanted), wanted)).toEqual([]);
  });

  test('creates everything in an empty account', () => {
    const made = [
      'create product product',
      'create price base:monthly',
      'create price base:quarterly',
      'create price base:yearly',
    ];
    expect(actions([], target(sold(baseOnly), omaniAccount))).toEqual(made);
  });

  test('makes a new price before the old one is archived, and archives a cycle that is gone', () => {
    const links = linksOf(target(sold(baseOnly), omaniAccount));
    const change = { ...baseOnly, cycles: { monthly: '59.00', yearly: '499.00' } };
    const wanted = target(sold(change, 2), omaniAccount);
    expect(actions(links, wanted)).toEqual([
      'update product product',
      'create price base:monthly',
      'archive price base:monthly',
      'archive price base:quarterly',
    ]);
  });

  test('does not remember retired objects as live', () => {
    const wanted = target(sold(baseOnly), omaniAccount);
    const retired = linksOf(wanted).map((link) => ({ ...link, active: false }));
    expect(actions(retired, wanted)).toHaveLength(4);
  });

  test('makes a tax rate and a meter before the prices that need them, and leaves them when they are no longer needed', () => {
    const taxed = { ...invoiced('0.20'), tax: { name: 'GST', percent: '5', inclusive: true } };
    const wanted = target(sold(taxed), dollarAccount);
    expect(actions([], wanted).slice(0, 3)).toEqual([
      'create tax_rate tax',
      'create meter meter:call_minutes',
      'create product product',
    ]);
    const plain = target(sold({ ...baseOnly, usage: [] }, 1), dollarAccount);
    expect(actions(linksOf(wanted), plain).filter((action) => /tax_rate|meter:/.test(action))).toEqual([]);
  });
});
