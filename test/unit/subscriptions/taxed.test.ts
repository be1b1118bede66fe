import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { taxed } from '../../../src/subscriptions/taxed.ts';

const gst = { name: 'GST', percent: '5', inclusive: false };

const parts = (price: string, currency: string, tax: typeof gst | null, inclusive: boolean): readonly string[] => {
  const { gross, net, tax: part } = taxed(Money.of(price, currency), tax, inclusive);
  return [gross, net, part].map((amount) => amount.toDecimalString());
};

describe('a price and the tax in it', () => {
  it.each([
    ['without tax', '49.00', 'USD', null, false, ['49.00', '49.00', '0.00']],
    ['on top', '49.00', 'USD', gst, false, ['51.45', '49.00', '2.45']],
    ['contained', '51.45', 'USD', gst, true, ['51.45', '49.00', '2.45']],
    ['contained, rounded to the minor unit', '17.330', 'OMR', gst, true, ['17.330', '16.505', '0.825']],
    ['on top, rounded to what can be charged', '17.330', 'OMR', gst, false, ['18.200', '17.330', '0.870']],
  ] as const)('%s', (_how, price, currency, tax, inclusive, expected) => {
    expect(parts(price, currency, tax, inclusive)).toEqual(expected);
  });

  test('are what is asked for, to the last unit, whatever the price and the rate', () => {
    const percent = fc.integer({ min: 0, max: 10_000 }).map((hundredths) => (hundredths / 100).toFixed(2));
    const steps = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(steps, percent, fc.constantFrom('USD', 'OMR'), fc.boolean(), (count, rate, currency, inclusive) => {
        const price = Money.of(Money.zero(currency).currency.chargeableStep.times(count), currency);
        const { gross, net, tax } = taxed(price, { ...gst, percent: rate }, inclusive);
        expect(net.plus(tax)).toEqual(gross);
        expect(inclusive ? gross : net).toEqual(price);
        expect(tax.isNegative).toBe(false);
        expect(gross.isChargeable).toBe(true);
      }),
    );
  });
});
