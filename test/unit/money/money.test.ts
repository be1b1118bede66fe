import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { currency, currencyCodes } from '../../../src/money/currency.ts';
import { ExchangeRate } from '../../../src/money/exchange-rate.ts';
import { Money } from '../../../src/money/money.ts';

const omr = ExchangeRate.of('USD', 'OMR', '0.385');

describe('a conversion rounds once, half-up, to what a card can be charged', () => {
  test.each([
    // credited, exact, charged, rounding
    ['1.00', '0.385', '0.390', '0.005'],
    ['2.00', '0.770', '0.770', '0.000'],
    ['5.00', '1.925', '1.930', '0.005'],
    ['10.01', '3.85385', '3.850', '-0.00385'],
    ['20.00', '7.700', '7.700', '0.000'],
    ['25.00', '9.625', '9.630', '0.005'],
    ['0.01', '0.00385', '0.000', '-0.00385'],
  ])('%s USD is exactly %s OMR, charged %s, rounding %s', (credited, exact, charged, rounding) => {
    const conversion = omr.toChargeable(Money.of(credited, 'USD'));
    expect(conversion.exact.toDecimalString()).toBe(exact);
    expect(conversion.charged.toDecimalString()).toBe(charged);
    expect(conversion.rounding.toDecimalString()).toBe(rounding);
  });
});

const cents = fc.integer({ min: 1, max: 100_000_000 }).map((value) => Money.ofMinorUnits(value, 'USD'));
const rates = fc.integer({ min: 1, max: 5_000_000 }).map((value) => (value / 10_000).toFixed(4));
const anyCurrency = fc.constantFrom(...currencyCodes);

test('any conversion is chargeable, within half a step of exact, and loses nothing', () => {
  fc.assert(
    fc.property(cents, rates, anyCurrency, (credited, value, code) => {
      const rate = ExchangeRate.of('USD', code, code === 'USD' ? '1' : value);
      const { exact, charged, rounding } = rate.toChargeable(credited);
      expect(charged.isChargeable).toBe(true);
      expect(exact.isStorable).toBe(true);
      expect(charged.minus(rounding).equals(exact)).toBe(true);
      expect(rounding.amount.abs().times(2).lessThanOrEqualTo(currency(code).chargeableStep)).toBe(true);
    }),
  );
});

test('what is charged in a three-decimal currency ends in 0 in minor units', () => {
  fc.assert(
    fc.property(cents, fc.constantFrom('BHD', 'JOD', 'KWD', 'OMR', 'TND'), (credited, code) => {
      const { charged } = ExchangeRate.of('USD', code, '0.385').toChargeable(credited);
      expect(charged.toMinorUnits() % 10).toBe(0);
    }),
  );
});

test('minor units go there and back in every currency', () => {
  fc.assert(
    fc.property(fc.integer({ min: -99_999_999, max: 99_999_999 }), anyCurrency, (units, code) => {
      expect(Money.ofMinorUnits(units, code).toMinorUnits()).toBe(units === 0 ? 0 : units);
    }),
  );
});

test('amounts of two currencies never mix', () => {
  expect(() => Money.of('1', 'USD').plus(Money.of('1', 'OMR'))).toThrow(TypeError);
  expect(() => Money.of('1', 'USD').compare(Money.of('1', 'OMR'))).toThrow(TypeError);
  expect(Money.of('1', 'USD').equals(Money.of('1', 'OMR'))).toBe(false);
});

test.each(['', 'abc', '1e5', '0x10', ' 1', '1.', '.5', 'NaN', 'Infinity', '--1'])('%j is not an amount', (text) => {
  expect(() => Money.of(text, 'USD')).toThrow(RangeError);
});

test.each(['0', '-0.385', '0.38501', 'x'])('%j is not a rate', (text) => {
  expect(() => ExchangeRate.of('USD', 'OMR', text)).toThrow();
});

test('an amount below a minor unit is never sent as minor units', () => {
  expect(() => Money.of('0.0005', 'OMR').toMinorUnits()).toThrow(RangeError);
  expect(Money.of('1.930', 'OMR').toMinorUnits()).toBe(1930);
});

test('an amount is written with its currency’s decimals, and more where it has more', () => {
  expect(JSON.stringify(Money.of('5', 'USD'))).toBe('{"amount":"5.00","currency":"USD"}');
  expect(Money.of('1.93', 'OMR').toDecimalString()).toBe('1.930');
  expect(Money.of('0.000001', 'USD').toDecimalString()).toBe('0.000001');
  expect(Money.of('500', 'JPY').toDecimalString()).toBe('500');
});
