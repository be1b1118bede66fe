import { expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { orderStatusOf } from '../../../src/refunds/order-status.ts';
import type { Reversal } from '../../../src/refunds/reversal.ts';

const omr = (amount: string) => Money.of(amount, 'OMR');

const reversal = (kind: Reversal['kind'], settled: string): Reversal => ({
  reference: `${kind} ${settled}`,
  kind,
  subject: 's',
  credited: Money.zero('USD'),
  charged: omr(settled),
  settled: omr(settled),
});

test.each<[string, number, Reversal[], string]>([
  ['nothing', 1, [], 'paid'],
  ['a part', 1, [reversal('refund', '0.640')], 'partially_refunded'],
  ['all of it, in parts', 1, [reversal('refund', '0.640'), reversal('refund', '1.290')], 'refunded'],
  ['all of one of two payments', 2, [reversal('refund', '1.930')], 'partially_refunded'],
  ['a refund that came back', 1, [reversal('refund', '1.930'), reversal('refund', '-1.930')], 'paid'],
  ['a dispute', 1, [reversal('dispute', '1.930')], 'paid'],
  ['a failed debit', 1, [reversal('late_failure', '1.930')], 'failed'],
  [
    'one of two payments that failed, and the other refunded',
    2,
    [reversal('late_failure', '1.930'), reversal('refund', '1.930')],
    'refunded',
  ],
])('an order of which %s went back is shown as what it is', (_what, payments, reversals, status) => {
  expect(orderStatusOf(omr('1.930'), payments, reversals)).toBe(status);
});
