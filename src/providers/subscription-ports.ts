import type { Money } from '../money/money.ts';
import type { AccountRef, HostedSession, WriteOptions } from './port.ts';

/**
 * Subscriptions that a provider invoices by itself. What `port.ts` says of every capability holds here. The provider's objects carry
 * our ids in their metadata; its events are hints, and these calls are how things stand.
 */

/** One price of a subscription. */
export interface SubscriptionLine {
  readonly priceId: string;
  /** Null for a metered price, whose quantity is counted. */
  readonly quantity: number | null;
  readonly taxRateIds: readonly string[];
}

interface SubscriptionTerms {
  /** Ours: the subscription is named by it and found by it. */
  readonly subscriptionId: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly providerCustomerId: string;
  readonly lines: readonly SubscriptionLine[];
  /** Days that are not paid for; null for none. */
  readonly trialDays: number | null;
  /** The platform's part of each invoice, with at most two decimals; null for none. */
  readonly applicationFeePercent: string | null;
}

export interface SubscriptionSessionRequest extends SubscriptionTerms {
  /** Our own id of the session: what a lost call is found by. */
  readonly reference: string;
  readonly successUrl: string;
  readonly cancelUrl: string;
  readonly expiresAt: Date;
}

export interface NewSubscriptionRequest extends SubscriptionTerms {
  readonly cardId: string;
}

export interface ProviderSubscriptionItem {
  readonly itemId: string;
  readonly priceId: string;
  readonly quantity: number | null;
  readonly taxRateIds: readonly string[];
  readonly periodStart: Date;
  readonly periodEnd: Date;
}

export type ProviderSubscriptionStatus =
  | 'incomplete'
  | 'incomplete_expired'
  | 'trialing'
  | 'active'
  | 'past_due'
  | 'unpaid'
  | 'canceled'
  | 'paused';

/** A subscription as the provider has it now. */
export interface ProviderSubscription {
  readonly id: string;
  readonly status: ProviderSubscriptionStatus;
  readonly providerCustomerId: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly items: readonly ProviderSubscriptionItem[];
  /** The card that it is charged to; null for the customer's default. */
  readonly defaultCardId: string | null;
  readonly startedAt: Date;
  /** Where its periods begin. */
  readonly anchorAt: Date;
  readonly trialEndsAt: Date | null;
  /** It ends then by somebody's word, at the end of a period or another time. */
  readonly cancelAt: Date | null;
  readonly endedAt: Date | null;
  /** The schedule that leads it, if one does. */
  readonly scheduleId: string | null;
}

/** What a subscription becomes when its period ends. */
export interface ScheduledChange {
  /** The provider's subscription. */
  readonly id: string;
  /** Our id of the change. */
  readonly changeId: string;
  readonly current: readonly ProviderSubscriptionItem[];
  readonly periodEnd: Date;
  readonly next: readonly SubscriptionLine[];
  /** How long a period of the new lines is. */
  readonly nextMonths: number;
  /** The platform's part from then on, as in `SubscriptionTerms`; null for none any more. */
  readonly applicationFeePercent: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Subscriptions that begin on a hosted page. */
export interface SubscriptionsPort {
  createSession(
    account: AccountRef,
    request: SubscriptionSessionRequest,
    options: WriteOptions,
  ): Promise<HostedSession>;
  /** The session that a lost call may have made: found by listing. Null: proven absent. */
  findSession(account: AccountRef, providerCustomerId: string, reference: string): Promise<HostedSession | null>;
  retrieve(account: AccountRef, id: string): Promise<ProviderSubscription>;
  /** `cancel`: it ends with its period, the longest where it has several; else what was said so is taken back. */
  endWithPeriod(account: AccountRef, id: string, cancel: boolean, options: WriteOptions): Promise<ProviderSubscription>;
  /** Ends at once, without an invoice or a refund. One that is over is answered as it is. */
  cancel(account: AccountRef, id: string, options: WriteOptions): Promise<ProviderSubscription>;
}

/** Subscriptions by a card that is saved at the provider, without its owner. */
export interface CardSubscriptionsPort {
  /** Charges the card now. Throws `ProviderError` of kind `declined`, and then nothing is there. */
  create(account: AccountRef, request: NewSubscriptionRequest, options: WriteOptions): Promise<ProviderSubscription>;
  /** The subscription that a lost call may have made: found by listing the customer's. Null: proven absent. */
  find(account: AccountRef, providerCustomerId: string, subscriptionId: string): Promise<ProviderSubscription | null>;
  setDefaultCard(account: AccountRef, id: string, cardId: string, options: WriteOptions): Promise<ProviderSubscription>;
}

/** What a subscription becomes when its period ends. */
export interface SchedulesPort {
  /** Begins a schedule that leads a subscription as it is; answers the one that leads it already. Changes nothing by itself. */
  beginSchedule(account: AccountRef, id: string, options: WriteOptions): Promise<{ readonly scheduleId: string }>;
  /** What the schedule makes of its subscription when the period ends, unprorated. Again, it replaces what was said before. */
  schedule(
    account: AccountRef,
    scheduleId: string,
    change: ScheduledChange,
    options: WriteOptions,
  ): Promise<ProviderSubscription>;
  /** The change that a schedule leads to, and when; null where it leads to none of ours. */
  scheduledChange(
    account: AccountRef,
    scheduleId: string,
  ): Promise<{ readonly changeId: string; readonly at: Date } | null>;
  /** Takes back what was scheduled: the subscription goes on as it is. A schedule that is over is left alone. */
  releaseSchedule(account: AccountRef, scheduleId: string, options: WriteOptions): Promise<void>;
}

export interface ProviderInvoiceLine {
  /** Null for what has no price, such as an item added by hand. */
  readonly priceId: string | null;
  /** As the provider writes it for the client. */
  readonly description: string;
  /** Null where the provider does not say. */
  readonly quantity: number | null;
  /** Before tax. */
  readonly net: Money;
  readonly tax: Money;
  readonly periodStart: Date;
  readonly periodEnd: Date;
}

export interface ProviderInvoice {
  readonly id: string;
  readonly number: string | null;
  readonly status: 'draft' | 'open' | 'paid' | 'void' | 'uncollectible';
  /** The provider's subscription; null for an invoice of something else. */
  readonly subscriptionId: string | null;
  /** Of the subscription, as it was when the invoice was made. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly billingReason: string | null;
  /** With tax. */
  readonly total: Money;
  readonly tax: Money;
  readonly amountDue: Money;
  readonly amountPaid: Money;
  /** What the client's credit at the provider bore of it; negative where it left credit behind. */
  readonly credit: Money;
  readonly lines: readonly ProviderInvoiceLine[];
  /** Payments that paid it; of one that is not paid those that are to, the provider's own first. The first is followed. */
  readonly paymentIds: readonly string[];
  readonly hostedUrl: string | null;
  readonly attemptCount: number;
  readonly nextAttemptAt: Date | null;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly createdAt: Date;
  readonly paidAt: Date | null;
}

export interface InvoicesPort {
  retrieve(account: AccountRef, id: string): Promise<ProviderInvoice>;
  /** The invoice that a payment paid; null for a payment of something else. Renewals carry no metadata of ours. */
  findByPayment(account: AccountRef, paymentId: string): Promise<ProviderInvoice | null>;
  listOfSubscription(account: AccountRef, subscriptionId: string): Promise<readonly ProviderInvoice[]>;
}
