import type { Money } from '../money/money.ts';
import type { ProviderName } from '../providers/port.ts';
import type { ProviderInvoice, ProviderSubscription } from '../providers/subscription-ports.ts';

/** A try to collect an invoice that failed. `fact` names it, however often it is told of. */
export interface FailedCollection {
  readonly fact: string;
  readonly code: string | null;
  readonly declineCode: string | null;
  readonly adviceCode: string | null;
  readonly message: string | null;
  readonly occurredAt: Date;
}

/** An invoice as it is now, and what the provider takes of its payment for the platform. */
export interface InvoiceReading {
  readonly invoice: ProviderInvoice;
  readonly applicationFee: Money;
  readonly failure: FailedCollection | null;
}

/** Something about a subscription that a provider told, as its current objects show it. */
export type SubscriptionEvent = {
  readonly provider: ProviderName;
  readonly providerAccountId: string;
  readonly agencyId: string;
} & (
  | {
      readonly type: 'subscription.read';
      /** Ours. */
      readonly subscriptionId: string;
      readonly subscription: ProviderSubscription;
      /** Null where the event was not about an invoice. */
      readonly reading: InvoiceReading | null;
      /** The provider says that the trial ends in a few days. */
      readonly trialWillEnd: boolean;
      /** Of the card that a subscription on trial is to be charged to; null where it is not known. */
      readonly trialCard: string | null;
      readonly readAt: Date;
    }
  | { readonly type: 'checkout.expired'; readonly checkoutId: string }
  /** The client saved a card for the subscription that is to be made with it. */
  | { readonly type: 'checkout.card_saved'; readonly checkoutId: string; readonly cardId: string }
);
