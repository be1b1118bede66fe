import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
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

async function subscribe(more: Partial<Stripe.SubscriptionCreateParams> = {}): Promise<Stripe.Subscription> {
  const [customer, price] = [await harness.customer(), await harness.price()];
  const made = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }], ...more });
  await harness.sandbox.settled();
  harness.arrived();
  return made;
}

const endOf = (subscription: Stripe.Subscription): number => subscription.items.data[0]?.current_period_end ?? 0;
const read = (id: string) => stripe.subscriptions.retrieve(id);
const invoicesOf = async (subscription: string) => (await stripe.invoices.list({ subscription })).data;
const soon = (seconds: number) => Math.floor(harness.clock.now().getTime() / 1000) + seconds;

describe('beginning', () => {
  test('without a card is refused, unless it may begin incomplete or on trial', async () => {
    const { id: customer } = await stripe.customers.create({ email: 'client@example.com' });
    const items = [{ price: (await harness.price()).id }];
    expect(await failureOf(stripe.subscriptions.create({ customer, items }))).toMatchObject({ statusCode: 400 });
    const waiting = await stripe.subscriptions.create({ customer, items, payment_behavior: 'default_incomplete' });
    const trial = await stripe.subscriptions.create({ customer, items, trial_period_days: 3 });
    expect([waiting.status, trial.status]).toEqual(['incomplete', 'trialing']);
  });

  test('with a card that refuses leaves nothing where only a paid subscription is wanted', async () => {
    const customer = await harness.customer('pm_card_chargeCustomerFail');
    const items = [{ price: (await harness.price()).id }];
    const request = { customer: customer.id, items, payment_behavior: 'error_if_incomplete' as const };
    const options = { idempotencyKey: `begin ${customer.id}` };
    for (const _attempt of [1, 2]) {
      expect(await failureOf(stripe.subscriptions.create(request, options))).toMatchObject({
        statusCode: 402,
        code: 'card_declined',
      });
    }
    expect((await stripe.subscriptions.list({ customer: customer.id, status: 'all' })).data).toEqual([]);
    const allowed = await stripe.subscriptions.create({ customer: customer.id, items });
    expect(allowed.status).toBe('incomplete');
  });

  test('with an anchor bills the part of a period before it, or nothing of it', async () => {
    const anchor = soon(10 * day);
    const cut = await subscribe({ billing_cycle_anchor: anchor });
    const free = await subscribe({ billing_cycle_anchor: anchor, proration_behavior: 'none' });
    expect([endOf(cut), endOf(free)]).toEqual([anchor, anchor]);
    const [part] = await invoicesOf(cut.id);
    expect(part?.total).toBeGreaterThan(3000);
    expect(part?.total).toBeLessThan(3700);
    expect((await invoicesOf(free.id))[0]?.total).toBe(0);
    await harness.moveTo(isoOf(anchor + 2 * 3600));
    expect((await invoicesOf(free.id))[0]).toMatchObject({ total: 10_000, status: 'paid' });
  });

  test('with quantities of metered prices, two currencies or one price twice is refused', async () => {
    const [price, dollars] = [await harness.price(), await harness.price({ currency: 'usd' })];
    const customer = await harness.customer();
    const refused = [[{ price: price.id }, { price: dollars.id }], [{ price: price.id }, { price: price.id }], []];
    for (const items of refused) {
      const failure = await failureOf(stripe.subscriptions.create({ customer: customer.id, items }));
      expect(failure).toMatchObject({ statusCode: 400 });
    }
  });
});

describe('ending', () => {
  test('at the end of the period: told when asked, again when taken back, and done at the end', async () => {
    const { id, ...made } = await subscribe();
    const end = made.items.data[0]?.current_period_end ?? 0;
    expect(await stripe.subscriptions.update(id, { cancel_at_period_end: true })).toMatchObject({
      cancel_at: end,
      cancel_at_period_end: true,
      cancellation_details: { reason: 'cancellation_requested' },
    });
    await stripe.subscriptions.update(id, { cancel_at_period_end: false });
    await stripe.subscriptions.update(id, { cancel_at_period_end: true });
    await harness.sandbox.settled();
    const [first, second] = harness.receiver.arrivals.map(({ event }) => event.data.previous_attributes);
    expect(first).toMatchObject({ cancel_at: null, cancel_at_period_end: false });
    expect(second).toMatchObject({ cancel_at: end, cancel_at_period_end: true });
    harness.arrived();
    await harness.moveTo(isoOf(end + 2 * 3600));
    expect(await read(id)).toMatchObject({ status: 'canceled', ended_at: end });
    expect(harness.arrived()).toEqual(['customer.subscription.deleted']);
    expect(await invoicesOf(id)).toHaveLength(1);
  });

  test('with the period, of several lengths, is with the shortest unless the longest is named', async () => {
    const [year, month] = [await harness.price({ recurring: { interval: 'year' } }), await harness.price()];
    const { id, items } = await subscribe({ items: [{ price: year.id }, { price: month.id }] });
    const [longest, shortest] = items.data.map((item) => item.current_period_end);
    const update = async (params: Stripe.SubscriptionUpdateParams) => {
      const { cancel_at, cancel_at_period_end } = await stripe.subscriptions.update(id, params);
      return [cancel_at, cancel_at_period_end];
    };
    expect(await update({ cancel_at_period_end: true })).toEqual([shortest, true]);
    expect(await update({ cancel_at: 'max_period_end' })).toEqual([longest, false]);
    expect(await update({ cancel_at: '' })).toEqual([null, false]);
  });

  test('at once is for good: only its metadata still changes, and no list shows it unasked', async () => {
    const { id, customer } = await subscribe();
    expect(await stripe.subscriptions.cancel(id)).toMatchObject({ status: 'canceled', cancel_at_period_end: false });
    expect(await stripe.subscriptions.update(id, { metadata: { note: 'left' } })).toMatchObject({
      metadata: { note: 'left' },
    });
    const calls = [stripe.subscriptions.cancel(id), stripe.subscriptions.update(id, { cancel_at_period_end: true })];
    for (const failure of await Promise.all(calls.map(failureOf))) expect(failure).toMatchObject({ statusCode: 400 });
    const listed = async (status?: Stripe.SubscriptionListParams.Status) =>
      (await stripe.subscriptions.list({ customer: String(customer), ...(status ? { status } : {}) })).data.length;
    expect([await listed(), await listed('all'), await listed('ended'), await listed('active')]).toEqual([0, 1, 1, 0]);
  });
});

describe('changing', () => {
  test('an item without proration is billed at the next renewal, its id kept', async () => {
    const made = await subscribe();
    const [item] = made.items.data;
    const dearer = await harness.price({ unit_amount: 30_000 });
    const asked = { items: [{ id: item?.id ?? '', price: dearer.id, quantity: 2 }] };
    expect(await failureOf(stripe.subscriptions.update(made.id, asked))).toMatchObject({ param: 'proration_behavior' });
    const changed = await stripe.subscriptions.update(made.id, { ...asked, proration_behavior: 'none' });
    expect(changed.items.data).toMatchObject([
      { id: item?.id, price: { id: dearer.id }, quantity: 2, current_period_end: endOf(made) },
    ]);
    expect(await invoicesOf(made.id)).toHaveLength(1);
    await harness.moveTo(isoOf(endOf(made) + 2 * 3600));
    expect((await invoicesOf(made.id))[0]).toMatchObject({ total: 60_000, status: 'paid' });
    const items = await stripe.subscriptionItems.list({ subscription: made.id });
    expect(items.data.map(({ id }) => id)).toEqual([item?.id]);
  });

  test('the interval bills at once, and starts over', async () => {
    const made = await subscribe();
    const yearly = await harness.price({ unit_amount: 90_000, recurring: { interval: 'year' } });
    const changed = await stripe.subscriptions.update(made.id, {
      items: [{ id: made.items.data[0]?.id ?? '', price: yearly.id }],
      proration_behavior: 'none',
    });
    expect((await invoicesOf(made.id))[0]).toMatchObject({ total: 90_000, status: 'paid' });
    expect(endOf(changed)).toBeGreaterThan(soon(360 * day));
  });
});

describe('a trial', () => {
  test('that is ended now is billed now', async () => {
    const made = await subscribe({ trial_period_days: 30 });
    const ended = await stripe.subscriptions.update(made.id, { trial_end: 'now' });
    expect(ended.status).toBe('active');
    expect((await invoicesOf(made.id))[0]).toMatchObject({ total: 10_000, status: 'paid' });
  });

  test.each([
    ['cancel', 'canceled'],
    ['pause', 'paused'],
    ['create_invoice', 'past_due'],
  ] as const)('without a card at its end: %s', async (missing, status) => {
    const { id: customer } = await stripe.customers.create({ email: 'client@example.com' });
    const made = await stripe.subscriptions.create({
      customer,
      items: [{ price: (await harness.price()).id }],
      trial_period_days: 10,
      trial_settings: { end_behavior: { missing_payment_method: missing } },
    });
    await harness.advance('8d');
    expect(harness.arrived(/trial_will_end/)).toHaveLength(1);
    await harness.advance('3d');
    expect((await read(made.id)).status).toBe(status);
    expect(await invoicesOf(made.id)).toHaveLength(missing === 'create_invoice' ? 2 : 1);
  });
});

describe('pausing', () => {
  test('stops invoices until it is resumed, which begins a new period and bills it', async () => {
    const made = await subscribe();
    expect((await stripe.subscriptions.pause(made.id, {})).status).toBe('paused');
    await harness.advance('70d');
    expect(await invoicesOf(made.id)).toHaveLength(1);
    const resumed = await stripe.subscriptions.resume(made.id, {});
    expect(resumed.status).toBe('active');
    expect((await invoicesOf(made.id))[0]).toMatchObject({ total: 10_000, status: 'paid' });
    await harness.sandbox.settled();
    const told = harness.arrived(/paused|resumed/);
    expect(told).toEqual(['customer.subscription.paused', 'customer.subscription.resumed']);
    await harness.moveTo(isoOf(endOf(resumed) + 2 * 3600));
    expect(await invoicesOf(made.id)).toHaveLength(3);
  });

  test.each([
    ['void', 'void'],
    ['mark_uncollectible', 'uncollectible'],
    ['keep_as_draft', 'draft'],
  ] as const)('collection alone leaves it active and its invoices: %s', async (behavior, status) => {
    const made = await subscribe();
    await stripe.subscriptions.update(made.id, {
      pause_collection: { behavior, resumes_at: endOf(made) + 20 * day },
    });
    await harness.moveTo(isoOf(endOf(made) + 2 * 3600));
    expect((await invoicesOf(made.id))[0]?.status).toBe(status);
    expect((await read(made.id)).status).toBe('active');
    await harness.advance('40d');
    expect(await read(made.id)).toMatchObject({ pause_collection: null });
    expect((await invoicesOf(made.id))[0]?.status).toBe('paid');
  });
});
