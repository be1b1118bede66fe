import { createHash } from 'node:crypto';
import { lookupKeyPrefix, ownNamePrefix, metadataKeys as sharedKeys } from '../providers/metadata.ts';
import type {
  CatalogProduct,
  LicensedPriceSpec,
  MeteredPriceSpec,
  MeterSpec,
  OneTimePriceSpec,
  TaxRateSpec,
} from '../providers/port.ts';

/**
 * What identifies a part of a plan in an account: `product`, `tax`, `base:monthly`, `addon:seats:yearly`,
 * `pack:call_minutes:500:90`, `meter:call_minutes`, `overage:call_minutes`.
 */
export type PartKey = string;

export const partKinds = ['product', 'price', 'tax_rate', 'meter'] as const;
export type PartKind = (typeof partKinds)[number];

export const productKey: PartKey = 'product';
export const taxKey: PartKey = 'tax';

interface Part {
  readonly key: PartKey;
  /** Changes when anything that makes the object changes, the rate included; see `fingerprint`. */
  readonly fingerprint: string;
}

export interface DesiredProduct extends Part {
  readonly product: CatalogProduct;
}

/** Shared by the plans of an agency in an account, as meters are. */
export interface DesiredTaxRate extends Part {
  readonly taxRate: TaxRateSpec;
}

export interface DesiredMeter extends Part {
  readonly meter: MeterSpec;
}

/** A metered price names its meter by its part: the provider's id is known once the meter is there. */
export type PriceContent =
  | LicensedPriceSpec
  | OneTimePriceSpec
  | (Omit<MeteredPriceSpec, 'meterId'> & { readonly meterKey: PartKey });

export interface DesiredPrice extends Part {
  readonly price: PriceContent;
}

/** Everything of a plan version in an account, in the order in which it is made. */
export interface DesiredParts {
  readonly taxRates: readonly DesiredTaxRate[];
  readonly meters: readonly DesiredMeter[];
  readonly product: DesiredProduct;
  readonly prices: readonly DesiredPrice[];
}

/** Our own keys on remote objects. Objects without them are other people's business and are left alone. */
export const metadataKeys = {
  plan: sharedKeys.plan,
  version: sharedKeys.version,
  agency: sharedKeys.agency,
  part: 'baisa_part',
  fingerprint: sharedKeys.fingerprint,
} as const;

/** Chosen by us, so that creating the product can be repeated for ever. */
export const productIdOf = (planId: string): string => `${ownNamePrefix}${planId}`;

export const lookupKeyOf = (planId: string, part: PartKey): string => `${lookupKeyPrefix}${planId}:${part}`;

/**
 * The name of an agency's meter of a feature. What it counts is in the name, for a meter never changes: an account that
 * goes over to a three-decimal currency gets another one. At most 99 of the 100 characters that Stripe takes.
 */
export const meterNameOf = (agencyId: string, feature: string, counts: 'units' | 'steps'): string =>
  `${ownNamePrefix}${counts === 'units' ? 'u' : 's'}_${agencyId}_${feature}`;

const inKeyOrder = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** sha256 of the JSON of `content` with its keys in order. */
export const fingerprint = (content: object): string =>
  createHash('sha256').update(JSON.stringify(content, inKeyOrder)).digest('hex');
