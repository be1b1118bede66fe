import type Stripe from 'stripe';
import { inAdvance, inArrears, licensed, nextPeriod, withPeriod } from './billed-items.ts';
import type { Call } from './call.ts';
import { collect, finalizeAndCollect, giveUp, methodFor } from './collection.ts';
import { idOf } from './document-links.ts';
import type { Billed } from './invoice-lines.ts';
import { draftInvoice, finalizeInvoice, scheduleFinalization } from './invoices.ts';
import { applyDuePhase } from './schedule-phases.ts';
import { changeSubscription, endSubscription, expireIncomplete, isOver, planWake } from './subscription-changes.ts';
import { isMetered, listOfItems } from './subscription-items.ts';

type Subscription = Stripe.Subscription;

const clock = { use: 'off_session', automatic: true } as const;

/** Reminders of a trial's end come three days before it (docs.stripe.com/billing/subscriptions/trials). */
export const reminderSeconds = 3 * 86_400;

/** A first invoice is to be paid within 23 hours (docs.stripe.com/billing/subscriptions/overview). */
export const incompleteSeconds = 23 * 3600;

const running: ReadonlySet<string> = new Set(['active', 'trialing', 'past_due', 'unpaid']);

/** A period is over, or the subscription is, or a phase of its schedule: whatever of it is due at this moment. */
export async function wakeSubscription(call: Call, id: string): Promise<void> {
  const subscription = await call.store.lock('subscription', id, 'id');
  if (!running.has(subscription.status)) return;
  const isDue = (seconds: number | null): boolean => seconds !== null && seconds <= call.nowSeconds;
  const trialEnds = subscription.status === 'trialing' && isDue(subscription.trial_end);
  if (!trialEnds || isDue(subscription.cancel_at)) return renew(call, subscription, { ofTrial: trialEnds });
  const missing = subscription.trial_settings?.end_behavior.missing_payment_method;
  if (missing !== 'create_invoice' && missing !== undefined && !(await methodFor(call, subscription))) {
    return endTrialUnpaid(call, subscription, missing);
  }
  return renew(call, changeSubscription(call, subscription, { status: 'active' }, id), { ofTrial: true });
}

async function endTrialUnpaid(call: Call, subscription: Subscription, behavior: string): Promise<void> {
  const lane = subscription.id;
  if (behavior === 'cancel') {
    await endSubscription(call, subscription, { reason: 'cancellation_requested', lane });
    return;
  }
  pauseSubscription(call, subscription, 'trial_end_without_payment_method', lane);
}

/** No invoices until it is resumed. */
export function pauseSubscription(
  call: Call,
  subscription: Subscription,
  type: Stripe.Subscription.StatusDetails.Paused.Subscription.Type,
  lane: string,
): Subscription {
  const paused = changeSubscription(
    call,
    subscription,
    {
      status: 'paused',
      status_details: { paused: { subscription: { type }, transitioned_at: call.nowSeconds, type: 'subscription' } },
    },
    lane,
  );
  call.emit('customer.subscription.paused', paused, lane);
  return paused;
}

interface Renewal {
  /** What was used on trial is not billed. */
  readonly ofTrial?: boolean;
  readonly reason?: Stripe.Invoice.BillingReason;
  /** Finalized and paid with the call, not after an hour. */
  readonly atOnce?: boolean;
}

/** Bills every item whose period is over, what was used of it and what it costs next, and moves it on. */
export async function renew(call: Call, before: Subscription, renewal: Renewal = {}): Promise<void> {
  const now = call.nowSeconds;
  const isDue = (item: Stripe.SubscriptionItem) => item.current_period_end <= now;
  const lines: Billed[] = [];
  if (!renewal.ofTrial) {
    for (const item of before.items.data) {
      if (isDue(item) && isMetered(item.price)) lines.push(await inArrears(call, item, before));
    }
  }
  if (before.cancel_at !== null && before.cancel_at <= now) return endAtPeriodEnd(call, before, lines);
  const subscription = await applyDuePhase(call, before);
  if (isOver(subscription)) return;
  const anchor = subscription.billing_cycle_anchor;
  const due = subscription.items.data.filter(isDue);
  for (const item of licensed(due)) lines.push(inAdvance(item, subscription, nextPeriod(item, anchor)));
  const items = subscription.items.data.map((item) =>
    isDue(item) ? withPeriod(item, nextPeriod(item, anchor)) : item,
  );
  if (due.length === 0) return planWake(call, subscription);
  const { reason = 'subscription_cycle', atOnce = false } = renewal;
  const moved = await bill(call, subscription, { lines, items, reason, atOnce });
  await planWake(call, moved);
}

async function endAtPeriodEnd(call: Call, subscription: Subscription, lines: readonly Billed[]): Promise<void> {
  const lane = subscription.id;
  const used = lines.filter((line) => !line.quantity.isZero());
  const ended = await endSubscription(call, subscription, {
    reason: subscription.cancellation_details?.reason ?? null,
    lane,
  });
  if (used.length === 0) return;
  const invoice = await draft(call, ended, used, 'subscription_cycle', true);
  call.store.save('subscription', { ...ended, latest_invoice: invoice.id });
  scheduleFinalization(call, invoice);
}

interface Billing {
  readonly lines: readonly Billed[];
  readonly items: readonly Stripe.SubscriptionItem[];
  readonly reason: Stripe.Invoice.BillingReason;
  readonly atOnce: boolean;
}

async function draft(
  call: Call,
  subscription: Subscription,
  lines: readonly Billed[],
  reason: Stripe.Invoice.BillingReason,
  autoAdvance: boolean,
): Promise<Stripe.Invoice> {
  const customer = await call.store.get('customer', idOf(subscription.customer) ?? '', 'customer');
  const start = Math.min(...subscription.items.data.map((item) => item.current_period_start));
  return draftInvoice(
    call,
    { subscription, customer, reason, lines, period: { start, end: call.nowSeconds }, autoAdvance },
    subscription.id,
  );
}

const pausedAs: Readonly<Record<string, 'void' | 'uncollectible' | 'draft'>> = {
  keep_as_draft: 'draft',
  mark_uncollectible: 'uncollectible',
  void: 'void',
};

async function bill(call: Call, subscription: Subscription, billing: Billing): Promise<Subscription> {
  const lane = subscription.id;
  const { lines, items, reason, atOnce } = billing;
  const paused = pausedAs[subscription.pause_collection?.behavior ?? ''];
  const autoAdvance = paused === undefined && subscription.status !== 'unpaid';
  const invoice = await draft(call, subscription, lines, reason, autoAdvance);
  const moved = changeSubscription(
    call,
    subscription,
    { items: listOfItems(subscription.id, items), latest_invoice: invoice.id },
    lane,
  );
  if (autoAdvance && atOnce) {
    await finalizeAndCollect(call, invoice, moved, { use: 'on_session', automatic: true, lane });
  } else if (autoAdvance) scheduleFinalization(call, invoice);
  if (paused === 'void' || paused === 'uncollectible') {
    const open = await finalizeInvoice(call, invoice, moved, lane);
    await giveUp(call, open, paused, lane);
  }
  return call.store.get('subscription', moved.id, 'id');
}

/** A draft's hour is over. One that was finalized, or of which the clock keeps its hands off, is left alone. */
export async function finalizeDue(call: Call, invoiceId: string): Promise<void> {
  const invoice = await call.store.lock('invoice', invoiceId, 'invoice');
  if (invoice.status !== 'draft' || !invoice.auto_advance) return;
  const subscription = await subscriptionOf(call, invoice);
  await finalizeAndCollect(call, invoice, subscription, { ...clock, lane: subscription.id });
}

/** The next attempt on an open invoice. */
export async function retryPayment(call: Call, invoiceId: string): Promise<void> {
  const invoice = await call.store.lock('invoice', invoiceId, 'invoice');
  if (invoice.status !== 'open') return;
  const subscription = await subscriptionOf(call, invoice);
  if (isOver(subscription)) return;
  await collect(call, invoice, { ...clock, lane: subscription.id });
}

const subscriptionOf = (call: Call, invoice: Stripe.Invoice): Promise<Subscription> =>
  call.store.lock('subscription', idOf(invoice.parent?.subscription_details?.subscription) ?? '', 'subscription');

export async function remindOfTrialEnd(call: Call, id: string): Promise<void> {
  const subscription = await call.store.lock('subscription', id, 'id');
  if (subscription.status !== 'trialing') return;
  call.emit('customer.subscription.trial_will_end', subscription, id);
}

/** Nobody paid the first invoice within its time. */
export async function expireUnpaid(call: Call, id: string): Promise<void> {
  const subscription = await call.store.lock('subscription', id, 'id');
  if (subscription.status !== 'incomplete') return;
  await expireIncomplete(call, subscription, id);
  const invoiceId = idOf(subscription.latest_invoice);
  const invoice = invoiceId === undefined ? undefined : await call.store.find('invoice', invoiceId);
  if (invoice?.status === 'open') await giveUp(call, invoice, 'void', id);
}

export async function resumeCollection(call: Call, id: string): Promise<void> {
  const subscription = await call.store.lock('subscription', id, 'id');
  if (isOver(subscription)) return;
  changeSubscription(call, subscription, { pause_collection: null }, id);
}
