import type Stripe from 'stripe';
import type { Period, Recurrence } from './billing-periods.ts';
import type { Call } from './call.ts';
import type { PlannedItem } from './document-types.ts';
import { invalidRequest } from './failure.ts';
import { newStripeId } from './identifiers.ts';

/** Stripe refuses more (docs.stripe.com/billing/subscriptions/multiple-products). */
export const itemsMax = 20;

/** The recurrence of a price that has one. Throws 400 for a one-time price. */
export function recurringOf(price: Stripe.Price): Stripe.Price.Recurring {
  if (price.recurring) return price.recurring;
  throw invalidRequest(`The price ${price.id} is set to \`type=one_time\`; a subscription takes recurring ones.`, {
    param: 'items',
  });
}

export const recurrenceOf = (item: Stripe.SubscriptionItem): Recurrence => recurringOf(item.price);

export const isMetered = (price: Stripe.Price): boolean => price.recurring?.usage_type === 'metered';

/** The price in the form that older integrations read it in. */
function planOf(price: Stripe.Price): Stripe.Plan {
  const recurring = recurringOf(price);
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: recurring.interval,
    interval_count: recurring.interval_count,
    livemode: false,
    metadata: price.metadata,
    meter: recurring.meter,
    nickname: price.nickname,
    product: typeof price.product === 'string' ? price.product : price.product.id,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: recurring.usage_type,
  };
}

export interface ItemSetting {
  readonly planned: PlannedItem;
  readonly subscriptionId: string;
  readonly period: Period;
}

export function buildItem(call: Call, { planned, subscriptionId, period }: ItemSetting): Stripe.SubscriptionItem {
  return {
    id: newStripeId('si'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: call.nowSeconds,
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata: planned.metadata,
    plan: planOf(planned.price),
    price: planned.price,
    ...(planned.quantity === null ? {} : { quantity: planned.quantity }),
    subscription: subscriptionId,
    tax_rates: [...planned.taxRates],
  };
}

/** The item with what is planned in place of what it has; its id and period stay. */
export function changeItem(item: Stripe.SubscriptionItem, planned: PlannedItem): Stripe.SubscriptionItem {
  const { quantity: _before, ...rest } = item;
  return {
    ...rest,
    metadata: planned.metadata,
    plan: planOf(planned.price),
    price: planned.price,
    ...(planned.quantity === null ? {} : { quantity: planned.quantity }),
    tax_rates: [...planned.taxRates],
  };
}

export const listOfItems = (
  subscriptionId: string,
  items: readonly Stripe.SubscriptionItem[],
): Stripe.Subscription['items'] => ({
  object: 'list',
  data: [...items],
  has_more: false,
  url: `/v1/subscription_items?subscription=${subscriptionId}`,
});
