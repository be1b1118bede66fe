import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { balanced, contentHashOf, type Posting, UnbalancedPosting } from '../../../src/ledger/posting.ts';
import {
  drawFee,
  oweShareToAgency,
  oweShareToPlatform,
  receiveInvoice,
  receiveShare,
  settleAtProvider,
  settleInvoice,
  settleTopUp,
  takeShare,
} from '../../../src/ledger/postings.ts';
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

const invoice = {
  ...place,
  paid: Money.of('21.000', 'OMR'),
  providerCredit: Money.zero('OMR'),
  subscriptionNet: Money.of('18.000', 'OMR'),
  overageNet: Money.of('2.000', 'OMR'),
  tax: Money.of('1.000', 'OMR'),
};

test('an invoice that was paid is subscription, overage and tax, whatever part of it the provider’s credit paid', () => {
  expect(settleInvoice(invoice).code).toBe('invoice.settle');
  expect(table(settleInvoice(invoice))).toEqual([
    'clearing OMR 21.000',
    'subscription_revenue OMR -18.000',
    'overage_revenue OMR -2.000',
    'tax_payable OMR -1.000',
  ]);
  const partly = { ...invoice, paid: Money.of('15.000', 'OMR'), providerCredit: Money.of('6.000', 'OMR') };
  expect(table(settleInvoice(partly)).slice(0, 2)).toEqual(['clearing OMR 15.000', 'provider_credit OMR 6.000']);
  const over = { ...invoice, paid: Money.of('22.000', 'OMR'), providerCredit: Money.of('-1.000', 'OMR') };
  expect(table(settleInvoice(over)).slice(0, 2)).toEqual(['clearing OMR 22.000', 'provider_credit OMR -1.000']);
});

test('an invoice whose parts are not what was paid is refused, and one of nothing', () => {
  expect(() => settleInvoice({ ...invoice, tax: Money.of('0.990', 'OMR') })).toThrow(UnbalancedPosting);
  const none = Money.zero('OMR');
  const nothing = { ...place, paid: none, providerCredit: none, subscriptionNet: none, overageNet: none, tax: none };
  expect(() => settleInvoice(nothing)).toThrow(UnbalancedPosting);
  expect(() => settleInvoice({ ...invoice, paid: Money.of('-1.000', 'OMR') })).toThrow(RangeError);
});

test('an invoice that was paid outside is received, one paid from the balance is drawn', () => {
  const parts = { net: Money.of('49.00', 'USD'), tax: Money.of('2.45', 'USD') };
  expect(books([receiveInvoice({ ...place, ...parts }), drawFee({ ...place, ...parts })])).toEqual([
    ['agc_1 invoice.receive', 'manual_receipts USD 51.45', 'subscription_revenue USD -49.00', 'tax_payable USD -2.45'],
    ['agc_1 fee.draw', 'prepaid USD 51.45', 'revenue USD -49.00', 'tax_payable USD -2.45'],
  ]);
});

const platform = { agencyId: 'agc_platform', merchantAccountId: 'macc_platform' };
const share = { ...place, platform, platformPart: Money.of('0.550', 'OMR') };

/** Whose books, then their lines. */
const books = (postings: readonly Posting[]): string[][] =>
  postings.map((posting) => [`${posting.agencyId} ${posting.code}`, ...table(posting)]);

test('an application fee is the agency’s expense and the platform’s revenue, each in its own books', () => {
  expect(books(takeShare(share))).toEqual([
    ['agc_1 share.take', 'agency_fee_expense OMR 0.550', 'clearing OMR -0.550'],
    ['agc_platform share.take', 'clearing OMR 0.550', 'platform_revenue OMR -0.550'],
  ]);
});

test('a sale on the platform’s account is the platform’s to receive, and the agency’s part is owed to it', () => {
  expect(books(oweShareToAgency({ ...share, charged: Money.of('1.930', 'OMR') }))).toEqual([
    [
      'agc_1 share.due_to_agency',
      'agency_fee_expense OMR 0.550',
      'receivable_from_platform OMR 1.380',
      'clearing OMR -1.930',
    ],
    [
      'agc_platform share.due_to_agency',
      'clearing OMR 1.930',
      'platform_revenue OMR -0.550',
      'payable_to_agency OMR -1.380',
    ],
  ]);
});

test('what an agency was paid outside any provider leaves it owing the platform’s part', () => {
  expect(books(oweShareToPlatform({ ...share, platformPart: Money.of('1.50', 'USD') }))).toEqual([
    ['agc_1 share.due_to_platform', 'agency_fee_expense USD 1.50', 'payable_to_platform USD -1.50'],
    ['agc_platform share.due_to_platform', 'receivable_from_agency USD 1.50', 'platform_revenue USD -1.50'],
  ]);
});

test('the platform’s half of a share keeps to the platform’s own account, and says whose client paid', () => {
  const [, half] = takeShare({ ...share, planId: 'plan_1' });
  expect(half.lines.map(({ account }) => account.merchantAccountId)).toEqual(['macc_platform', 'macc_platform']);
  expect(half).toMatchObject({ customerId: 'cus_1', planId: 'plan_1' });
});

test('what the provider settled in another currency crosses the bridge between what stood in clearing and what arrived', () => {
  const arrival = {
    ...place,
    cleared: Money.of('1.380', 'OMR'),
    gross: Money.of('13.17', 'AED'),
    fees: Money.of('1.53', 'AED'),
  };
  const lines = [
    'provider_balance AED 11.64',
    'provider_fees AED 1.53',
    'fx OMR 1.380',
    'fx AED -13.17',
    'clearing OMR -1.380',
  ];
  expect(books([settleAtProvider(arrival), receiveShare(arrival)])).toEqual([
    ['agc_1 provider.settle', ...lines],
    ['agc_1 share.receive', ...lines],
  ]);
});

test('what the provider settled as it was charged needs no bridge, and may be less than the fee', () => {
  const arrival = { ...place, cleared: Money.zero('USD'), gross: Money.zero('USD'), fees: Money.of('0.44', 'USD') };
  expect(table(settleAtProvider(arrival))).toEqual(['provider_balance USD -0.44', 'provider_fees USD 0.44']);
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
  expect(() => templates['fee.draw']?.(place, 0)).toThrow(RangeError);
  expect(() => templates['invoice.receive']?.(place, 0)).toThrow(RangeError);
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
