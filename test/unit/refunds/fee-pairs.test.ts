import { expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import type { BalanceMovement, ProviderFeeReturn } from '../../../src/providers/refund-ports.ts';
import { pairFees } from '../../../src/refunds/fee-pairs.ts';

const at = new Date('2026-11-21T08:00:00Z');
const omr = (amount: string) => Money.of(amount, 'OMR');
const aed = (amount: string) => Money.of(amount, 'AED');

const feeReturn = (id: string, amount: string): ProviderFeeReturn => ({
  id,
  feeId: 'fee_1',
  amount: omr(amount),
  settled: null,
  at,
});

/** What `charged` moved at 9.55 dirhams, and what it brought back of the fee. */
const line = (id: string, charged: string, feeReturned: string): BalanceMovement => {
  const gross = aed(omr(charged).amount.times('-9.55').toFixed(2));
  const settled = { gross, fees: aed('0'), net: gross, exchangeRate: '9.55' };
  return { id, kind: 'withdrawn', charged: omr(charged), settled, feeReturned: aed(feeReturned), at };
};

const shown = (...[returns, lines]: Parameters<typeof pairFees>) =>
  pairFees(returns, lines).map((pair) => `${pair.feeReturn.id} ${pair.line.id}`);

const small = feeReturn('fr_small', '0.140');
const large = feeReturn('fr_large', '0.410');
const smallLine = line('txn_small', '0.490', '1.34');
const largeLine = line('txn_large', '1.440', '3.92');

test('pairs a line with the return of its amount, whichever came first', () => {
  expect(shown([small, large], [largeLine])).toEqual(['fr_large txn_large']);
  expect(shown([small, large], [largeLine, smallLine])).toEqual(['fr_large txn_large', 'fr_small txn_small']);
  expect(shown([large, small], [smallLine])).toEqual(['fr_small txn_small']);
});

test('pairs nothing by guess while a line is still to come, and leaves nothing over once all are there', () => {
  const odd = line('txn_odd', '1.000', '9.00');
  expect(shown([small, large], [odd])).toEqual([]);
  expect(shown([large], [odd])).toEqual(['fr_large txn_odd']);
  expect(shown([large, small], [odd, smallLine])).toEqual(['fr_small txn_small', 'fr_large txn_odd']);
});
