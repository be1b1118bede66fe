import type Stripe from 'stripe';
import { subscriptionNameOf } from '../../names.ts';
import { ignored, type Translation } from '../../translation.ts';

const foreign = (): Translation => ignored('foreign', 'nobody began this subscription here');

/** Something happened to a subscription: what it is now is read. */
export const subscriptionHint = (subscription: Stripe.Subscription, trialWillEnd = false): Translation =>
  subscriptionNameOf(subscription.metadata)
    ? { kind: 'subscription_hint', subscriptionId: subscription.id, invoiceId: null, failedAt: null, trialWillEnd }
    : foreign();

/** Something happened to an invoice of a subscription; an invoice carries its subscription's metadata. */
export function invoiceHint(invoice: Stripe.Invoice, failedAt: Date | null = null): Translation {
  const details = invoice.parent?.subscription_details ?? null;
  if (invoice.id === undefined || !subscriptionNameOf(details?.metadata ?? null)) return foreign();
  return { kind: 'subscription_hint', subscriptionId: null, invoiceId: invoice.id, failedAt, trialWillEnd: false };
}

/** Something happened to a schedule: its subscription is read. */
export function scheduleHint(schedule: Stripe.SubscriptionSchedule): Translation {
  const leads = schedule.subscription ?? schedule.released_subscription;
  const subscriptionId = typeof leads === 'string' ? leads : (leads?.id ?? null);
  if (subscriptionId === null) return foreign();
  return { kind: 'subscription_hint', subscriptionId, invoiceId: null, failedAt: null, trialWillEnd: false };
}
