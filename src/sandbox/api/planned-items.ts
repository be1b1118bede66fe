import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import type { PlannedItem } from '../document-types.ts';
import { invalidRequest } from '../failure.ts';
import { emptyable, integer, list, mergeMetadata, metadata, type Rules, text } from '../parameters.ts';
import { isMetered, itemsMax } from '../subscription-items.ts';

export const quantity = integer.refine((value) => value >= 0, 'must be at least 0');

export const taxRates = emptyable(list(text));

export const plannedItem = z.strictObject({
  metadata: metadata.optional(),
  price: text,
  quantity: quantity.optional(),
  tax_rates: taxRates.optional(),
} satisfies Rules<Stripe.SubscriptionCreateParams.Item>);

export type PlannedItemRequest = z.output<typeof plannedItem>;

/** Throws 400 for a rate that is archived, 404 for one that is not there. */
export async function taxRatesOf(
  call: Call,
  ids: readonly string[] | null | undefined,
  param: string,
): Promise<Stripe.TaxRate[]> {
  const rates: Stripe.TaxRate[] = [];
  for (const id of ids ?? []) {
    const rate = await call.store.get('tax_rate', id, param);
    if (!rate.active) throw invalidRequest(`The tax rate ${id} is archived.`, { param });
    rates.push(rate);
  }
  return rates;
}

/**
 * What the request asks to bill. Throws 400 for what cannot be: inactive, unless it is `held` already, or a metered price with
 * a quantity.
 */
export async function plannedItemOf(
  call: Call,
  item: PlannedItemRequest,
  param: string,
  held: ReadonlySet<string> = new Set(),
): Promise<PlannedItem> {
  const price = await call.store.get('price', item.price, `${param}[price]`);
  if (!price.active && !held.has(price.id))
    throw invalidRequest('The price specified is inactive.', { param: `${param}[price]` });
  if (isMetered(price) && item.quantity !== undefined) {
    throw invalidRequest('Quantity should not be specified where usage_type is `metered`.', {
      param: `${param}[quantity]`,
    });
  }
  return {
    price,
    quantity: isMetered(price) ? null : (item.quantity ?? 1),
    taxRates: await taxRatesOf(call, item.tax_rates, `${param}[tax_rates]`),
    metadata: mergeMetadata({}, item.metadata),
  };
}

/** Throws 400 for too many, for one price twice, for one-time prices and for several currencies. */
export function requireSubscribable(items: readonly PlannedItem[], param: string): void {
  if (items.length > itemsMax) throw invalidRequest(`A subscription has at most ${itemsMax} items.`, { param });
  if (new Set(items.map(({ price }) => price.id)).size < items.length) {
    throw invalidRequest('A subscription cannot have one price on several items.', { param });
  }
  const oneTime = items.find(({ price }) => !price.recurring);
  if (oneTime) {
    throw invalidRequest(
      `The price specified is set to \`type=one_time\` but this field only accepts prices with \`type=recurring\`.`,
      { param },
    );
  }
  requireOneCurrency(items, param);
}

export function requireOneCurrency(items: readonly PlannedItem[], param: string): void {
  if (new Set(items.map(({ price }) => price.currency)).size > 1) {
    throw invalidRequest('All prices of a subscription must be of one currency.', { param });
  }
}

export async function plannedItemsOf(
  call: Call,
  items: readonly PlannedItemRequest[],
  param: string,
  held?: ReadonlySet<string>,
): Promise<PlannedItem[]> {
  const planned: PlannedItem[] = [];
  for (const [index, item] of items.entries())
    planned.push(await plannedItemOf(call, item, `${param}[${index}]`, held));
  return planned;
}
