import type { OrderStatus } from '../checkout/order.ts';
import type { Money } from '../money/money.ts';
import type { Reversal } from './reversal.ts';

/**
 * What a paid order shows, from all that went back of its payments: `charged` is one payment's, `payments` how many there were. Disputes are shown
 * beside the status, and a refund counts once it has left.
 */
export function orderStatusOf(charged: Money, payments: number, reversals: readonly Reversal[]): OrderStatus {
  const paid = charged.times(String(payments));
  const none = charged.minus(charged);
  const settledOf = (kind: Reversal['kind']): Money =>
    reversals.reduce((sum, each) => (each.kind === kind ? sum.plus(each.settled) : sum), none);
  const kept = paid.minus(settledOf('late_failure'));
  const refunded = settledOf('refund');
  if (!kept.isPositive) return 'failed';
  if (!refunded.isPositive) return 'paid';
  return refunded.compare(kept) >= 0 ? 'refunded' : 'partially_refunded';
}
