import type Stripe from 'stripe';
import { metadataKeys } from '../../../src/providers/metadata.ts';
import { ignored, type Translation } from '../../translation.ts';

const idOf = (reference: string | { readonly id: string } | null): string | null =>
  typeof reference === 'object' ? (reference?.id ?? null) : reference;

const noPayment = ignored('foreign', 'it is of a charge that no payment of ours made');

const neverTaken = ignored('never_taken', 'a hold was let go of, and what was never taken is not given back');

/** Something happened to a refund: all of its payment's are read, for they stand or fall together. */
export function refundHint(refund: Stripe.Refund): Translation {
  if (refund.reason === 'expired_uncaptured_charge') return neverTaken;
  const paymentId = idOf(refund.payment_intent);
  return paymentId === null ? noPayment : { kind: 'refund_hint', paymentId };
}

/** The charge knows its payment, and whether it ever took anything; its refunds are not in it. */
export function refundedCharge(charge: Stripe.Charge): Translation {
  if (!charge.captured || charge.metadata[metadataKeys.purpose] === 'verification') return neverTaken;
  const paymentId = idOf(charge.payment_intent);
  return paymentId === null ? noPayment : { kind: 'refund_hint', paymentId };
}

/** Something happened to a dispute. Where it moved money, that is read; a status alone moves nothing. */
export function disputeHint(dispute: Stripe.Dispute): Translation {
  const paymentId = idOf(dispute.payment_intent);
  return paymentId === null ? noPayment : { kind: 'dispute_hint', paymentId };
}

/** A charge that was declined took nothing. One that fails after it succeeded leaves a transaction that says so. */
export function failedCharge(charge: Stripe.Charge): Translation {
  if (charge.failure_balance_transaction === null) {
    return ignored('declined', 'nothing was taken; the payment itself tells of the decline');
  }
  const paymentId = idOf(charge.payment_intent);
  return paymentId === null ? noPayment : { kind: 'late_failure_hint', paymentId };
}
