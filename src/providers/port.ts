import type { Money } from '../money/money.ts';
import type { CardsPort, HoldsPort, OffSessionPort } from './card-ports.ts';
import type { CatalogPort } from './catalog-port.ts';
import type { MeteringPort } from './meter-ports.ts';
import type { BalancePort, DisputesPort, EventsPort, FeesPort, RefundsPort } from './refund-ports.ts';
import type { CardSubscriptionsPort, InvoicesPort, SchedulesPort, SubscriptionsPort } from './subscription-ports.ts';

/**
 * What the business rooms may ask of a payment provider. Small capabilities; a provider without one leaves the key
 * absent, and callers see that in the type. No method may be called inside a database transaction.
 *
 * Every method throws `ProviderError` (see errors.ts) and nothing else for a call that did not succeed.
 */
export type ProviderName = 'stripe' | 'whop';

/**
 * The provider account that a call acts on. Never optional, so that an object cannot be made on the wrong account.
 * `id` is the provider's own id (`acct_...`); `platform` is true for the account that the key itself belongs to.
 */
export interface AccountRef {
  readonly id: string;
  readonly platform: boolean;
}

/** Sent with every write. `key` is deterministic and was stored before the call; at most 255 characters. */
export interface WriteOptions {
  readonly idempotencyKey: string;
}

/** An account as its provider describes it. Currency codes are upper case. */
export interface ProviderAccount {
  readonly id: string;
  readonly country: string;
  readonly livemode: boolean;
  /** The currency its balance is kept in. */
  readonly settlementCurrency: string;
  /** What its customers may be charged in (Stripe: country spec). */
  readonly chargeableCurrencies: readonly string[];
  readonly chargesEnabled: boolean;
  readonly payoutsEnabled: boolean;
  /** False until its owner has finished the provider's form once. */
  readonly detailsSubmitted: boolean;
  readonly requirements: AccountRequirements;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a provider still asks of an account's owner, in the provider's words (Stripe: `business_profile.url`). */
export interface AccountRequirements {
  readonly currentlyDue: readonly string[];
  readonly pastDue: readonly string[];
  readonly pendingVerification: readonly string[];
  /** Why charges or payouts are off; null where they are not. */
  readonly disabledReason: string | null;
  /** When what is currently due turns charges or payouts off; null where no date is set. */
  readonly deadline: Date | null;
}

export interface NewConnectedAccount {
  /** Our own id of the account: what a lost call is found by. */
  readonly merchantAccountId: string;
  readonly agencyId: string;
  readonly name: string;
  readonly email: string;
  /** ISO 3166, two letters. */
  readonly country: string;
}

export interface OnboardingLink {
  readonly url: string;
  readonly expiresAt: Date;
}

export interface AccountsPort {
  /** The account that the configured key belongs to. */
  current(): Promise<ProviderAccount>;
  /** Null where the account does not answer to us: it is not connected, or no longer. */
  retrieve(accountId: string): Promise<ProviderAccount | null>;
  /** Absent where agencies bring keys of their own instead. */
  readonly connect?: ConnectPort;
  /** The account that a key of an agency's own belongs to. Absent where accounts are never reached by keys of their own. */
  ofKey?(apiKey: string): Promise<ProviderAccount>;
  /**
   * Has the provider tell of this account at `url`, in place of whatever told there before, and answers the secret that it signs
   * with, which is shown once. Absent where one endpoint hears every account.
   */
  listen?(account: AccountRef, url: string, eventTypes: readonly string[]): Promise<{ readonly secret: string }>;
}

/** Accounts that agencies own and the platform acts for. */
export interface ConnectPort {
  create(account: NewConnectedAccount, options: WriteOptions): Promise<ProviderAccount>;
  /** The account that a lost call may have made: found by listing. Null: proven absent. */
  find(merchantAccountId: string): Promise<ProviderAccount | null>;
  /**
   * Where its owner gives the provider what it asks for. Single use and short-lived: each call makes another link, and so
   * needs no key of ours; one that was lost does no harm.
   */
  createOnboardingLink(
    accountId: string,
    addresses: { readonly refreshUrl: string; readonly returnUrl: string },
  ): Promise<OnboardingLink>;
  /** The provider's own pages of the account, for its owner. */
  dashboardUrl(accountId: string): string;
  /** Ends our access, now or before. Absent where the platform's client id is not configured: then only the owner can. */
  disconnect?(accountId: string): Promise<void>;
}

export type * from './catalog-port.ts';

/** The provider's record of a customer of ours. */
export interface ProviderCustomer {
  readonly id: string;
}

export interface TopUpSessionRequest {
  readonly orderId: string;
  /** What every object the session makes carries, so that a payment names its order. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly providerCustomerId: string;
  readonly amount: Money;
  /** Taken out of the amount for the platform, in the same currency. Only on an account that is not the platform's own. */
  readonly applicationFee?: Money;
  /** The line that the client reads on the provider's page, e.g. `Top-up: 5.00 USD of balance`. */
  readonly description: string;
  readonly successUrl: string;
  readonly cancelUrl: string;
  readonly expiresAt: Date;
}

export interface HostedSession {
  readonly id: string;
  /** Where the client pays; null once the session is complete or expired. */
  readonly url: string | null;
  readonly status: 'open' | 'complete' | 'expired';
  readonly expiresAt: Date;
  readonly paymentId: string | null;
}

export interface CheckoutPort {
  /** The least that can be charged in a currency (upper-case code), in that currency. */
  minimumCharge(currency: string): Money;
  /** The most that can be charged in a currency. */
  maximumCharge(currency: string): Money;
  /** How long a session may stay open, in milliseconds. */
  readonly sessionLifetimeMs: { readonly min: number; readonly max: number };
  /** The provider ends no session: past its expiry somebody has to, or it stays payable. */
  readonly sessionsStayOpen?: true;
  createCustomer(
    account: AccountRef,
    customer: { readonly customerId: string; readonly name: string; readonly email: string },
    options: WriteOptions,
  ): Promise<ProviderCustomer>;
  /** The customer that a lost call may have made: found by listing, with our id in its metadata. Null: proven absent. */
  findCustomer(account: AccountRef, customerId: string, email: string): Promise<ProviderCustomer | null>;
  createTopUpSession(account: AccountRef, request: TopUpSessionRequest, options: WriteOptions): Promise<HostedSession>;
  /** The session that a lost call may have made: found by listing the provider customer's sessions. Null: proven absent. */
  findSession(account: AccountRef, providerCustomerId: string, orderId: string): Promise<HostedSession | null>;
  retrieveSession(account: AccountRef, sessionId: string): Promise<HostedSession>;
  expireSession(account: AccountRef, sessionId: string, options: WriteOptions): Promise<HostedSession>;
}

/**
 * A payment as the provider has it now: what a webhook that is only a hint leads to.
 * `amountReceived` is what has actually arrived (zero while it is not final).
 */
export interface ProviderPayment {
  readonly id: string;
  readonly amount: Money;
  readonly amountReceived: Money;
  /** What the provider takes of it for the platform; absent where it does not tell. */
  readonly applicationFee?: Money;
  /** The provider's subscription that it pays; absent for every other payment, and where only its invoice says so. */
  readonly subscriptionId?: string;
  /** Something of it was given back or is disputed; absent where it is not, and where a payment does not tell. */
  readonly isReversed?: true;
  readonly status:
    | 'requires_payment_method'
    | 'requires_action'
    | 'processing'
    | 'requires_capture'
    | 'succeeded'
    | 'canceled'
    | 'other';
  readonly metadata: Readonly<Record<string, string>>;
  readonly failure: {
    readonly code: string | null;
    readonly declineCode: string | null;
    readonly adviceCode: string | null;
    readonly message: string | null;
  } | null;
}

/** What came onto an account's balance, in the currency that the provider settles it in. */
export interface ProviderArrival {
  /** Before anything was kept. */
  readonly gross: Money;
  /** What the provider kept for itself. */
  readonly fees: Money;
  readonly net: Money;
  /** Units of the settlement currency for one that was charged, as the provider says it; null where it converted nothing. */
  readonly exchangeRate: string | null;
}

/** `net` is `gross` less the provider's fees and less what the platform took. */
export interface PaymentSettlement extends ProviderArrival {
  /** What it was paid with; null where that was no card, or the provider does not say. */
  readonly card: { readonly brand: string; readonly last4: string } | null;
  readonly applicationFee: {
    readonly id: string;
    /** In the currency that was charged. */
    readonly amount: Money;
    /** The same in the payment's settlement currency, as it was taken out of `gross`. */
    readonly taken: Money;
    /** What came of it onto the platform's own balance. */
    readonly arrival: ProviderArrival;
  } | null;
}

export interface PaymentsPort {
  retrieve(account: AccountRef, paymentId: string): Promise<ProviderPayment>;
  /** Null while the provider has not put the payment on a balance. Absent where the provider does not tell. */
  settlement?(account: AccountRef, paymentId: string): Promise<PaymentSettlement | null>;
  /**
   * Every payment that was made or changed within a span, in no particular order. Absent where the provider goes on telling of an
   * event for so long that nobody has to ask.
   */
  listSince?(account: AccountRef, since: Date, until?: Date): Promise<readonly ProviderPayment[]>;
}

/** An endpoint at the provider that delivers to us. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly apiVersion: string | null;
  readonly enabled: boolean;
  /** Whether it hears connected accounts; null where the provider does not say and it is not one of ours. */
  readonly connect: boolean | null;
}

export interface WebhookEndpointsPort {
  list(): Promise<readonly WebhookEndpoint[]>;
  /** The secret is shown here and never again. Payloads are of the SDK's own API version. */
  create(
    endpoint: { readonly url: string; readonly eventTypes: readonly string[]; readonly connect: boolean },
    options: WriteOptions,
  ): Promise<{ readonly endpoint: WebhookEndpoint; readonly secret: string }>;
  update(
    id: string,
    change: { readonly eventTypes: readonly string[]; readonly enabled: boolean },
    options: WriteOptions,
  ): Promise<WebhookEndpoint>;
}

export interface PaymentProvider {
  readonly name: ProviderName;
  /** The API version that calls are made in and that events must be of to be applied from their snapshot. */
  readonly apiVersion: string;
  readonly accounts: AccountsPort;
  readonly catalog?: CatalogPort;
  readonly checkout?: CheckoutPort;
  readonly payments?: PaymentsPort;
  readonly cards?: CardsPort;
  /** Absent: a card that was set up is verified by that. */
  readonly holds?: HoldsPort;
  readonly offSession?: OffSessionPort;
  readonly refunds?: RefundsPort;
  readonly disputes?: DisputesPort;
  /** Absent where the platform takes no part of payments on other accounts. */
  readonly fees?: FeesPort;
  /** What the provider's own books say; absent where it does not tell. */
  readonly balance?: BalancePort;
  readonly events?: EventsPort;
  readonly subscriptions?: SubscriptionsPort;
  /** Absent: whoever subscribes does so on the hosted page. */
  readonly cardSubscriptions?: CardSubscriptionsPort;
  /** Absent: a change is an end with the period, and another subscription after it. */
  readonly schedules?: SchedulesPort;
  readonly invoices?: InvoicesPort;
  readonly metering?: MeteringPort;
  readonly webhookEndpoints?: WebhookEndpointsPort;
}

/** The providers that this installation has. Absent means not configured, which is not the same as sandboxed. */
export type Providers = { readonly [Name in ProviderName]?: PaymentProvider };
