import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { invalidRequest } from '../failure.ts';
import { parameters, type Rules } from '../parameters.ts';
import { pauseSubscription, renew } from '../renewals.ts';
import { route } from '../route.ts';
import { changeSubscription, lockLiving, planWake } from '../subscription-changes.ts';
import { listOfItems } from '../subscription-items.ts';

const subscriptionPause = parameters({
  bill_for: z
    .strictObject({
      outstanding_usage_through: z.strictObject({ type: z.literal('none') }).optional(),
      unused_time_from: z.strictObject({ type: z.literal('none') }).optional(),
    } satisfies Rules<Stripe.SubscriptionPauseParams.BillFor>)
    .optional(),
  invoicing_behavior: z.enum(['invoice', 'pending_invoice_item']).optional(),
  type: z.literal('subscription').optional(),
} satisfies Rules<Stripe.SubscriptionPauseParams>);

const subscriptionResume = parameters({
  billing_cycle_anchor: z.strictObject({ type: z.enum(['now', 'unchanged']) }).optional(),
  payment_behavior: z.enum(['resume_on_payment_attempt', 'resume_on_payment_success']).optional(),
  proration_behavior: z.enum(['none', 'create_prorations', 'always_invoice']).optional(),
} satisfies Rules<Stripe.SubscriptionResumeParams>);

const pausable: ReadonlySet<string> = new Set(['active', 'trialing', 'past_due', 'unpaid']);

async function pause(call: Call, _params: object, id: string): Promise<Stripe.Subscription> {
  const subscription = await lockLiving(call, id);
  if (subscription.schedule !== null) {
    throw invalidRequest('A subscription that a subscription schedule manages cannot be paused.');
  }
  if (!pausable.has(subscription.status)) {
    throw invalidRequest(`A subscription that is ${subscription.status} cannot be paused.`);
  }
  await call.unschedule('subscription', id);
  return pauseSubscription(call, subscription, 'pause_requested', id);
}

/** Goes on with a new period from now, billed at once, or with the period it was paused in while that lasts. */
async function resume(
  call: Call,
  params: z.output<typeof subscriptionResume>,
  id: string,
): Promise<Stripe.Subscription> {
  const subscription = await lockLiving(call, id);
  if (subscription.status !== 'paused') {
    throw invalidRequest(`This subscription is ${subscription.status}; only a paused one can be resumed.`);
  }
  const now = call.nowSeconds;
  const { status_details: _paused, ...rest } = subscription;
  const unchanged = params.billing_cycle_anchor?.type === 'unchanged';
  const lasts = unchanged && subscription.items.data.every((item) => item.current_period_end > now);
  const items = subscription.items.data.map((item) => ({ ...item, current_period_end: now }));
  const resumed = changeSubscription(
    call,
    rest,
    {
      status: 'active',
      ...(unchanged ? {} : { billing_cycle_anchor: now }),
      ...(lasts ? {} : { items: listOfItems(id, items) }),
    },
    id,
  );
  call.emit('customer.subscription.resumed', resumed, id);
  if (lasts) await planWake(call, resumed);
  else await renew(call, resumed, { ofTrial: true, reason: 'subscription_update', atOnce: true });
  return call.store.get('subscription', id, 'id');
}

export const pauseRoute = route('POST', '/v1/subscriptions/:id/pause', subscriptionPause, pause);
export const resumeRoute = route('POST', '/v1/subscriptions/:id/resume', subscriptionResume, resume);
