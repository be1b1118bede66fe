import type { PaymentEvent } from '../src/checkout/payment-event.ts';

/**
 * What an event means to us.
 *
 * - `payment`: a neutral fact, taken from the event's own verified snapshot.
 * - `hint`: something happened to this payment, but the snapshot does not settle what; its current object decides.
 * - `ignored`: nothing of ours. The reason begins with a stable code and is stored with the event.
 */
export type Translation =
  | { readonly kind: 'payment'; readonly event: PaymentEvent }
  | { readonly kind: 'hint'; readonly paymentId: string }
  | { readonly kind: 'ignored'; readonly reason: string };

export const ignored = (code: string, sentence: string): Translation => ({
  kind: 'ignored',
  reason: `${code}: ${sentence}`,
});
