import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type BillingHarness, day, isoOf, startBillingHarness } from './billing-harness.ts';
import { failureOf } from './harness.ts';

let harness: BillingHarness;
let stripe: Stripe;

beforeAll(async () => {
  harness = await startBillingHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());
beforeEach(() => harness.endAll());

const endOf = (subscription: Stripe.Subscription): number => subscription.items.data[0]?.current_period_end ?? 0;

const latestOf = async (subscription: string): Promise<Stripe.Invoice | undefined> =>
  (await stripe.invoices.list({ subscription, limit: 1 })).data[0];

interface Scheduled {
  readonly subscription: Stripe.Subscription;
  readonly schedule: Stripe.SubscriptionSchedule;
  readonly end: number;
}

/** A monthly subscription that changes to `next` when its period ends. */
async function scheduled(
  next: Stripe.SubscriptionScheduleUpdateParams.Phase.Item,
  more: Partial<Stripe.SubscriptionScheduleUpdateParams.Phase> = {},
): Promise<Scheduled> {
  const [customer, price] = [await harness.customer(), await harness.price()];
  const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
  const made = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
  const end = endOf(subscription);
  const schedule = await stripe.subscriptionSchedules.update(made.id, {
    end_behavior: 'release',
    proration_behavior: 'none',
    phases: [
      { items: [{ price: price.id, quantity: 1 }], start_date: made.current_phase?.start_date ?? 0, end_date: end },
      { items: [next], proration_behavior: 'none', ...more },
    ],
  });
  await harness.sandbox.settled();
  harness.arrived();
  return { subscription, schedule, end };
}

test('a schedule takes a subscription over as it is', async () => {
  const { subscription, schedule, end } = await scheduled({ price: (await harness.price()).id });
  expect(schedule).toMatchObject({
    status: 'active',
    end_behavior: 'release',
    subscription: subscription.id,
    current_phase: { end_date: end },
    phases: [{ proration_behavior: 'none' }, { start_date: end }],
  });
  expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ schedule: schedule.id });
  const again = stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
  expect(await failureOf(again)).toMatchObject({ statusCode: 400, param: 'from_subscription' });
  expect(await failureOf(stripe.subscriptions.pause(subscription.id, {}))).toMatchObject({ statusCode: 400 });
});

test('a trial runs on in a phase that names its end, and is over and billed in one that does not', async () => {
  const [customer, price] = [await harness.customer(), await harness.price()];
  const items = [{ price: price.id, quantity: 1 }];
  const made = await stripe.subscriptions.create({ customer: customer.id, items, trial_period_days: 14 });
  const { id, phases } = await stripe.subscriptionSchedules.create({ from_subscription: made.id });
  const [present] = phases;
  const [start, end] = [present?.start_date ?? 0, present?.end_date ?? 0];
  expect(present?.trial_end).toBe(made.trial_end);
  const update = (more: Partial<Stripe.SubscriptionScheduleUpdateParams.Phase>) =>
    stripe.subscriptionSchedules.update(id, { phases: [{ items, start_date: start, end_date: end, ...more }] });
  expect(await failureOf(update({ trial_end: end + 1 }))).toMatchObject({ param: 'phases[0][trial_end]' });
  expect((await update({ trial_end: end })).phases[0]?.trial_end).toBe(end);
  expect(await stripe.subscriptions.retrieve(made.id)).toMatchObject({ status: 'trialing', trial_end: made.trial_end });
  await update({});
  expect(await stripe.subscriptions.retrieve(made.id)).toMatchObject({ status: 'active' });
  expect(await latestOf(made.id)).toMatchObject({ status: 'paid', total: 10_000 });
});

test('the next phase begins as the period ends: one invoice, of the new price, without proration', async () => {
  const dearer = await harness.price({ unit_amount: 25_000 });
  const { subscription, schedule, end } = await scheduled(
    { price: dearer.id, quantity: 2 },
    { metadata: { plan: 'pro' }, duration: { interval: 'month', interval_count: 2 } },
  );
  await harness.moveTo(isoOf(end - 60));
  expect(harness.arrived()).toEqual([]);
  await harness.moveTo(isoOf(end + 2 * 3600));
  const invoice = await latestOf(subscription.id);
  expect(invoice).toMatchObject({ status: 'paid', total: 50_000, created: end, billing_reason: 'subscription_cycle' });
  expect(invoice?.lines.data.map((line) => line.period.start)).toEqual([end]);
  const changed = await stripe.subscriptions.retrieve(subscription.id);
  expect(changed).toMatchObject({ metadata: { plan: 'pro' }, billing_cycle_anchor: subscription.billing_cycle_anchor });
  expect(changed.items.data).toMatchObject([{ price: { id: dearer.id }, quantity: 2, current_period_start: end }]);
  expect(harness.arrived(/schedule|subscription\.updated|invoice\.(created|paid)/)).toEqual([
    'subscription_schedule.updated',
    'customer.subscription.updated',
    'invoice.created',
    'customer.subscription.updated',
    'invoice.paid',
  ]);
  await harness.advance('70d');
  expect(await stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({
    status: 'released',
    released_subscription: subscription.id,
  });
  expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'active', schedule: null });
});

test('a changed interval starts over from the day it changes', async () => {
  const yearly = await harness.price({ unit_amount: 90_000, recurring: { interval: 'year' } });
  const { subscription, end } = await scheduled({ price: yearly.id });
  await harness.moveTo(isoOf(end + 2 * 3600));
  const changed = await stripe.subscriptions.retrieve(subscription.id);
  expect(changed.billing_cycle_anchor).toBe(end);
  expect(endOf(changed) - end).toBeGreaterThan(364 * day);
  expect(await latestOf(subscription.id)).toMatchObject({ total: 90_000, status: 'paid' });
});

test('a released schedule changes nothing, and another can be made', async () => {
  const { subscription, schedule, end } = await scheduled({ price: (await harness.price({ unit_amount: 1 })).id });
  expect(await stripe.subscriptionSchedules.release(schedule.id)).toMatchObject({
    status: 'released',
    subscription: null,
  });
  expect(await failureOf(stripe.subscriptionSchedules.release(schedule.id))).toMatchObject({ statusCode: 400 });
  await harness.moveTo(isoOf(end + 2 * 3600));
  expect(await latestOf(subscription.id)).toMatchObject({ total: 10_000, status: 'paid' });
  const another = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
  expect(another.current_phase?.start_date).toBe(end);
});

test('a schedule ends with its subscription, by a call or by an unpaid renewal', async () => {
  const { price } = { price: (await harness.price()).id };
  const canceled = await scheduled({ price });
  await stripe.subscriptionSchedules.cancel(canceled.schedule.id);
  expect(await stripe.subscriptions.retrieve(canceled.subscription.id)).toMatchObject({ status: 'canceled' });
  await harness.sandbox.settled();
  expect(harness.arrived(/schedule/)).toEqual(['subscription_schedule.canceled']);

  const unpaid = await scheduled({ price }, { duration: { interval: 'month', interval_count: 6 } });
  const customer = await stripe.customers.retrieve(String(unpaid.subscription.customer));
  if (customer.deleted) throw new Error('deleted');
  const method = String(customer.invoice_settings.default_payment_method);
  await harness.control('PUT', `/sandbox/cards/${method}`, { outcome: 'generic_decline' });
  await harness.moveTo(isoOf(unpaid.end + 15 * day));
  expect(harness.arrived(/aborted|deleted/)).toEqual([
    'subscription_schedule.aborted',
    'customer.subscription.deleted',
  ]);
});

test('phases that leave a gap, end before they start, or miss the present are refused', async () => {
  const { schedule, end } = await scheduled({ price: (await harness.price()).id });
  const items = [{ price: (await harness.price()).id }];
  const start = schedule.current_phase?.start_date ?? 0;
  const refused: Stripe.SubscriptionScheduleUpdateParams.Phase[][] = [
    [{ items }],
    [
      { items, start_date: start, end_date: end },
      { items, start_date: end + day },
    ],
    [{ items, start_date: start, end_date: start - 1 }],
    [{ items, start_date: end, end_date: end + day }],
  ];
  for (const phases of refused) {
    expect(await failureOf(stripe.subscriptionSchedules.update(schedule.id, { phases }))).toMatchObject({
      statusCode: 400,
    });
  }
  expect((await stripe.subscriptionSchedules.list({ customer: String(schedule.customer) })).data).toHaveLength(1);
});
