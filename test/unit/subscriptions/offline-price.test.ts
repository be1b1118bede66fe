import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { periodPrice, type SaleTerms } from '../../../src/subscriptions/offline-price.ts';
import { plan } from '../catalog/plans.ts';

const gold = plan({ tax: { name: 'GST', percent: '5', inclusive: false } });
const usd = { code: 'USD', rate: '1' };

describe('a period costs the cycle’s price, and its add-ons for as many months', () => {
  it.each([
    ['monthly', {}, ['49.00'], '51.45', '2.45'],
    ['monthly', { concurrency: 2 }, ['49.00', '30.00'], '82.95', '3.95'],
    ['quarterly', { concurrency: 1 }, ['139.00', '45.00'], '193.20', '9.20'],
    ['yearly', { concurrency: 0 }, ['499.00'], '523.95', '24.95'],
  ] as const)('%s with %j', (cycle, addOns, lines, gross, tax) => {
    const price = periodPrice(gold, { cycle, addOns }, usd);
    expect(price.lines.map(({ amount }) => amount)).toEqual(lines);
    expect([price.gross.toDecimalString(), price.tax.toDecimalString()]).toEqual([gross, tax]);
  });

  it('in words that its client reads', () => {
    const { lines } = periodPrice(gold, { cycle: 'quarterly', addOns: { concurrency: 2 } }, usd);
    expect(lines.map(({ description }) => description)).toEqual([
      'Gold Tier, quarterly',
      'Concurrent calls: 2 more for 3 months',
    ]);
  });

  it('in USD at the version’s rate where it is drawn from a balance', () => {
    const omani = plan({ currency: 'OMR', cycles: { monthly: '19.250' }, recurring: [], tax: null });
    const price = periodPrice(omani, { cycle: 'monthly', addOns: {} }, { code: 'USD', rate: '0.385' });
    expect(price.gross).toEqual(Money.of('50.00', 'USD'));
  });

  test('and its lines add up to what is asked for, whatever is bought', () => {
    const terms = fc.record({
      cycle: fc.constantFrom('monthly', 'quarterly', 'yearly'),
      addOns: fc.record({ concurrency: fc.integer({ min: 0, max: 8 }) }),
    });
    fc.assert(
      fc.property(terms, fc.constantFrom('1', '0.385', '83.5'), fc.boolean(), (sale: SaleTerms, rate, inclusive) => {
        const taxedPlan = { ...gold, tax: { name: 'GST', percent: '7.5', inclusive } };
        const { lines, gross, net, tax } = periodPrice(taxedPlan, sale, { code: 'USD', rate });
        const sum = lines.reduce((total, { amount }) => total.plus(Money.of(amount, 'USD')), Money.zero('USD'));
        expect(inclusive ? gross : net).toEqual(sum);
        expect(net.plus(tax)).toEqual(gross);
        expect(gross.isChargeable).toBe(true);
      }),
    );
  });
});
