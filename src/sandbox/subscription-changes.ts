import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { previousOf } from './changes.ts';
import { idOf } from './document-links.ts';
import { invalidRequest } from './failure.ts';
import { endSchedule } from './schedule-endings.ts';

const over: ReadonlySet<string> = new Set(['canceled', 'incomplete_expired']);

export const isOver = (subscription: Stripe.Subscription): boolean => over.has(subscription.status);

/** Saves the change and tells it, with what the changed fields held before. */
export function changeSubscription(
  call: Call,
  subscription: Stripe.Subscription,
  change: Partial<Stripe.Subscription>,
  lane: string,
): Stripe.Subscription {
  const previous = previousOf(subscription, change);
  if (Object.keys(previous).length === 0) return subscription;
  const changed: Stripe.Subscription = { ...subscription, ...change };
  call.store.save('subscription', changed);
  call.emit('customer.subscription.updated', changed, lane, previous);
  return changed;
}

/** Locks a subscription that still lives. Throws 404 for one that is not there, 400 for one that is over. */
export async function lockLiving(call: Call, id: string): Promise<Stripe.Subscription> {
  const subscription = await call.store.lock('subscription', id, 'id');
  if (!isOver(subscription)) return subscription;
  throw invalidRequest(`A ${subscription.status} subscription can only update its cancellation_details and metadata.`, {
    code: 'invalid_canceled_subscription_fields',
  });
}

/** When the clock next has something to do: a period ends, or the subscription does, or its schedule's phase. */
export async function planWake(call: Call, subscription: Stripe.Subscription): Promise<void> {
  const scheduleId = idOf(subscription.schedule);
  const schedule = scheduleId === undefined ? undefined : await call.store.find('subscription_schedule', scheduleId);
  const moments = [
    ...subscription.items.data.map((item) => item.current_period_end),
    ...(subscription.cancel_at === null ? [] : [subscription.cancel_at]),
    ...(schedule?.current_phase ? [schedule.current_phase.end_date] : []),
  ];
  const dueAt = new Date(Math.min(...moments) * 1000);
  call.schedule({ kind: 'subscription', objectId: subscription.id, dueAt, detail: '' });
}

const wakings = ['subscription', 'trial_reminder', 'incomplete_expiry', 'collection_resume'] as const;

export interface Ending {
  readonly reason: Stripe.Subscription.CancellationDetails.Reason | null;
  readonly comment?: string | null;
  readonly feedback?: Stripe.Subscription.CancellationDetails.Feedback | null;
  readonly lane: string;
}

/** Ends the subscription for good; drafts and open invoices are no longer collected by the clock. */
export async function endSubscription(
  call: Call,
  subscription: Stripe.Subscription,
  { reason, comment = null, feedback = null, lane }: Ending,
): Promise<Stripe.Subscription> {
  for (const kind of wakings) await call.unschedule(kind, subscription.id);
  const scheduleId = idOf(subscription.schedule);
  if (scheduleId !== undefined)
    await endSchedule(call, scheduleId, reason === 'payment_failed' ? 'aborted' : 'canceled');
  const ended: Stripe.Subscription = {
    ...subscription,
    cancel_at_period_end: false,
    canceled_at: subscription.canceled_at ?? call.nowSeconds,
    cancellation_details: {
      comment: comment ?? subscription.cancellation_details?.comment ?? null,
      feedback: feedback ?? subscription.cancellation_details?.feedback ?? null,
      feedback_option: null,
      reason,
    },
    ended_at: call.nowSeconds,
    schedule: null,
    status: 'canceled',
  };
  call.store.save('subscription', ended);
  call.emit('customer.subscription.deleted', ended, lane);
  await stopCollecting(call, ended.id);
  return ended;
}

/** Nothing more is tried by the clock; a call may still have an open invoice paid. */
async function stopCollecting(call: Call, subscriptionId: string): Promise<void> {
  const links = [`subscription:${subscriptionId}`];
  const drafts = await call.store.linked('invoice', [...links, 'status:draft']);
  const open = await call.store.linked('invoice', [...links, 'status:open']);
  for (const invoice of [...drafts, ...open]) {
    await call.unschedule('invoice_finalization', invoice.id);
    await call.unschedule('payment_retry', invoice.id);
    call.store.save('invoice', {
      ...invoice,
      auto_advance: false,
      automatically_finalizes_at: null,
      next_payment_attempt: null,
    });
  }
}

/** The first invoice was not paid in time: nothing ever began. */
export async function expireIncomplete(
  call: Call,
  subscription: Stripe.Subscription,
  lane: string,
): Promise<Stripe.Subscription> {
  for (const kind of wakings) await call.unschedule(kind, subscription.id);
  return changeSubscription(call, subscription, { status: 'incomplete_expired', ended_at: call.nowSeconds }, lane);
}
