import type { PaymentEvent } from '../src/checkout/payment-event.ts';

/**
 * What an event means to us.
 *
 * - `payment`: a neutral fact, taken from the event's own verified snapshot.
 * - `hint`: something happened to this payment, but the snapshot does not settle what; its current object decides.
 *   `namesOrder` tells whether the snapshot is known to be about an order of ours.
 * - `ignored`: nothing of ours. `parked`: ours, and not to be applied; a person has to look. Reasons begin with a stable code and
 *   are stored with the event.
 */
export type Translation =
  | { readonly kind: 'payment'; readonly event: PaymentEvent }
  | { readonly kind: 'hint'; readonly paymentId: string; readonly namesOrder: boolean }
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'parked'; readonly reason: string };

/** A translation that is final: hints have been resolved. */
export type Resolved = Exclude<Translation, { kind: 'hint' }>;

export const ignored = (code: string, sentence: string): Resolved => ({
  kind: 'ignored',
  reason: `${code}: ${sentence}`,
});

export const parked = (code: string, sentence: string): Resolved => ({
  kind: 'parked',
  reason: `${code}: ${sentence}`,
});
