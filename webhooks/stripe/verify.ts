import Stripe from 'stripe';

/** Stripe's own tolerance: an older signature is a replay (docs.stripe.com/webhooks#replay-attacks). */
const toleranceSeconds = 300;

/**
 * The event of a body signed with any of the route's secrets (the current one, or an old one while rolling); null when none
 * fits, the signature is too old, or the body is not an event. The comparison is the SDK's, in constant time.
 */
export function verifyStripeEvent(
  body: Buffer,
  signature: string | undefined,
  secrets: readonly string[],
  now: Date,
): Stripe.Event | null {
  if (!signature) return null;
  for (const secret of secrets) {
    try {
      const event = Stripe.webhooks.constructEvent(body, signature, secret, toleranceSeconds, undefined, now.getTime());
      return event.object === 'event' && typeof event.id === 'string' && typeof event.type === 'string' ? event : null;
    } catch {
      // Another secret may fit. Why it did not is not told: it would help only a forger.
    }
  }
  return null;
}

/** An event out of our own inbox, whose signature was checked when it was stored. */
export const storedStripeEvent = (payload: Buffer): Stripe.Event =>
  Stripe.webhooks.constructEventWithoutVerification(payload.toString('utf8'));
