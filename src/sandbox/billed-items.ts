import { Decimal } from 'decimal.js';
import type Stripe from 'stripe';
import { addRecurrences, nextBoundary, type Period } from './billing-periods.ts';
import type { Call } from './call.ts';
import { idOf } from './document-links.ts';
import type { PlannedItem } from './document-types.ts';
import type { Billed } from './invoice-lines.ts';
import { usageOf } from './metered-usage.ts';
import { isMetered, recurrenceOf } from './subscription-items.ts';

type Item = Stripe.SubscriptionItem;

const nameOf = (price: Stripe.Price): string => price.nickname ?? idOf(price.product) ?? price.id;

export const periodOf = (item: Item): Period => ({ start: item.current_period_start, end: item.current_period_end });

/** An item's own taxes stand before the subscription's. */
const taxesOf = (item: Item, subscription: Stripe.Subscription): readonly Stripe.TaxRate[] =>
  item.tax_rates && item.tax_rates.length > 0 ? item.tax_rates : (subscription.default_tax_rates ?? []);

const baseOf = (item: Item, subscription: Stripe.Subscription) => ({
  price: item.price,
  taxRates: taxesOf(item, subscription),
  metadata: item.metadata,
  itemId: item.id,
});

/** A licensed item, in advance; `share` of a period that is cut short. */
export function inAdvance(item: Item, subscription: Stripe.Subscription, period: Period, share?: Decimal): Billed {
  const quantity = item.quantity ?? 1;
  return {
    ...baseOf(item, subscription),
    quantity: new Decimal(quantity),
    period,
    description: `${quantity} × ${nameOf(item.price)}`,
    ...(share ? { share } : {}),
  };
}

/** A metered item, in arrears: what was used in the period that is over. */
export async function inArrears(call: Call, item: Item, subscription: Stripe.Subscription): Promise<Billed> {
  const period = periodOf(item);
  const quantity = await usageOf(call, {
    meter: item.price.recurring?.meter ?? '',
    customer: idOf(subscription.customer) ?? '',
    period,
  });
  return {
    ...baseOf(item, subscription),
    quantity,
    period,
    description: `${quantity.toFixed()} × ${nameOf(item.price)}`,
  };
}

/** What a trial costs: nothing. */
export function onTrial(item: Item, subscription: Stripe.Subscription): Billed {
  return {
    ...baseOf(item, subscription),
    quantity: new Decimal(item.quantity ?? 1),
    period: periodOf(item),
    description: `Trial period for ${nameOf(item.price)}`,
    share: new Decimal(0),
  };
}

export const billedOnce = (planned: PlannedItem, subscription: Stripe.Subscription, now: number): Billed => ({
  price: planned.price,
  quantity: new Decimal(planned.quantity ?? 1),
  taxRates: planned.taxRates.length > 0 ? planned.taxRates : (subscription.default_tax_rates ?? []),
  metadata: planned.metadata,
  itemId: null,
  period: { start: now, end: now },
  description: `${planned.quantity ?? 1} × ${nameOf(planned.price)}`,
});

export const nextPeriod = (item: Item, anchor: number): Period => ({
  start: item.current_period_end,
  end: nextBoundary(anchor, item.current_period_end, recurrenceOf(item)),
});

/** What of a whole period lies before the first boundary. */
export function firstShare(item: Item): Decimal {
  const { start, end } = periodOf(item);
  return new Decimal(end - start).div(end - addRecurrences(end, recurrenceOf(item), -1));
}

export const withPeriod = (item: Item, period: Period): Item => ({
  ...item,
  current_period_start: period.start,
  current_period_end: period.end,
});

export const licensed = (items: readonly Item[]): readonly Item[] => items.filter((item) => !isMetered(item.price));
