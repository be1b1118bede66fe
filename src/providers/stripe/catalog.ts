import type Stripe from 'stripe';
import { isCurrencyCode } from '../../money/currency.ts';
import { ProviderError } from '../errors.ts';
import type { AccountRef, BillingCycle, CatalogPort, CatalogPrice, CatalogProduct } from '../port.ts';
import { fromMinorUnits, toMinorUnits } from './amounts.ts';
import { on, type StripeCalls, writeOn } from './stripe-calls.ts';

/** Stripe has no quarter: it is three months (docs.stripe.com/api/prices/create). */
const intervals = {
  monthly: { interval: 'month', interval_count: 1 },
  quarterly: { interval: 'month', interval_count: 3 },
  yearly: { interval: 'year', interval_count: 1 },
} as const satisfies Record<BillingCycle, Stripe.PriceCreateParams.Recurring>;

const cycles: readonly BillingCycle[] = ['monthly', 'quarterly', 'yearly'];

/** Keys that one list call takes (docs.stripe.com/api/prices/list). */
const lookupKeysPerCall = 10;

/** The largest page that Stripe gives. */
const pageSize = 100;

const hasCode = (error: unknown, code: string): boolean => error instanceof ProviderError && error.detail.code === code;

const toProduct = (product: Stripe.Product): CatalogProduct => ({
  id: product.id,
  name: product.name,
  description: product.description,
  active: product.active,
  metadata: product.metadata,
});

const cycleOf = (recurring: Stripe.Price.Recurring | null): BillingCycle | null =>
  cycles.find(
    (cycle) =>
      recurring?.usage_type === 'licensed' &&
      intervals[cycle].interval === recurring.interval &&
      intervals[cycle].interval_count === recurring.interval_count,
  ) ?? null;

const taxBehaviors = ['inclusive', 'exclusive'] as const;

const taxBehaviorOf = (behavior: Stripe.Price.TaxBehavior | null): CatalogPrice['taxBehavior'] =>
  taxBehaviors.find((known) => known === behavior) ?? 'unspecified';

/**
 * Null for a price that none of ours can be: tiered, chosen by the customer, of a fraction of a minor unit, or in a currency that
 * the service does not know.
 */
function toPrice(price: Stripe.Price): CatalogPrice | null {
  if (price.unit_amount === null || !isCurrencyCode(price.currency.toUpperCase())) return null;
  return {
    id: price.id,
    productId: typeof price.product === 'string' ? price.product : price.product.id,
    lookupKey: price.lookup_key,
    amount: fromMinorUnits(price.unit_amount, price.currency),
    cycle: cycleOf(price.recurring),
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

const inChunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

export function createCatalog(stripe: Stripe, calls: StripeCalls): CatalogPort {
  const listPrices = async (account: AccountRef, params: Stripe.PriceListParams): Promise<CatalogPrice[]> => {
    const prices = await calls.list(() => stripe.prices.list({ ...params, limit: pageSize }, on(account)));
    return prices.map(toPrice).filter((price) => price !== null);
  };

  const retrieve = async (account: AccountRef, productId: string): Promise<CatalogProduct> =>
    toProduct(await calls.read('product', () => stripe.products.retrieve(productId, {}, on(account))));

  return {
    async retrieveProduct(account, productId) {
      try {
        return await retrieve(account, productId);
      } catch (error) {
        if (hasCode(error, 'resource_missing')) return null;
        throw error;
      }
    },

    async createProduct(account, product, options) {
      const params = {
        id: product.id,
        name: product.name,
        active: product.active,
        metadata: { ...product.metadata },
        ...(product.description === null ? {} : { description: product.description }),
      } satisfies Stripe.ProductCreateParams;
      try {
        return toProduct(await calls.write('product', () => stripe.products.create(params, writeOn(account, options))));
      } catch (error) {
        // The id is ours to choose, so this is the same product, made by an earlier call whose key is long forgotten.
        if (hasCode(error, 'resource_already_exists')) return retrieve(account, product.id);
        throw error;
      }
    },

    async updateProduct(account, productId, change, options) {
      const { description, metadata, ...rest } = change;
      const params = {
        ...rest,
        ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
        // An empty string is how Stripe is told to forget a text.
        ...(description === undefined ? {} : { description: description ?? '' }),
      } satisfies Stripe.ProductUpdateParams;
      return toProduct(
        await calls.write('product', () => stripe.products.update(productId, params, writeOn(account, options))),
      );
    },

    async pricesByLookupKey(account, lookupKeys) {
      const found: CatalogPrice[] = [];
      for (const keys of inChunks(lookupKeys, lookupKeysPerCall)) {
        found.push(...(await listPrices(account, { lookup_keys: keys })));
      }
      return found;
    },

    pricesOfProduct: (account, productId) => listPrices(account, { product: productId }),

    async createPrice(account, price, options) {
      const params = {
        product: price.productId,
        currency: price.amount.currency.code.toLowerCase(),
        unit_amount: toMinorUnits(price.amount),
        recurring: intervals[price.cycle],
        lookup_key: price.lookupKey,
        transfer_lookup_key: true,
        tax_behavior: price.taxBehavior,
        metadata: { ...price.metadata },
      } satisfies Stripe.PriceCreateParams;
      return ours(await calls.write('price', () => stripe.prices.create(params, writeOn(account, options))));
    },

    async archivePrice(account, priceId, options) {
      return ours(
        await calls.write('price', () => stripe.prices.update(priceId, { active: false }, writeOn(account, options))),
      );
    },
  };
}
