import type { Money } from '../money/money.ts';
import type { CardsPort, HoldsPort, OffSessionPort } from './card-ports.ts';

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
}

export interface AccountsPort {
  /** The account that the configured key belongs to. */
  current(): Promise<ProviderAccount>;
}

export type BillingCycle = 'monthly' | 'quarterly' | 'yearly';

/** A product as we want it, or as it is. `id` is chosen by us, so that creation can be repeated at any time. */
export interface CatalogProduct {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly active: boolean;
  /** Our own keys: `baisa_plan`, `baisa_version`, `baisa_agency`, `baisa_fingerprint`. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface PriceSpecBase {
  readonly productId: string;
  /** Unique in the account; creating a price with it takes it from the price that had it. */
  readonly lookupKey: string;
  readonly taxBehavior: 'inclusive' | 'exclusive' | 'unspecified';
  readonly metadata: Readonly<Record<string, string>>;
}

/** Paid for in advance, times a quantity, every cycle: the base of a plan, or one more of an add-on. */
export interface LicensedPriceSpec extends PriceSpecBase {
  readonly usage: 'licensed';
  readonly cycle: BillingCycle;
  readonly amount: Money;
}

/** Paid for afterwards, flat per unit that the meter counted. We alone count quotas, so it is never tiered. */
export interface MeteredPriceSpec extends PriceSpecBase {
  readonly usage: 'metered';
  readonly cycle: 'monthly';
  /** An active meter of the account. */
  readonly meterId: string;
  /** Of one unit; may be a fraction of a minor unit, to twelve decimals of it. */
  readonly amount: Money;
}

/** Paid for once: a pack. */
export interface OneTimePriceSpec extends PriceSpecBase {
  readonly usage: 'one_time';
  readonly amount: Money;
}

export type CatalogPriceSpec = LicensedPriceSpec | MeteredPriceSpec | OneTimePriceSpec;

/** A price as the provider has it. Immutable there but for `active`, the lookup key and metadata. */
export interface CatalogPrice extends Omit<PriceSpecBase, 'lookupKey'> {
  readonly id: string;
  readonly lookupKey: string | null;
  readonly usage: CatalogPriceSpec['usage'];
  /** Null for a one-time price, and where the remote interval is none of ours. */
  readonly cycle: BillingCycle | null;
  /** Null unless metered. */
  readonly meterId: string | null;
  /** Of one unit; may be a fraction of a minor unit. */
  readonly amount: Money;
  readonly active: boolean;
}

/** A tax as we want it. The percentage and `inclusive` never change: another rate is another object. */
export interface TaxRateSpec {
  /** What the client reads on the provider's page and invoice, e.g. `GST`. */
  readonly displayName: string;
  /** Decimal string out of 100 with at most four decimals, without trailing zeros: `5`, `7.5`. */
  readonly percentage: string;
  readonly inclusive: boolean;
  /** ISO 3166, two letters. */
  readonly country: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface CatalogTaxRate extends TaxRateSpec {
  readonly id: string;
  /** An archived rate goes on in the subscriptions that have it, and is given to no new one. */
  readonly active: boolean;
}

/** Tax rates have no key of ours but their metadata: one that a lost call made is found by listing. */
export interface TaxRatesPort {
  /** All of ours (a `baisa_` key in their metadata), archived ones too. */
  list(account: AccountRef): Promise<readonly CatalogTaxRate[]>;
  create(account: AccountRef, taxRate: TaxRateSpec, options: WriteOptions): Promise<CatalogTaxRate>;
  /** `active: false` archives. */
  update(
    account: AccountRef,
    taxRateId: string,
    change: Partial<Pick<CatalogTaxRate, 'active' | 'displayName' | 'metadata'>>,
    options: WriteOptions,
  ): Promise<CatalogTaxRate>;
}

export type MeterAggregation = 'sum' | 'last' | 'count';

export interface MeterSpec {
  /** Names the meter in the account, one each; ours start with `baisa_`. Letters, digits and `_`. */
  readonly eventName: string;
  /** For people at the provider's console; clients do not see it. */
  readonly displayName: string;
  readonly aggregation: MeterAggregation;
}

export interface CatalogMeter extends Omit<MeterSpec, 'aggregation'> {
  readonly id: string;
  /** Null where the remote aggregation is none of ours. */
  readonly aggregation: MeterAggregation | null;
  /** What an event's payload calls the provider customer, and the counted value. */
  readonly customerKey: string;
  readonly valueKey: string;
  /** A deactivated meter takes no events and no new prices. */
  readonly active: boolean;
}

/** Meters change in nothing but their name and whether they are active. */
export interface MetersPort {
  /** All of ours (event name starts with `baisa_`), deactivated ones too. */
  list(account: AccountRef): Promise<readonly CatalogMeter[]>;
  /** Answers the existing meter when the event name has one: as it is, which may be deactivated or otherwise aggregated. */
  create(account: AccountRef, meter: MeterSpec, options: WriteOptions): Promise<CatalogMeter>;
  rename(account: AccountRef, meterId: string, displayName: string, options: WriteOptions): Promise<CatalogMeter>;
  /** Answers the meter as it is when it is deactivated already. */
  deactivate(account: AccountRef, meterId: string, options: WriteOptions): Promise<CatalogMeter>;
  /** Answers the meter as it is when it is active already. */
  reactivate(account: AccountRef, meterId: string, options: WriteOptions): Promise<CatalogMeter>;
}

export interface CatalogPort {
  /** Absent where the provider adds no tax of ours. */
  readonly taxRates?: TaxRatesPort;
  /** Absent where the provider counts no usage. */
  readonly meters?: MetersPort;
  /** All of ours (id starts with `baisa_`, or `baisa_plan` in the metadata), archived ones too. */
  listProducts(account: AccountRef): Promise<readonly CatalogProduct[]>;
  /** Null when the account has no product of that id. */
  retrieveProduct(account: AccountRef, productId: string): Promise<CatalogProduct | null>;
  /** Answers the existing product when one of that id is there already. */
  createProduct(account: AccountRef, product: CatalogProduct, options: WriteOptions): Promise<CatalogProduct>;
  updateProduct(
    account: AccountRef,
    productId: string,
    change: Partial<Pick<CatalogProduct, 'name' | 'description' | 'active' | 'metadata'>>,
    options: WriteOptions,
  ): Promise<CatalogProduct>;
  /** Prices that hold any of these lookup keys; any number of keys, split into the provider's own limit. */
  pricesByLookupKey(account: AccountRef, lookupKeys: readonly string[]): Promise<readonly CatalogPrice[]>;
  /** Every price of a product, archived ones too. */
  pricesOfProduct(account: AccountRef, productId: string): Promise<readonly CatalogPrice[]>;
  /**
   * All of ours, archived ones too: the lookup key starts with `baisa:`, or `baisa_plan` is in the metadata, or it lies on a
   * product whose id starts with `baisa_` (so that a price which somebody else put on our product is seen).
   */
  listPrices(account: AccountRef): Promise<readonly CatalogPrice[]>;
  createPrice(account: AccountRef, price: CatalogPriceSpec, options: WriteOptions): Promise<CatalogPrice>;
  /** `lookupKey` is taken from the price that has it. */
  updatePrice(
    account: AccountRef,
    priceId: string,
    change: { readonly active?: boolean; readonly lookupKey?: string; readonly metadata?: CatalogPrice['metadata'] },
    options: WriteOptions,
  ): Promise<CatalogPrice>;
  archivePrice(account: AccountRef, priceId: string, options: WriteOptions): Promise<CatalogPrice>;
}

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
  readonly webhookEndpoints?: WebhookEndpointsPort;
}

/** The providers that this installation has. Absent means not configured, which is not the same as sandboxed. */
export type Providers = { readonly [Name in ProviderName]?: PaymentProvider };
