import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { currency, currencyCodes } from '../../../src/money/currency.ts';
import { Money } from '../../../src/money/money.ts';
import {
  fromMinorUnits,
  fromMinorUnitsDecimal,
  maximumCharge,
  minimumCharge,
  toMinorUnits,
  toMinorUnitsDecimal,
} from '../../../src/providers/stripe/amounts.ts';

describe('an amount for Stripe', () => {
  it.each([
    ['1.930', 'OMR', 1_930],
    ['5.00', 'USD', 500],
    ['500', 'JPY', 500],
    ['0', 'USD', 0],
    ['99999.990', 'KWD', 99_999_990],
  ])('%s %s is %i minor units', (amount, code, minorUnits) => {
    expect(toMinorUnits(Money.of(amount, code))).toBe(minorUnits);
  });

  it.each([
    ['1.925', 'OMR', 'amount_not_chargeable'],
    ['0.001', 'BHD', 'amount_not_chargeable'],
    ['5.001', 'USD', 'amount_not_chargeable'],
    ['0.5', 'JPY', 'amount_not_chargeable'],
    ['-1.00', 'USD', 'amount_negative'],
    ['100000.000', 'OMR', 'amount_too_large'],
    ['1000000.00', 'USD', 'amount_too_large'],
  ])('%s %s is refused, not rounded: %s', (amount, code, reason) => {
    expect(() => toMinorUnits(Money.of(amount, code))).toThrow(
      expect.objectContaining({ detail: expect.objectContaining({ kind: 'invalid', code: reason }) }),
    );
  });

  it('comes back the same in every currency, and ends in 0 where there are three decimals', () => {
    const chargeable = fc
      .tuple(fc.constantFrom(...currencyCodes), fc.integer({ min: 0, max: 9_999_999 }))
      .map(([code, steps]) => Money.of(currency(code).chargeableStep.times(steps), code));
    fc.assert(
      fc.property(chargeable, (amount) => {
        const minorUnits = toMinorUnits(amount);
        expect(fromMinorUnits(minorUnits, amount.currency.code.toLowerCase()).equals(amount)).toBe(true);
        if (amount.currency.decimals === 3) expect(minorUnits % 10).toBe(0);
      }),
    );
  });
});

describe('the price of a metered unit', () => {
  it.each([
    ['0.0385', 'OMR', '38.5'],
    ['0.000385', 'USD', '0.0385'],
    ['0.10', 'USD', '10'],
    ['0.000000000001', 'JPY', '0.000000000001'],
    ['0', 'USD', '0'],
  ])('of %s %s is %s minor units', (amount, code, minorUnits) => {
    expect(toMinorUnitsDecimal(Money.of(amount, code)).toString()).toBe(minorUnits);
  });

  it.each([
    ['0.0000000000001', 'JPY', 'amount_too_fine'],
    ['0.0000000000000001', 'OMR', 'amount_too_fine'],
    ['-0.01', 'USD', 'amount_negative'],
    ['1000000.00', 'USD', 'amount_too_large'],
  ])('of %s %s is refused, not rounded: %s', (amount, code, reason) => {
    expect(() => toMinorUnitsDecimal(Money.of(amount, code))).toThrow(
      expect.objectContaining({ detail: expect.objectContaining({ kind: 'invalid', code: reason }) }),
    );
  });

  it('comes back the same in every currency', () => {
    const fine = fc
      .tuple(fc.constantFrom(...currencyCodes), fc.integer({ min: 0, max: 9_999_999 }), fc.integer({ min: 0, max: 12 }))
      .map(([code, digits, decimals]) => Money.ofMinorUnits(digits, code).times(new Decimal(10).pow(-decimals)));
    fc.assert(
      fc.property(fine, (amount) => {
        const minorUnits = toMinorUnitsDecimal(amount);
        expect(fromMinorUnitsDecimal(minorUnits, amount.currency.code.toLowerCase()).equals(amount)).toBe(true);
      }),
    );
  });
});

describe('the limits of a charge', () => {
  it.each(currencyCodes)('can be charged in %s, the least below the most', (code) => {
    expect(minimumCharge(code).isChargeable).toBe(true);
    expect(maximumCharge(code).isChargeable).toBe(true);
    expect(minimumCharge(code).compare(maximumCharge(code))).toBe(-1);
    expect(toMinorUnits(maximumCharge(code))).toBeLessThan(100_000_000);
  });

  it('are at least 0.50 USD in OMR at the platform rate', () => {
    expect(minimumCharge('OMR').toString()).toBe('0.210 OMR');
    expect(maximumCharge('OMR').toString()).toBe('99999.990 OMR');
  });
});
