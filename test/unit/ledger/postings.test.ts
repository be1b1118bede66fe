import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { balanced, contentHashOf, type Posting, UnbalancedPosting } from '../../../src/ledger/posting.ts';
import { settleTopUp } from '../../../src/ledger/postings.ts';
import { Money } from '../../../src/money/money.ts';
import { anyPosting, templates } from '../../support/ledger-facts.ts';

const place = { agencyId: 'agc_1', customerId: 'cus_1', merchantAccountId: 'macc_1', reference: 'r', source: 's' };

const table = (posting: Posting): string[] =>
  posting.lines.map(({ account, amount }) => `${account.code} ${account.currency} ${amount.toDecimalString()}`);

test('a top-up of 5.00 USD charged in OMR posts what was charged, the exact amount, the rounding and the credit', () => {
  const posting = settleTopUp({
    ...place,
    credited: Money.of('5.00', 'USD'),
    charged: Money.of('1.930', 'OMR'),
    exact: Money.of('1.925', 'OMR'),
  });
  expect(posting.code).toBe('topup.settle');
  expect(table(posting)).toEqual([
    'clearing OMR 1.930',
    'fx OMR -1.925',
    'rounding OMR -0.005',
    'fx USD 5.00',
    'prepaid USD -5.00',
  ]);
});

test('rounding that gives away is a debit', () => {
  const posting = settleTopUp({
    ...place,
    credited: Money.of('10.01', 'USD'),
    charged: Money.of('3.850', 'OMR'),
    exact: Money.of('3.85385', 'OMR'),
  });
  expect(table(posting)).toContain('rounding OMR 0.00385');
});

test('charged in USD there is no bridge and no rounding', () => {
  const amount = Money.of('5.00', 'USD');
  expect(table(settleTopUp({ ...place, credited: amount, charged: amount, exact: amount }))).toEqual([
    'clearing USD 5.00',
    'prepaid USD -5.00',
  ]);
});

describe('every template sums to zero in each currency, whatever the amount', () => {
  test.each(Object.entries(templates))('%s', (_name, make) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (cents) => {
        expect(() => balanced(make(place, cents))).not.toThrow();
      }),
    );
  });
});

test('no template accepts nothing or less', () => {
  const zero = Money.zero('USD');
  expect(() => settleTopUp({ ...place, credited: zero, charged: zero, exact: zero })).toThrow(RangeError);
  expect(() => templates['usage.draw']?.(place, 0)).toThrow(RangeError);
  expect(() => templates['adjustment.credit']?.(place, -5)).toThrow(RangeError);
});

test('a posting that does not balance is refused before it reaches the database', () => {
  const posting = templates['topup.receive']?.(place, 500);
  const [first] = posting?.lines ?? [];
  if (!posting || !first) throw new Error('the template made no lines');
  expect(() => balanced({ ...posting, lines: [first, first] })).toThrow(UnbalancedPosting);
  expect(() => balanced({ ...posting, lines: [first] })).toThrow(UnbalancedPosting);
});

test('content is code, accounts and amounts, not source, reference or the order of lines', () => {
  fc.assert(
    fc.property(anyPosting('agc_1'), (posting) => {
      const same = { ...posting, source: 'another', reference: 'another', lines: [...posting.lines].reverse() };
      expect(contentHashOf(same)).toBe(contentHashOf(posting));
      expect(contentHashOf({ ...posting, code: 'other' })).not.toBe(contentHashOf(posting));
    }),
  );
});
