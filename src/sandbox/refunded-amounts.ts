import type Stripe from 'stripe';
import type { Call } from './call.ts';

const cameToNothing: ReadonlySet<string | null> = new Set(['failed', 'canceled']);

/**
 * What refunds hold of what a charge took, in minor units. The charge's own `amount_refunded` may also count what a hold let go of, which
 * was never taken.
 */
export async function refundedMinorOf(call: Call, charge: Stripe.Charge): Promise<number> {
  const refunds = await call.store.linked('refund', [`charge:${charge.id}`]);
  return refunds
    .filter(({ reason, status }) => reason !== 'expired_uncaptured_charge' && !cameToNothing.has(status))
    .reduce((sum, { amount }) => sum + amount, 0);
}
