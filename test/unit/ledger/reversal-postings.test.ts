import { expect, test } from 'vitest';
import { type Posting, UnbalancedPosting } from '../../../src/ledger/posting.ts';
import { settleAtProvider } from '../../../src/ledger/postings.ts';
import {
  type Borne,
  failInvoice,
  failTopUp,
  reinstateDispute,
  releaseRefund,
  reserveRefund,
  returnOwedShare,
  returnRefund,
  returnShare,
  settleRefund,
  withdrawDispute,
} from '../../../src/ledger/reversal-postings.ts';
import { Money } from '../../../src/money/money.ts';

const place = { agencyId: 'agc_1', customerId: 'cus_1', merchantAccountId: 'macc_1', reference: 'r', source: 's' };
const usd = (amount: string) => Money.of(amount, 'USD');
const omr = (amount: string) => Money.of(amount, 'OMR');

const table = ({ code, lines }: Posting): string[] => [
  code,
  ...lines.map(({ account, amount }) => `${account.code} ${account.currency} ${amount.toDecimalString()}`),
];

const mirrorOf = ([, ...lines]: string[]): string[] =>
  lines.map((line) =>
    line.replace(/(-?)([\d.]+)$/, (_all, sign: string, digits: string) => (sign ? '' : '-') + digits),
  );

const borne: Borne = { by: 'balance', prepaid: usd('4.00'), losses: usd('1.00') };
const taken = { credited: usd('5.00'), exact: omr('1.925'), charged: omr('1.930') };
const leaving = ['fx USD -5.00', 'fx OMR 1.925', 'rounding OMR 0.005', 'clearing OMR -1.930'];

test('a refund of a top-up is set aside from the balance, then leaves over the bridge that the payment came by', () => {
  expect(table(reserveRefund({ ...place, borne, credited: usd('5.00') }))).toEqual([
    'refund.reserve',
    'prepaid USD 4.00',
    'losses USD 1.00',
    'refunds_pending USD -5.00',
  ]);
  expect(table(settleRefund({ ...place, taken }))).toEqual(['refund.settle', 'refunds_pending USD 5.00', ...leaving]);
});

test('what is not refunded after all comes back the way it went', () => {
  const reserved = table(reserveRefund({ ...place, borne, credited: usd('5.00') }));
  const released = table(releaseRefund({ ...place, borne, credited: usd('5.00') }));
  expect(released).toEqual(['refund.release', ...mirrorOf(reserved)]);
  expect(table(returnRefund({ ...place, borne, taken }))).toEqual([
    'refund.return',
    ...mirrorOf(['', 'prepaid USD 4.00', 'losses USD 1.00', ...leaving]),
  ]);
});

test('a dispute and a late failure take what a refund takes, at once', () => {
  const lines = ['prepaid USD 4.00', 'losses USD 1.00', ...leaving];
  expect(table(withdrawDispute({ ...place, borne, taken }))).toEqual(['dispute.withdraw', ...lines]);
  expect(table(failTopUp({ ...place, borne, taken }))).toEqual(['topup.settle.reverse', ...lines]);
  expect(table(reinstateDispute({ ...place, borne, taken }))).toEqual([
    'dispute.reinstate',
    ...mirrorOf(['', ...lines]),
  ]);
});

test('charged in USD there is no bridge to go back over', () => {
  const inUsd = { credited: usd('5.00'), exact: usd('5.00'), charged: usd('5.00') };
  expect(table(settleRefund({ ...place, taken: inUsd }))).toEqual([
    'refund.settle',
    'refunds_pending USD 5.00',
    'clearing USD -5.00',
  ]);
});

const sold = { credited: omr('21.000'), exact: omr('21.000'), charged: omr('21.000') };
const undone: Borne = {
  by: 'sale',
  subscriptionNet: omr('18.000'),
  overageNet: omr('2.000'),
  tax: omr('1.000'),
  losses: omr('0'),
};
const parts = ['subscription_revenue OMR 18.000', 'overage_revenue OMR 2.000', 'tax_payable OMR 1.000'];

test('a sale that is given back was no revenue and owes no tax; one that a bank takes is a loss', () => {
  expect(table(reserveRefund({ ...place, borne: undone, credited: omr('21.000') }))).toEqual([
    'refund.reserve',
    ...parts,
    'refunds_pending OMR -21.000',
  ]);
  expect(table(failInvoice({ ...place, borne: undone, taken: sold }))).toEqual([
    'invoice.settle.reverse',
    ...parts,
    'clearing OMR -21.000',
  ]);
  const lost: Borne = { by: 'dispute_losses', amount: omr('21.000') };
  expect(table(withdrawDispute({ ...place, borne: lost, taken: sold }))).toEqual([
    'dispute.withdraw',
    'dispute_losses OMR 21.000',
    'clearing OMR -21.000',
  ]);
});

test('what is borne must be all that is taken', () => {
  expect(() => withdrawDispute({ ...place, borne, taken: { ...taken, credited: usd('4.99') } })).toThrow(
    UnbalancedPosting,
  );
});

const platform = { agencyId: 'agc_platform', merchantAccountId: 'macc_platform' };
const share = { ...place, platform, platformPart: omr('0.550') };

test('the platform’s part goes back from its books to the agency’s, on whoever’s account it was sold', () => {
  expect(returnShare(share).map(table)).toEqual([
    ['share.return', 'clearing OMR 0.550', 'agency_fee_expense OMR -0.550'],
    ['share.return', 'platform_revenue OMR 0.550', 'clearing OMR -0.550'],
  ]);
  expect(returnOwedShare({ ...share, charged: omr('1.930') }).map(table)).toEqual([
    ['share.return', 'clearing OMR 1.930', 'agency_fee_expense OMR -0.550', 'receivable_from_platform OMR -1.380'],
    ['share.return', 'platform_revenue OMR 0.550', 'payable_to_agency OMR 1.380', 'clearing OMR -1.930'],
  ]);
});

test('what leaves the provider’s balance clears what went back, and the fee of a dispute has an account of its own', () => {
  const aed = (amount: string) => Money.of(amount, 'AED');
  const left = { ...place, cleared: omr('-1.930'), gross: aed('-18.42'), fees: aed('55.00') };
  expect(table(settleAtProvider({ ...left, feesOf: 'dispute_fees' }))).toEqual([
    'provider.settle',
    'provider_balance AED -73.42',
    'dispute_fees AED 55.00',
    'fx OMR -1.930',
    'fx AED 18.42',
    'clearing OMR 1.930',
  ]);
});
