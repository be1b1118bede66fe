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

describe('the difference', () => {
  const ids = { planId: 'plan_1', merchantAccountId: 'macc_1' };
  const linksOf = (wanted: ReturnType<typeof target>): CatalogLink[] => [
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
    expect(actions([], target(sold(), omaniAccount))).toEqual(made);
  });

  test('makes a new price before the old one is archived, and archives a cycle that is gone', () => {
    const links = linksOf(target(sold(), omaniAccount));
    const wanted = target(sold({ cycles: { monthly: '59.00', yearly: '499.00' } }, 2), omaniAccount);
    expect(actions(links, wanted)).toEqual([
      'update product product',
      'create price base:monthly',
      'archive price base:monthly',
      'archive price base:quarterly',
    ]);
  });

  test('does not remember retired objects as live', () => {
    const wanted = target(sold(), omaniAccount);
    const retired = linksOf(wanted).map((link) => ({ ...link, active: false }));
    expect(actions(retired, wanted)).toHaveLength(4);
  });
});
