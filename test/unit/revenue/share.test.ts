import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { currency, currencyCodes } from '../../../src/money/currency.ts';
import { Money } from '../../../src/money/money.ts';
import { shareTermsOf, splitCharge } from '../../../src/revenue/share.ts';

const percent = (max: number): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max: max * 10_000 }).map((tenThousandths) => new Decimal(tenThousandths).div(10_000).toFixed());

const charge: fc.Arbitrary<Money> = fc
  .record({ code: fc.constantFrom(...currencyCodes), steps: fc.integer({ min: 1, max: 9_999_999 }) })
  .map(({ code, steps }) => Money.of(currency(code).chargeableStep.times(steps), code));

const terms = fc.record({ agencyPercent: percent(100), taxPercent: percent(100) });

test.each([
  ['1.930', 'OMR', '70', '0', '0.580', '1.350'],
  ['1.930', 'OMR', '70', '5', '0.550', '1.380'],
  ['10.00', 'USD', '70', '5', '2.86', '7.14'],
  ['10.00', 'USD', '0', '5', '9.52', '0.48'],
  ['10.00', 'USD', '0', '0', '10.00', '0.00'],
  ['10.00', 'USD', '100', '5', '0.00', '10.00'],
  // 0.005 of a base of 0.050 OMR is half a step: up, to the platform.
  ['0.050', 'OMR', '90', '0', '0.010', '0.040'],
  ['0.040', 'OMR', '90', '0', '0.000', '0.040'],
  ['15', 'JPY', '50', '0', '8', '7'],
])(
  '%s %s at %s %% to the agency and a tax of %s %%: %s to the platform, %s to the agency',
  (amount, code, agencyPercent, taxPercent, platform, agency) => {
    const parts = splitCharge(Money.of(amount, code), { agencyPercent, taxPercent });
    expect([parts.platform.toDecimalString(), parts.agency.toDecimalString()]).toEqual([platform, agency]);
  },
);

test('in every currency the parts sum to the charge exactly, neither is negative, and a provider can take the platform’s', () => {
  fc.assert(
    fc.property(charge, terms, (charged, share) => {
      const { platform, agency } = splitCharge(charged, share);
      expect(platform.plus(agency).equals(charged)).toBe(true);
      expect([platform.isNegative, agency.isNegative, platform.isChargeable]).toEqual([false, false, true]);
    }),
    { numRuns: 1_000 },
  );
});

test('the platform’s part is within half a step of the exact one', () => {
  fc.assert(
    fc.property(charge, terms, (charged, share) => {
      const base = charged.amount.div(new Decimal(share.taxPercent).div(100).plus(1));
      const exact = base.times(new Decimal(100).minus(share.agencyPercent)).div(100);
      const off = splitCharge(charged, share).platform.amount.minus(exact).abs();
      expect(off.lessThanOrEqualTo(charged.currency.chargeableStep.div(2).plus('1e-9'))).toBe(true);
    }),
  );
});

test('the agency’s percentage never costs it: a higher one leaves the platform no more', () => {
  fc.assert(
    fc.property(charge, percent(100), percent(100), percent(100), (charged, one, other, taxPercent) => {
      const [low, high] = new Decimal(one).lessThan(other) ? [one, other] : [other, one];
      const less = splitCharge(charged, { agencyPercent: high, taxPercent }).platform;
      expect(less.compare(splitCharge(charged, { agencyPercent: low, taxPercent }).platform)).not.toBe(1);
    }),
  );
});

test('only a revenue-sharing plan has terms, and its tax is read whether prices include it or not', () => {
  const revenueShare = { agencyPercent: '70' };
  expect(shareTermsOf({ type: 'usage_based', tax: null, revenueShare: null })).toBeNull();
  expect(shareTermsOf({ type: 'revenue_sharing', tax: null, revenueShare })).toEqual({
    agencyPercent: '70',
    taxPercent: '0',
  });
  for (const inclusive of [true, false]) {
    const tax = { name: 'GST', percent: '5', inclusive };
    expect(shareTermsOf({ type: 'revenue_sharing', tax, revenueShare })?.taxPercent).toBe('5');
  }
});
