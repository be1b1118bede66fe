import type { CardEvent } from '../src/cards/card-event.ts';
import type { PaymentEvent } from '../src/checkout/payment-event.ts';
import type { AccountReading } from '../src/merchant-accounts/mirror-account.ts';
import type { DisputeEvent, RefundEvent } from '../src/refunds/refund-event.ts';
import type { SubscriptionEvent } from '../src/subscriptions/subscription-event.ts';
import type { MeterErrorsEvent } from '../src/usage/apply-meter-errors.ts';

/** Kind of fact -> what the room that applies it is given. */
export interface Facts {
  readonly payment: PaymentEvent;
  readonly account: Omit<AccountReading, 'source'>;
  readonly card: CardEvent;
  readonly refund: RefundEvent;
  readonly dispute: DisputeEvent;
  readonly subscription: SubscriptionEvent;
  readonly meter: MeterErrorsEvent;
}

export type FactKind = keyof Facts;

export type Fact = { readonly [Kind in FactKind]: { readonly kind: Kind; readonly event: Facts[Kind] } }[FactKind];

/**
 * What an event means to us.
 *
 * - a fact: neutral, taken from the event's own verified snapshot.
 * - `hint`: something happened to this payment, but the snapshot does not settle what; its current object decides.
 *   `namesOrder` tells whether the snapshot is known to be about an order of ours.
 * - `account_hint`, `setup_hint`, `card_hint`, `hold_hint`: something happened to the account itself, to a session in which a card is
 *   saved, to a card, to a hold that verifies one; what it is now must be read.
 * - `refund_hint`, `late_failure_hint`, `dispute_hint`: something went back of this payment, or is disputed; `fee_return_hint`: of the
 *   platform's fee. All that went back of the payment is read.
 * - `subscription_hint`, `subscription_setup_hint`: to a subscription or its invoice, to a card that is saved for one.
 * - `meter_hint`: a provider found something wrong with what its meters were told; its report must be read.
 * - `ignored`: nothing of ours. `parked`: ours, and not to be applied; a person has to look. Reasons begin with a stable code and
 *   are stored with the event.
 */
export type Translation =
  | Fact
  | { readonly kind: 'hint'; readonly paymentId: string; readonly namesOrder: boolean }
  | { readonly kind: 'account_hint' }
  | { readonly kind: 'setup_hint'; readonly setupIntentId: string; readonly setup: SetupName }
  | { readonly kind: 'card_hint'; readonly cardId: string }
  | { readonly kind: 'hold_hint'; readonly paymentId: string; readonly hold: HoldName }
  | { readonly kind: 'refund_hint'; readonly paymentId: string }
  | { readonly kind: 'late_failure_hint'; readonly paymentId: string }
  | { readonly kind: 'dispute_hint'; readonly paymentId: string }
  | { readonly kind: 'fee_return_hint'; readonly feeId: string }
  | {
      readonly kind: 'subscription_hint';
      /** The provider's; null where the invoice says which. */
      readonly subscriptionId: string | null;
      readonly invoiceId: string | null;
      /** The event tells of a try to collect the invoice that failed, at that time. */
      readonly failedAt: Date | null;
      readonly trialWillEnd: boolean;
    }
  | { readonly kind: 'subscription_setup_hint'; readonly setupIntentId: string; readonly checkout: CheckoutName }
  | { readonly kind: 'meter_hint'; readonly eventId: string }
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'parked'; readonly reason: string };

/** A session of ours in which a card is saved, as its metadata names it. */
export interface SetupName {
  readonly agencyId: string;
  readonly setupId: string;
}

/** A session of ours in which a client subscribes, as its metadata names it. */
export interface CheckoutName {
  readonly agencyId: string;
  readonly checkoutId: string;
}

/** A hold of ours, as its metadata names it. */
export interface HoldName {
  readonly agencyId: string;
  readonly holdId: string;
}

/** Something happened to what must be read before anybody can say what. */
export type Hint = Extract<
  Translation,
  {
    kind:
      | 'hint'
      | 'account_hint'
      | 'setup_hint'
      | 'card_hint'
      | 'hold_hint'
      | 'refund_hint'
      | 'late_failure_hint'
      | 'dispute_hint'
      | 'fee_return_hint'
      | 'subscription_hint'
      | 'subscription_setup_hint'
      | 'meter_hint';
  }
>;

/** A translation that is final: hints have been resolved. */
export type Resolved = Exclude<Translation, Hint>;

export const ignored = (code: string, sentence: string): Resolved => ({
  kind: 'ignored',
  reason: `${code}: ${sentence}`,
});

export const parked = (code: string, sentence: string): Resolved => ({
  kind: 'parked',
  reason: `${code}: ${sentence}`,
});
