import type Stripe from 'stripe';
import { periodOf } from './billed-items.ts';
import { sameRecurrence } from './billing-periods.ts';
import type { Call } from './call.ts';
import { idOf } from './document-links.ts';
import type { PlannedItem } from './document-types.ts';
import { endSchedule } from './schedule-endings.ts';
import { changeSubscription, endSubscription } from './subscription-changes.ts';
import { buildItem, changeItem, listOfItems, recurrenceOf, recurringOf } from './subscription-items.ts';

type Subscription = Stripe.Subscription;

/**
 * The subscription with these items and no others. An item whose price stays keeps its id. What has the interval of an item
 * that was there runs in its period; any other interval starts over now, and bills now.
 */
export function withItems(
  call: Call,
  subscription: Subscription,
  planned: readonly PlannedItem[],
): Partial<Subscription> {
  const before = subscription.items.data;
  const now = call.nowSeconds;
  let anchor = subscription.billing_cycle_anchor;
  const items = planned.map((item) => {
    const kept = before.find(({ price }) => price.id === item.price.id);
    if (kept) return changeItem(kept, item);
    const recurrence = recurringOf(item.price);
    const alike = before.find((other) => sameRecurrence(recurrenceOf(other), recurrence));
    if (!alike) anchor = now;
    const period = alike ? periodOf(alike) : { start: now, end: now };
    return buildItem(call, { planned: item, subscriptionId: subscription.id, period });
  });
  return { billing_cycle_anchor: anchor, items: listOfItems(subscription.id, items) };
}

async function plannedOf(call: Call, phase: Stripe.SubscriptionSchedule.Phase): Promise<readonly PlannedItem[]> {
  const planned: PlannedItem[] = [];
  for (const item of phase.items) {
    planned.push({
      price: await call.store.get('price', idOf(item.price) ?? '', 'price'),
      quantity: item.quantity ?? null,
      taxRates: item.tax_rates ?? [],
      metadata: item.metadata ?? {},
    });
  }
  return planned;
}

/** What a phase makes of its subscription. */
export async function changeOfPhase(
  call: Call,
  subscription: Subscription,
  phase: Stripe.SubscriptionSchedule.Phase,
): Promise<Partial<Subscription>> {
  return {
    ...withItems(call, subscription, await plannedOf(call, phase)),
    ...(phase.application_fee_percent === null ? {} : { application_fee_percent: phase.application_fee_percent }),
    ...(phase.default_payment_method === null ? {} : { default_payment_method: phase.default_payment_method }),
    ...(phase.default_tax_rates ? { default_tax_rates: phase.default_tax_rates } : {}),
    metadata: { ...subscription.metadata, ...phase.metadata },
  };
}

/** Goes on to the schedule's next phase where the present one is over, or ends the schedule with its last. */
export async function applyDuePhase(call: Call, subscription: Subscription): Promise<Subscription> {
  const scheduleId = idOf(subscription.schedule);
  if (scheduleId === undefined) return subscription;
  const schedule = await call.store.lock('subscription_schedule', scheduleId, 'schedule');
  const current = schedule.current_phase;
  if (!current || current.end_date > call.nowSeconds) return subscription;
  const lane = subscription.id;
  const next = schedule.phases.find((phase) => phase.start_date >= current.end_date);
  if (!next) {
    if (schedule.end_behavior !== 'cancel') {
      await endSchedule(call, scheduleId, 'released');
      return changeSubscription(call, subscription, { schedule: null }, lane);
    }
    await endSchedule(call, scheduleId, 'completed');
    return endSubscription(call, { ...subscription, schedule: null }, { reason: null, lane });
  }
  const moved: Stripe.SubscriptionSchedule = {
    ...schedule,
    current_phase: { start_date: next.start_date, end_date: next.end_date },
  };
  call.store.save('subscription_schedule', moved);
  call.emit('subscription_schedule.updated', moved, lane, { current_phase: current });
  return changeSubscription(call, subscription, await changeOfPhase(call, subscription, next), lane);
}
