import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { Money } from '../../../src/money/money.ts';
import { creditedOf, refundOf } from '../../../src/refunds/refund-amounts.ts';
import { type BothSides, plus } from '../../../src/refunds/taken-back.ts';

const usd = (amount: string) => Money.of(amount, 'USD');
const omr = (amount: string) => Money.of(amount, 'OMR');
const sides = (credited: string, charged: string): BothSides => ({ credited: usd(credited), charged: omr(charged) });

const paid = sides('5.00', '1.930');
const nothing = sides('0', '0');

const codeOf = (attempt: () => unknown): string => {
  try {
    attempt();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'allowed';
};

test('5.00 USD in three parts go back as 0.640, 0.650 and 0.640 OMR', () => {
  let taken = nothing;
  const parts = ['1.67', '1.67', '1.66'].map((asked) => {
    const part = refundOf(paid, taken, usd(asked));
    taken = plus(taken, part);
    return part.charged.toString();
  });
  expect(parts).toEqual(['0.640 OMR', '0.650 OMR', '0.640 OMR']);
  expect(taken).toEqual(paid);
});

test.each<[string, BothSides, string, string]>([
  ['more than is left', sides('4.00', '1.540'), '1.01', 'refund_too_large'],
  ['nothing', nothing, '0', 'refund_too_small'],
  ['less than nothing', nothing, '-1.00', 'refund_too_small'],
  ['less than half a step', nothing, '0.01', 'refund_too_small'],
  ['what is left in USD alone', sides('4.99', '1.930'), '0.01', 'already_refunded'],
  ['a payment that two banks took', sides('10.00', '3.860'), '1.00', 'already_refunded'],
])('a refund of %s is refused', (_what, before, asked, code) => {
  expect(codeOf(() => refundOf(paid, before, usd(asked)))).toBe(code);
});

test('a refund of all that is left takes the remainder of both sides', () => {
  expect(refundOf(paid, sides('1.020725', '0.390'), null)).toEqual(sides('3.979275', '1.540'));
});

test.each([
  ['0', '0', '1.930', '5.000000'],
  ['0', '0', '0.640', '1.658031'],
  ['1.658031', '0.640', '0.650', '1.683938'],
  ['3.341969', '1.290', '0.640', '1.658031'],
  // What was paid is taken already, and is taken again.
  ['5', '1.930', '1.930', '5.000000'],
])('after %s USD for %s OMR, taking %s OMR takes %s USD', (credited, charged, taken, expected) => {
  expect(creditedOf(paid, sides(credited, charged), omr(taken)).amount.toFixed(6)).toBe(expected);
});

/** A top-up in some currency, at a rate that its charge was rounded by. */
const topUp: fc.Arbitrary<BothSides> = fc
  .record({
    cents: fc.integer({ min: 50, max: 5_000_000 }),
    at: fc.constantFrom(['OMR', '0.385'], ['AED', '3.6725'], ['USD', '1'], ['JPY', '151.37'], ['KWD', '0.307']),
  })
  .map(({ cents, at: [code = 'USD', rate = '1'] }) => {
    const credited = Money.ofMinorUnits(cents, 'USD');
    return { credited, charged: Money.of(credited.times(rate).amount, code).roundedToChargeable() };
  })
  .filter(({ charged }) => charged.isPositive);

const zeroOf = (whole: BothSides): BothSides => ({
  credited: Money.zero('USD'),
  charged: Money.zero(whole.charged.currency.code),
});

/** What a refund in USD of `thousandths` of what is left takes; null where that is refused. */
function asked(whole: BothSides, before: BothSides, thousandths: number): BothSides | null {
  const left = whole.credited.minus(before.credited);
  const amount = Money.of(left.times(String(thousandths / 1000)).amount.toDecimalPlaces(2, Decimal.ROUND_DOWN), 'USD');
  try {
    return refundOf(whole, before, amount);
  } catch (error) {
    if (error instanceof AppError && error.code === 'refund_too_small') return null;
    if (error instanceof AppError && error.code === 'already_refunded') return null;
    throw error;
  }
}

/** What a taking in the charged currency of `thousandths` of what is left takes; null where that is nothing. */
function taken(whole: BothSides, before: BothSides, thousandths: number): BothSides | null {
  const charged = whole.charged
    .minus(before.charged)
    .times(String(thousandths / 1000))
    .roundedToChargeable();
  return charged.isPositive ? { charged, credited: creditedOf(whole, before, charged) } : null;
}

const steps = fc.array(fc.record({ thousandths: fc.integer({ min: 1, max: 1000 }), inDashboard: fc.boolean() }), {
  maxLength: 12,
});

describe('whatever was refunded before, by us or in the dashboard', () => {
  test('each part can be charged, none takes more than is left, and the last nets to nothing on both sides', () => {
    fc.assert(
      fc.property(topUp, steps, (whole, parts) => {
        let before = zeroOf(whole);
        for (const { thousandths, inDashboard } of parts) {
          const part = (inDashboard ? taken : asked)(whole, before, thousandths);
          if (!part) continue;
          expect(part.charged.isPositive && part.charged.isChargeable).toBe(true);
          expect(part.credited.isNegative).toBe(false);
          expect(part.credited.isStorable).toBe(true);
          before = plus(before, part);
          expect(before.charged.compare(whole.charged)).toBeLessThanOrEqual(0);
          expect(before.credited.compare(whole.credited)).toBeLessThanOrEqual(0);
        }
        const left = whole.charged.minus(before.charged);
        if (!left.isPositive) return;
        for (const last of [
          refundOf(whole, before, null),
          { charged: left, credited: creditedOf(whole, before, left) },
        ]) {
          const all = plus(before, last);
          expect(all.charged.equals(whole.charged) && all.credited.equals(whole.credited)).toBe(true);
        }
      }),
    );
  });

  test('what is taken in the charged currency alone is the share of it, to the ledger’s last decimal', () => {
    fc.assert(
      fc.property(topUp, steps, (whole, parts) => {
        let before = zeroOf(whole);
        for (const { thousandths } of parts) before = plus(before, taken(whole, before, thousandths) ?? zeroOf(whole));
        const share = whole.credited.times(before.charged.amount).amount.div(whole.charged.amount);
        expect(before.credited.amount.equals(share.toDecimalPlaces(6))).toBe(true);
      }),
    );
  });

  test('refunds that fail afterwards leave what they took to the next', () => {
    fc.assert(
      fc.property(topUp, steps, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), (whole, parts, fails) => {
        const made: BothSides[] = [];
        let before = zeroOf(whole);
        for (const { thousandths, inDashboard } of parts) {
          const part = (inDashboard ? taken : asked)(whole, before, thousandths);
          if (!part) continue;
          made.push(part);
          before = plus(before, part);
        }
        const standing = made.filter((_part, index) => fails[index] !== true).reduce(plus, zeroOf(whole));
        if (!whole.charged.minus(standing.charged).isPositive) return;
        const all = plus(standing, refundOf(whole, standing, null));
        expect(all.charged.equals(whole.charged) && all.credited.equals(whole.credited)).toBe(true);
      }),
    );
  });
});
