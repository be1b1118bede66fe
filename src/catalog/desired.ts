import { createHash } from 'node:crypto';
import type { AccountRef, CatalogPriceSpec, CatalogProduct, ProviderName } from '../providers/port.ts';
import { type AccountTerms, accountPrice, cyclePrices } from './account-price.ts';
import type { PlanDocument } from './plan-document.ts';

/** A version of a plan that is for sale. */
export interface SoldVersion {
  readonly agencyId: string;
  readonly planId: string;
  readonly version: number;
  readonly plan: PlanDocument;
}

/** An account that may carry plans. */
export interface CarrierAccount extends AccountTerms {
  readonly id: string;
  readonly provider: ProviderName;
  readonly ref: AccountRef;
}

/** What identifies a part of a plan in an account: `product`, `base:monthly`. */
export type PartKey = string;

export const productKey: PartKey = 'product';

interface Part {
  readonly key: PartKey;
  /** Changes when anything that makes the object changes, the rate included; see `fingerprint`. */
  readonly fingerprint: string;
}

export interface DesiredProduct extends Part {
  readonly product: CatalogProduct;
}

export interface DesiredPrice extends Part {
  readonly price: CatalogPriceSpec;
}

export type Desired =
  | { readonly blocked: string }
  | { readonly blocked: null; readonly product: DesiredProduct; readonly prices: readonly DesiredPrice[] };

/** Our own keys on remote objects. Objects without them are other people's business and are left alone. */
export const metadataKeys = {
  plan: 'baisa_plan',
  version: 'baisa_version',
  agency: 'baisa_agency',
  part: 'baisa_part',
  fingerprint: 'baisa_fingerprint',
} as const;

/** Chosen by us, so that creating the product can be repeated for ever. */
export const productIdOf = (planId: string): string => `baisa_${planId}`;

export const lookupKeyOf = (planId: string, part: PartKey): string => `baisa:${planId}:${part}`;

const inKeyOrder = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** sha256 of the JSON of `content` with its keys in order. */
export const fingerprint = (content: object): string =>
  createHash('sha256').update(JSON.stringify(content, inKeyOrder)).digest('hex');

function desiredProduct(sold: SoldVersion): DesiredProduct {
  const content = {
    id: productIdOf(sold.planId),
    // Never the internal name: providers show this to clients.
    name: sold.plan.displayName,
    description: sold.plan.description,
    active: true,
  };
  const owner = {
    [metadataKeys.plan]: sold.planId,
    [metadataKeys.version]: String(sold.version),
    [metadataKeys.agency]: sold.agencyId,
  };
  const made = fingerprint({ ...content, owner });
  return {
    key: productKey,
    fingerprint: made,
    product: { ...content, metadata: { ...owner, [metadataKeys.fingerprint]: made } },
  };
}

/**
 * What a plan version should be in an account: one product, and one price per cycle in the account's effective
 * currency. `blocked` says why it cannot be there at all.
 *
 * A price's fingerprint leaves the version out, so that versions which ask the same share the price: `baisa_version` on
 * it names the version that it was first made for.
 */
export function desired(sold: SoldVersion, account: CarrierAccount): Desired {
  const productId = productIdOf(sold.planId);
  const prices: DesiredPrice[] = [];
  for (const { cycle, price } of cyclePrices(sold.plan)) {
    const asked = accountPrice(price, sold.plan.tax, account);
    if (asked === null) {
      const reason = `There is no rate from ${sold.plan.currency} to ${account.effectiveCurrency}, which this account charges.`;
      return { blocked: reason };
    }
    const key = `base:${cycle}`;
    const content = { productId, lookupKey: lookupKeyOf(sold.planId, key), cycle, taxBehavior: asked.taxBehavior };
    const made = fingerprint({
      ...content,
      amount: asked.amount.toJSON(),
      asked: price.toJSON(),
      rate: account.effectiveCurrency === sold.plan.currency ? null : account.usdRate,
      agencyId: sold.agencyId,
    });
    const metadata = {
      [metadataKeys.plan]: sold.planId,
      [metadataKeys.version]: String(sold.version),
      [metadataKeys.agency]: sold.agencyId,
      [metadataKeys.part]: key,
      [metadataKeys.fingerprint]: made,
    };
    prices.push({ key, fingerprint: made, price: { usage: 'licensed', ...content, amount: asked.amount, metadata } });
  }
  return { blocked: null, product: desiredProduct(sold), prices };
}
