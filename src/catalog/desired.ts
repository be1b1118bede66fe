import { Decimal } from 'decimal.js';
import { Money } from '../money/money.ts';
import type { AccountRef, ProviderName } from '../providers/port.ts';
import { providerTraits } from '../providers/provider-traits.ts';
import {
  type AccountTerms,
  accountPrice,
  chargingPrice,
  cyclePrices,
  includesTax,
  meteredPrice,
  monthsOf,
} from './account-price.ts';
import { carriedPlan } from './carried-plan.ts';
import {
  type DesiredMeter,
  type DesiredParts,
  type DesiredPrice,
  type DesiredProduct,
  type DesiredTaxRate,
  fingerprint,
  lookupKeyOf,
  metadataKeys,
  meterNameOf,
  type PartKey,
  type PriceContent,
  productIdOf,
  productKey,
  taxKey,
} from './part.ts';
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
  /** True where the agency's own key reaches it, and the platform's does not. */
  readonly ownKey?: boolean;
  /** Why nothing can be published there yet, as a sentence; absent for an account that is ready. */
  readonly obstacle?: string;
}

export type Desired = { readonly blocked: string } | ({ readonly blocked: null } & DesiredParts);

/** Before what only one kind of price has, and before everything that follows from the plan alone. */
type Draft = PriceContent extends infer Content
  ? Content extends PriceContent
    ? Omit<Content, 'productId' | 'lookupKey' | 'metadata'>
    : never
  : never;

interface DraftPrice {
  readonly key: PartKey;
  readonly draft: Draft;
  /** What the plan asks, before conversion and rounding; a list where several numbers make the price. */
  readonly asked: object;
  /** False where the published amount does not depend on the account's rate. */
  readonly converted: boolean;
}

const sharesRenewals = ({ type, cycles }: PlanDocument): boolean =>
  type === 'revenue_sharing' && Object.values(cycles).some((price) => price !== undefined);

const noShare =
  'This account was connected with a key of its own, from which no share can be taken: a plan that shares revenue is not sold there.';

const noSharedRenewals =
  'Of what this provider renews no share is taken: a plan that shares revenue is sold by the period on the platform’s own account, or without a base fee.';

const noRate = (from: string, to: string): string =>
  `There is no rate from ${from} to ${to}, which this account charges.`;

/**
 * What a plan version should be in an account: its tax rate and meters, one product, and its prices in the account's effective
 * currency: one per cycle, one per cycle and recurring feature that can be had in addition, one per pack, and a flat one for each
 * overage that is invoiced. Overage drawn from the balance is none of the provider's. `blocked` says why it cannot be there at all.
 *
 * Only the product's fingerprint has the version, so that versions which ask the same share their prices: `baisa_version` on a
 * price names the version that it was first made for.
 */
export function desired(version: SoldVersion, account: CarrierAccount): Desired {
  if (account.obstacle !== undefined) return { blocked: account.obstacle };
  const sold = { ...version, plan: carriedPlan(version.plan, account.provider).plan };
  if (account.ownKey && sold.plan.type === 'revenue_sharing') return { blocked: noShare };
  if (sharesRenewals(sold.plan) && !account.ref.platform && !providerTraits[account.provider].sharesRenewals) {
    return { blocked: noSharedRenewals };
  }
  const drafts = draftPrices(sold.plan, account);
  if (drafts === null) return { blocked: noRate(sold.plan.currency, account.effectiveCurrency) };
  return {
    blocked: null,
    taxRates: desiredTaxRates(sold, account),
    meters: desiredMeters(sold, account),
    product: desiredProduct(sold, true),
    prices: drafts.map((draft) => desiredPrice(sold, account, draft)),
  };
}

/** What is left of a plan where nobody can have it any more: a product that is switched off, and no price. */
export const withdrawn = (sold: SoldVersion): Desired => ({
  blocked: null,
  taxRates: [],
  meters: [],
  product: desiredProduct(sold, false),
  prices: [],
});

function desiredProduct(sold: SoldVersion, active: boolean): DesiredProduct {
  const content = {
    id: productIdOf(sold.planId),
    // Never the internal name: providers show this to clients.
    name: sold.plan.displayName,
    description: sold.plan.description,
    active,
  };
  const owner = ownerOf(sold);
  const made = fingerprint({ ...content, owner });
  return {
    key: productKey,
    fingerprint: made,
    product: { ...content, metadata: { ...owner, [metadataKeys.fingerprint]: made } },
  };
}

const ownerOf = (sold: SoldVersion): Readonly<Record<string, string>> => ({
  [metadataKeys.plan]: sold.planId,
  [metadataKeys.version]: String(sold.version),
  [metadataKeys.agency]: sold.agencyId,
});

/** A percentage and whether it is included never change at a provider, so that both are in the fingerprint. */
function desiredTaxRates(sold: SoldVersion, account: CarrierAccount): readonly DesiredTaxRate[] {
  const { tax } = sold.plan;
  if (tax === null) return [];
  const content = {
    displayName: tax.name,
    percentage: new Decimal(tax.percent).toFixed(),
    inclusive: includesTax(tax, account),
    country: null,
  };
  const made = fingerprint({ ...content, agencyId: sold.agencyId });
  const metadata = {
    [metadataKeys.agency]: sold.agencyId,
    [metadataKeys.part]: taxKey,
    [metadataKeys.fingerprint]: made,
  };
  return [{ key: taxKey, fingerprint: made, taxRate: { ...content, metadata } }];
}

const meterKeyOf = (feature: string): PartKey => `meter:${feature}`;

/** What a provider invoices by its meter, and at which price. */
const invoicedOverage = (plan: PlanDocument): readonly { readonly feature: string; readonly price: Money }[] =>
  plan.usage.flatMap((line) => {
    const price = line.collect === 'invoice' ? chargingPrice(plan, line) : null;
    return price === null ? [] : [{ feature: line.feature, price: Money.of(price, plan.currency) }];
  });

function desiredMeters(sold: SoldVersion, account: CarrierAccount): readonly DesiredMeter[] {
  return invoicedOverage(sold.plan).flatMap(({ feature, price }) => {
    const metered = meteredPrice(price, sold.plan.tax, account);
    if (metered === null) return [];
    const meter = {
      eventName: meterNameOf(sold.agencyId, feature, metered.counts),
      displayName: metered.counts === 'units' ? `${feature}: overage` : `${feature}: overage, in chargeable steps`,
      // We count quotas and send differences, whatever the feature itself adds up by.
      aggregation: 'sum' as const,
    };
    return [{ key: meterKeyOf(feature), fingerprint: fingerprint(meter), meter }];
  });
}

function desiredPrice(sold: SoldVersion, account: CarrierAccount, { key, draft, asked, converted }: DraftPrice) {
  const lookupKey = lookupKeyOf(sold.planId, key);
  const content = { ...draft, productId: productIdOf(sold.planId), lookupKey };
  const made = fingerprint({
    ...content,
    amount: draft.amount.toJSON(),
    asked,
    rate: converted ? account.usdRate : null,
    agencyId: sold.agencyId,
  });
  const metadata = { ...ownerOf(sold), [metadataKeys.part]: key, [metadataKeys.fingerprint]: made };
  return { key, fingerprint: made, price: { ...content, metadata } } satisfies DesiredPrice;
}

/** Null where no rate leads from the plan's currency to the account's. */
function draftPrices(plan: PlanDocument, account: CarrierAccount): readonly DraftPrice[] | null {
  const drafts = [
    ...basePrices(plan, account),
    ...addOnPrices(plan, account),
    ...packPrices(plan, account),
    ...overagePrices(plan, account),
  ];
  const made = drafts.filter((draft) => draft !== null);
  return made.length === drafts.length ? made : null;
}

const isConverted = (plan: PlanDocument, account: CarrierAccount): boolean =>
  plan.currency !== account.effectiveCurrency;

const basePrices = (plan: PlanDocument, account: CarrierAccount): readonly (DraftPrice | null)[] =>
  cyclePrices(plan).map(({ cycle, price }) => {
    const amount = accountPrice(price, plan.tax, account);
    const converted = isConverted(plan, account);
    return amount && { key: `base:${cycle}`, draft: { usage: 'licensed', cycle, ...amount }, asked: price, converted };
  });

/** What one more of a feature costs for a whole cycle; its price in the plan is per month. */
const addOnPrices = (plan: PlanDocument, account: CarrierAccount): readonly (DraftPrice | null)[] =>
  plan.recurring.flatMap(({ feature, unitPrice }) =>
    unitPrice === undefined
      ? []
      : cyclePrices(plan).map(({ cycle }): DraftPrice | null => {
          const price = Money.of(unitPrice, plan.currency).times(String(monthsOf[cycle]));
          const amount = accountPrice(price, plan.tax, account);
          const key = `addon:${feature}:${cycle}`;
          const converted = isConverted(plan, account);
          return amount && { key, draft: { usage: 'licensed', cycle, ...amount }, asked: price, converted };
        }),
  );

type Pack = PlanDocument['packs'][number];

const packKeyOf = ({ feature, quantity, validDays }: Pack): PartKey =>
  `pack:${feature}:${new Decimal(quantity).toFixed()}:${validDays ?? 'unlimited'}`;

/** Packs that differ in nothing but their price would share a key: the later ones are numbered. */
function packPrices(plan: PlanDocument, account: CarrierAccount): readonly (DraftPrice | null)[] {
  const seen = new Map<PartKey, number>();
  return plan.packs.map((pack) => {
    const own = packKeyOf(pack);
    const count = (seen.get(own) ?? 0) + 1;
    seen.set(own, count);
    const price = Money.of(pack.price, plan.currency);
    const amount = accountPrice(price, plan.tax, account);
    const key = count === 1 ? own : `${own}:${count}`;
    return (
      amount && { key, draft: { usage: 'one_time', ...amount }, asked: price, converted: isConverted(plan, account) }
    );
  });
}

/**
 * Flat per counted unit, for quotas are ours to count; monthly, as quotas are. Where the meter counts steps of money, what a
 * unit costs is in the count, so that a new overage price is no new published price.
 */
const overagePrices = (plan: PlanDocument, account: CarrierAccount): readonly (DraftPrice | null)[] =>
  invoicedOverage(plan).map(({ feature, price }) => {
    const metered = meteredPrice(price, plan.tax, account);
    if (metered === null) return null;
    const { counts, ...amount } = metered;
    const isCounted = counts === 'units';
    return {
      key: `overage:${feature}`,
      draft: { usage: 'metered', cycle: 'monthly', meterKey: meterKeyOf(feature), ...amount },
      asked: isCounted ? price : { counts },
      converted: isCounted && isConverted(plan, account),
    };
  });
