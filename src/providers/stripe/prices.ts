import type Stripe from 'stripe';
import { isCurrencyCode } from '../../money/currency.ts';
import type { Money } from '../../money/money.ts';
import { ProviderError } from '../errors.ts';
import { isOwnPrice } from '../metadata.ts';
import type { AccountRef, BillingCycle, CatalogPort, CatalogPrice, CatalogPriceSpec } from '../port.ts';
import { fromMinorUnits, fromMinorUnitsDecimal, toMinorUnits, toMinorUnitsDecimal } from './amounts.ts';
import { on, pageSize, type StripeCalls, writeOn } from './stripe-calls.ts';

/** Stripe has no quarter: it is three months (docs.stripe.com/api/prices/create). */
const intervals = {
  monthly: { interval: 'month', interval_count: 1 },
  quarterly: { interval: 'month', interval_count: 3 },
  yearly: { interval: 'year', interval_count: 1 },
} as const satisfies Record<BillingCycle, Stripe.PriceCreateParams.Recurring>;

const cycles: readonly BillingCycle[] = ['monthly', 'quarterly', 'yearly'];

/** Keys that one list call takes (docs.stripe.com/api/prices/list). */
const lookupKeysPerCall = 10;

const cycleOf = (recurring: Stripe.Price.Recurring | null): BillingCycle | null =>
  cycles.find(
    (cycle) =>
      intervals[cycle].interval === recurring?.interval && intervals[cycle].interval_count === recurring.interval_count,
  ) ?? null;

const usageOf = (recurring: Stripe.Price.Recurring | null): CatalogPrice['usage'] => {
  if (recurring === null) return 'one_time';
  return recurring.usage_type === 'metered' ? 'metered' : 'licensed';
};

const taxBehaviors = ['inclusive', 'exclusive'] as const;

const taxBehaviorOf = (behavior: Stripe.Price.TaxBehavior | null): CatalogPrice['taxBehavior'] =>
  taxBehaviors.find((known) => known === behavior) ?? 'unspecified';

/** Null for a price that is not flat per unit, or in a currency that the service does not know. */
function unitAmountOf(price: Stripe.Price): Money | null {
  if (!isCurrencyCode(price.currency.toUpperCase())) return null;
  if (price.unit_amount !== null) return fromMinorUnits(price.unit_amount, price.currency);
  return price.unit_amount_decimal ? fromMinorUnitsDecimal(price.unit_amount_decimal, price.currency) : null;
}

/** Null for a price that none of ours can be: tiered, chosen by the customer, or in an unknown currency. */
function toPrice(price: Stripe.Price): CatalogPrice | null {
  const amount = unitAmountOf(price);
  if (amount === null) return null;
  return {
    id: price.id,
    productId: typeof price.product === 'string' ? price.product : price.product.id,
    lookupKey: price.lookup_key,
    usage: usageOf(price.recurring),
    cycle: cycleOf(price.recurring),
    meterId: price.recurring?.meter ?? null,
    amount,
    taxBehavior: taxBehaviorOf(price.tax_behavior),
    active: price.active,
    metadata: price.metadata,
  };
}

function ours(price: Stripe.Price): CatalogPrice {
  const mapped = toPrice(price);
  if (mapped) return mapped;
  throw new ProviderError({
    kind: 'invalid',
    code: 'foreign_price',
    message: `Stripe: ${price.id} is no price of ours`,
  });
}

type Terms = Pick<Stripe.PriceCreateParams, 'recurring' | 'unit_amount' | 'unit_amount_decimal'>;

/** What a price asks, and how often. Only a metered unit may cost a fraction of what can be charged: its total is rounded. */
function termsOf(price: CatalogPriceSpec): Terms {
  if (price.usage === 'metered') {
    return {
      unit_amount_decimal: toMinorUnitsDecimal(price.amount),
      recurring: { ...intervals[price.cycle], usage_type: 'metered', meter: price.meterId },
    };
  }
  const unitAmount = toMinorUnits(price.amount);
  return price.usage === 'one_time'
    ? { unit_amount: unitAmount }
    : { unit_amount: unitAmount, recurring: intervals[price.cycle] };
}

const inChunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

type PriceMethods =
  | 'pricesByLookupKey'
  | 'pricesOfProduct'
  | 'listPrices'
  | 'createPrice'
  | 'updatePrice'
  | 'archivePrice';

export function createPrices(stripe: Stripe, calls: StripeCalls): Pick<CatalogPort, PriceMethods> {
  const list = async (account: AccountRef, params: Stripe.PriceListParams): Promise<CatalogPrice[]> => {
    const prices = await calls.list(() => stripe.prices.list({ ...params, limit: pageSize }, on(account)));
    return prices.map(toPrice).filter((price) => price !== null);
  };

  const update = async (
    account: AccountRef,
    priceId: string,
    params: Stripe.PriceUpdateParams,
    options: { readonly idempotencyKey: string },
  ): Promise<CatalogPrice> =>
    ours(await calls.write('price', () => stripe.prices.update(priceId, params, writeOn(account, options))));

  return {
    async pricesByLookupKey(account, lookupKeys) {
      const found: CatalogPrice[] = [];
      for (const keys of inChunks(lookupKeys, lookupKeysPerCall)) {
        found.push(...(await list(account, { lookup_keys: keys })));
      }
      return found;
    },

    pricesOfProduct: (account, productId) => list(account, { product: productId }),

    async listPrices(account) {
      // Without a filter the list is of active prices (docs.stripe.com/api/prices/list). One that is archived between the two
      // calls is in both: its later state counts.
      const active = await list(account, { active: true });
      const archived = await list(account, { active: false });
      const byId = new Map([...active, ...archived].map((price) => [price.id, price]));
      return [...byId.values()].filter(isOwnPrice);
    },

    async createPrice(account, price, options) {
      const params = {
        product: price.productId,
        currency: price.amount.currency.code.toLowerCase(),
        ...termsOf(price),
        lookup_key: price.lookupKey,
        transfer_lookup_key: true,
        tax_behavior: price.taxBehavior,
        metadata: { ...price.metadata },
      } satisfies Stripe.PriceCreateParams;
      return ours(await calls.write('price', () => stripe.prices.create(params, writeOn(account, options))));
    },

    updatePrice: (account, priceId, { active, lookupKey, metadata }, options) =>
      update(
        account,
        priceId,
        {
          ...(active === undefined ? {} : { active }),
          ...(lookupKey === undefined ? {} : { lookup_key: lookupKey, transfer_lookup_key: true }),
          ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
        },
        options,
      ),

    archivePrice: (account, priceId, options) => update(account, priceId, { active: false }, options),
  };
}
