import type Stripe from 'stripe';
import { holdNameOf } from '../../names.ts';
import { ignored, type Translation } from '../../translation.ts';

/**
 * Something happened to a payment that only matters where it is a hold of ours. How the hold stands is read: a snapshot does not show
 * whether what was cancelled had ever held anything.
 */
export function holdHint(intent: Stripe.PaymentIntent): Translation {
  const hold = holdNameOf(intent.metadata);
  return hold
    ? { kind: 'hold_hint', paymentId: intent.id, hold }
    : ignored('no_hold', 'the payment is no hold that verifies a card');
}
