import type Whop from '@whop/sdk';
import { z } from 'zod';
import { isCurrencyCode } from '../../money/currency.ts';
import { isOwnPrice } from '../metadata.ts';
import type { AccountRef, BillingCycle, CatalogPort, CatalogPrice, CatalogPriceSpec } from '../port.ts';
import { fromWhopAmount, toWhopAmount } from './amounts.ts';
import { keptKeys, ownMetadata, textMetadata } from './metadata.ts';
import type { ProductIds } from './products.ts';
import { keyed, pageSize, refused, type WhopCalls } from './whop-calls.ts';

/** Whop counts cycles in days (docs.whop.com/api-reference/plans/create-plan, `billing_period`). */
const daysOf = { monthly: 30, quarterly: 90, yearly: 365 } as const satisfies Record<BillingCycle, number>;

const cycles: readonly BillingCycle[] = ['monthly', 'quarterly', 'yearly'];

const onSale = 'hidden';
const offSale = 'archived';

/** Products whose plans one list call takes: they are written into its address. */
const productsPerCall = 50;

type AnyPlan = Pick<
  Whop.PlanListResponse,
  | 'id'
  | 'plan_type'
  | 'billing_period'
  | 'currency'
  | 'initial_price'
  | 'renewal_price'
  | 'metadata'
  | 'visibility'
  | 'product'
>;

const productReference = z.object({ id: z.string() });

const remoteProductOf = (plan: AnyPlan): string | null => productReference.safeParse(plan.product).data?.id ?? null;

const taxBehaviorOf = (metadata: Readonly<Record<string, string>>): CatalogPrice['taxBehavior'] => {
  const kept = metadata[keptKeys.taxBehavior];
  return kept === 'inclusive' || kept === 'exclusive' ? kept : 'unspecified';
};

/** Null for a plan in a currency that the service does not know. `productId` is our own id of its product. */
function toPrice(plan: AnyPlan, productId: string): CatalogPrice | null {
  if (!isCurrencyCode(plan.currency.toUpperCase())) return null;
  const isOnce = plan.plan_type === 'one_time';
  const metadata = textMetadata(plan.metadata);
  return {
    id: plan.id,
    productId,
    lookupKey: metadata[keptKeys.lookupKey] || null,
    usage: isOnce ? 'one_time' : 'licensed',
    cycle: isOnce ? null : (cycles.find((cycle) => daysOf[cycle] === plan.billing_period) ?? null),
    meterId: null,
    amount: fromWhopAmount(isOnce ? plan.initial_price : plan.renewal_price, plan.currency),
    taxBehavior: taxBehaviorOf(metadata),
    active: plan.visibility !== offSale,
    metadata: ownMetadata(plan.metadata),
  };
}

type Terms = Pick<Whop.PlanCreateParams, 'plan_type' | 'initial_price' | 'renewal_price' | 'billing_period'>;

/** The first payment of a renewal is its renewal price; what is asked once at the start comes on top of it, and is nothing. */
function termsOf(price: CatalogPriceSpec): Terms {
  if (price.usage === 'metered')
    throw refused('no_meters', 'usage is not counted here, so that no price can be metered');
  const amount = toWhopAmount(price.amount);
  return price.usage === 'one_time'
    ? { plan_type: 'one_time', initial_price: amount }
    : { plan_type: 'renewal', initial_price: 0, renewal_price: amount, billing_period: daysOf[price.cycle] };
}

type PricesPort = Pick<
  CatalogPort,
  'pricesByLookupKey' | 'pricesOfProduct' | 'listPrices' | 'createPrice' | 'updatePrice' | 'archivePrice'
>;

/** Prices are Whop's plans: a lookup key is kept in the metadata, and found by listing the plans of our products. */
export function createPrices(calls: WhopCalls, products: ProductIds): PricesPort {
  const plansOf = async (
    account: AccountRef,
    remoteProductIds: readonly string[],
  ): Promise<Whop.PlanListResponse[]> => {
    const found: Whop.PlanListResponse[] = [];
    for (let from = 0; from < remoteProductIds.length; from += productsPerCall) {
      const query = {
        account_id: account.id,
        product_ids: remoteProductIds.slice(from, from + productsPerCall),
        first: pageSize,
      };
      found.push(...(await calls.list(account, (whop) => whop.plans.list(query))));
    }
    return found;
  };

  /** One-off plans of checkouts lie on no product of ours, so that their number slows nothing down. */
  const ownPlans = async (
    account: AccountRef,
  ): Promise<readonly { plan: Whop.PlanListResponse; price: CatalogPrice }[]> => {
    const own = await products.own(account);
    const plans = await plansOf(account, [...own.keys()]);
    return plans.flatMap((plan) => {
      const price = toPrice(plan, own.get(remoteProductOf(plan) ?? '') ?? '');
      return price ? [{ plan, price }] : [];
    });
  };

  const pricesOfProduct: PricesPort['pricesOfProduct'] = async (account, productId) => {
    const remoteId = await products.remoteOf(account, productId);
    if (remoteId === null) return [];
    return (await plansOf(account, [remoteId])).flatMap((plan) => toPrice(plan, productId) ?? []);
  };

  const productIdOf = async (account: AccountRef, plan: AnyPlan): Promise<string> => {
    const remoteId = remoteProductOf(plan);
    return (remoteId === null ? undefined : (await products.own(account)).get(remoteId)) ?? remoteId ?? '';
  };

  const ours = (plan: AnyPlan, productId: string): CatalogPrice => {
    const price = toPrice(plan, productId);
    if (price) return price;
    throw refused('foreign_price', `${plan.id} is no price of ours`);
  };

  /** Whoever has the key gives it up: Whop itself knows of no keys, and would leave it with both. */
  const takeLookupKey = async (account: AccountRef, lookupKey: string, taker: string): Promise<void> => {
    for (const { plan, price } of await ownPlans(account)) {
      if (price.lookupKey !== lookupKey || price.id === taker) continue;
      // Emptied, not left out: whether an update replaces metadata or adds to it is not verified.
      const metadata = { ...textMetadata(plan.metadata), [keptKeys.lookupKey]: '' };
      await calls.write(account, (whop) => whop.plans.update(plan.id, { metadata }));
    }
  };

  const update: PricesPort['updatePrice'] = async (account, priceId, { active, lookupKey, metadata }, options) => {
    const there = await calls.read(account, (whop) => whop.plans.retrieve(priceId));
    const before = textMetadata(there.metadata);
    const kept = Object.fromEntries(
      Object.values(keptKeys).flatMap((key) => (before[key] ? [[key, before[key]]] : [])),
    );
    const params = {
      ...(active === undefined ? {} : { visibility: active ? onSale : offSale }),
      ...(metadata === undefined && lookupKey === undefined
        ? {}
        : {
            metadata: {
              ...ownMetadata(before),
              ...metadata,
              ...kept,
              ...(lookupKey === undefined ? {} : { [keptKeys.lookupKey]: lookupKey }),
            },
          }),
    } satisfies Whop.PlanUpdateParams;
    const updated = await calls.write(account, (whop) => whop.plans.update(priceId, params, keyed(options)));
    if (lookupKey !== undefined) await takeLookupKey(account, lookupKey, priceId);
    return ours(updated, await productIdOf(account, updated));
  };

  return {
    pricesOfProduct,

    async pricesByLookupKey(account, lookupKeys) {
      const wanted = new Set(lookupKeys);
      const plans = await ownPlans(account);
      return plans.flatMap(({ price }) => (price.lookupKey !== null && wanted.has(price.lookupKey) ? [price] : []));
    },

    async listPrices(account) {
      return (await ownPlans(account)).map(({ price }) => price).filter(isOwnPrice);
    },

    async createPrice(account, price, options) {
      const productId = await products.remoteOf(account, price.productId);
      if (productId === null) throw refused('product_missing', `the account has no product ${price.productId}`);
      const params = {
        account_id: account.id,
        product_id: productId,
        ...termsOf(price),
        release_method: 'buy_now',
        currency: price.amount.currency.code.toLowerCase(),
        // The payer's own currency would be another than the one that is owed.
        adaptive_pricing_enabled: false,
        unlimited_stock: true,
        visibility: onSale,
        ...(price.taxBehavior === 'unspecified' ? {} : { override_tax_type: price.taxBehavior }),
        metadata: {
          ...price.metadata,
          [keptKeys.lookupKey]: price.lookupKey,
          [keptKeys.taxBehavior]: price.taxBehavior,
        },
      } satisfies Whop.PlanCreateParams;
      const made = ours(
        await calls.write(account, (whop) => whop.plans.create(params, keyed(options))),
        price.productId,
      );
      await takeLookupKey(account, price.lookupKey, made.id);
      return made;
    },

    updatePrice: update,
    archivePrice: (account, priceId, options) => update(account, priceId, { active: false }, options),
  };
}
