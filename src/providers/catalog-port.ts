import type { Money } from '../money/money.ts';
import type { AccountRef, WriteOptions } from './port.ts';

/** The catalogue of a provider: products, prices, taxes and meters. What `port.ts` says of every capability holds here. */

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
