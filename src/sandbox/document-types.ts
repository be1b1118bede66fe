import type Stripe from 'stripe';
import type { CardOutcomeName } from './card-outcomes.ts';
import type { RefundOutcome } from './refund-outcomes.ts';
import type { ThinEvent } from './thin-events.ts';

/** What a payment made by a session will carry; Stripe keeps it too, but shows it nowhere. */
export interface SessionPlan {
  readonly id: string;
  readonly created: number;
  readonly applicationFeeAmount: number | null;
  readonly description: string | null;
  readonly metadata: Stripe.Metadata;
  readonly receiptEmail: string | null;
  readonly setupFutureUsage: Stripe.PaymentIntent.SetupFutureUsage | null;
  readonly statementDescriptor: string | null;
  readonly statementDescriptorSuffix: string | null;
}

/** What a session in `subscription` mode will make once it is completed. */
export interface SessionSubscription {
  readonly id: string;
  readonly created: number;
  readonly items: readonly PlannedItem[];
  /** One-time prices beside the recurring ones: they go on the first invoice. */
  readonly oneTime: readonly PlannedItem[];
  readonly applicationFeePercent: number | null;
  readonly defaultTaxRates: readonly Stripe.TaxRate[];
  readonly description: string | null;
  readonly metadata: Stripe.Metadata;
  /** Unix seconds; null without a trial. */
  readonly trialEnd: number | null;
  readonly trialDays: number | null;
  readonly missingPaymentMethod: Stripe.Subscription.TrialSettings.EndBehavior.MissingPaymentMethod;
  /** Whether a card is asked for where nothing is due today. */
  readonly alwaysCollects: boolean;
  /** What the payer's attempts made so far. */
  readonly subscriptionId: string | null;
  readonly setupId: string | null;
}

/** A price to bill. Metered ones have no quantity: their usage is counted. */
export interface PlannedItem {
  readonly price: Stripe.Price;
  readonly quantity: number | null;
  readonly taxRates: readonly Stripe.TaxRate[];
  readonly metadata: Stripe.Metadata;
}

/** A thin event tells its time as text, and is none of those that the list of events has. */
export interface StoredThinEvent {
  readonly id: string;
  readonly created: number;
  readonly event: ThinEvent;
}

/** What a script made of a card, under its fingerprint or under the id of one payment method. */
export interface CardSwitch {
  readonly id: string;
  readonly created: number;
  readonly outcome: CardOutcomeName;
}

/** What a script made of every refund; kept on the platform. */
export interface RefundSwitch {
  readonly id: string;
  readonly created: number;
  readonly outcome: RefundOutcome;
}

/** That an account gave the platform access; kept on the platform, under the account's id. */
export interface Connection {
  readonly id: string;
  readonly created: number;
  readonly authorized: boolean;
}

/** What an account link leads to. Its id is the token in the link's address. */
export interface OnboardingLink {
  readonly id: string;
  readonly created: number;
  readonly accountId: string;
  readonly refreshUrl: string;
  readonly returnUrl: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly visited: boolean;
  readonly finished: boolean;
}

/**
 * Every kind of document and its shape, which is the SDK's own. Decimals are read back as the strings they are on the
 * wire: pass them on, never calculate with them.
 */
export interface DocumentTypes {
  account: Stripe.Account;
  connection: Connection;
  onboarding_link: OnboardingLink;
  product: Stripe.Product;
  price: Stripe.Price;
  tax_rate: Stripe.TaxRate;
  'billing.meter': Stripe.Billing.Meter;
  customer: Stripe.Customer;
  'checkout.session': Stripe.Checkout.Session;
  session_plan: SessionPlan;
  item: Stripe.LineItem;
  payment_intent: Stripe.PaymentIntent;
  payment_method: Stripe.PaymentMethod;
  setup_intent: Stripe.SetupIntent;
  card_switch: CardSwitch;
  charge: Stripe.Charge;
  refund: Stripe.Refund;
  refund_switch: RefundSwitch;
  dispute: Stripe.Dispute;
  application_fee: Stripe.ApplicationFee;
  fee_refund: Stripe.FeeRefund;
  subscription: Stripe.Subscription;
  subscription_schedule: Stripe.SubscriptionSchedule;
  session_subscription: SessionSubscription;
  invoice: Stripe.Invoice;
  invoice_payment: Stripe.InvoicePayment;
  balance_transaction: Stripe.BalanceTransaction;
  event: Stripe.EventBase;
  thin_event: StoredThinEvent;
  webhook_endpoint: Stripe.WebhookEndpoint;
}

export type DocumentKind = keyof DocumentTypes;
