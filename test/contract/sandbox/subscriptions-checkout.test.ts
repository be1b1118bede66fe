import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSandboxClient, type SandboxClient } from '../../../src/commands/sandbox-client.ts';
import { type BillingHarness, day, startBillingHarness } from './billing-harness.ts';
import { failureOf, visa } from './harness.ts';

let harness: BillingHarness;
let stripe: Stripe;
let client: SandboxClient;

beforeAll(async () => {
  harness = await startBillingHarness();
  stripe = harness.stripe;
  client = createSandboxClient(harness.sandbox.url);
});
afterAll(() => harness.close());
beforeEach(() => harness.endAll());

const challengeCard = '4000002760003184';

async function openSession(
  lines: Stripe.Checkout.SessionCreateParams.LineItem[],
  more: Partial<Stripe.Checkout.SessionCreateParams> = {},
): Promise<Stripe.Checkout.Session> {
  const { id: customer } = await stripe.customers.create({ email: 'client@example.com' });
  const session = await stripe.checkout.sessions.create({
    mode: 'subscription',
    customer,
    success_url: 'https://shop.example/paid?session={CHECKOUT_SESSION_ID}',
    line_items: lines,
    subscription_data: { metadata: { order: 'ord_1' }, billing_mode: { type: 'flexible' } },
    ...more,
  });
  await harness.sandbox.settled();
  harness.arrived();
  return session;
}

const completed = async (id: string) => {
  const session = await stripe.checkout.sessions.retrieve(id, { expand: ['subscription', 'invoice'] });
  if (session.subscription === null || typeof session.subscription === 'string') throw new Error('no subscription');
  if (session.invoice === null || typeof session.invoice === 'string') throw new Error('no invoice');
  return { session, subscription: session.subscription, invoice: session.invoice };
};

describe('completing a session', () => {
  test('makes the subscription with the card, pays its first invoice, and tells it in order', async () => {
    const price = await harness.price();
    const once = await stripe.prices.create({ currency: 'omr', unit_amount: 5000, product: String(price.product) });
    const { id } = await openSession([{ price: price.id, quantity: 3 }, { price: once.id }]);
    expect(await stripe.checkout.sessions.retrieve(id)).toMatchObject({ amount_total: 35_000, payment_intent: null });
    expect(await client.pay(id, { card: visa })).toMatchObject({ status: 'complete', paymentStatus: 'paid' });

    const { session, subscription, invoice } = await completed(id);
    expect(session).toMatchObject({ status: 'complete', payment_status: 'paid', payment_intent: null });
    expect(subscription).toMatchObject({ status: 'active', metadata: { order: 'ord_1' } });
    expect(invoice).toMatchObject({ status: 'paid', amount_paid: 35_000, billing_reason: 'subscription_create' });
    expect(invoice.lines.data.map(({ amount }) => amount)).toEqual([30_000, 5000]);
    const cards = await stripe.paymentMethods.list({ customer: String(subscription.customer) });
    expect(cards.data.map((card) => card.id)).toEqual([subscription.default_payment_method]);
    await harness.sandbox.settled();
    expect(harness.arrived()).toEqual([
      'customer.subscription.created',
      'invoice.created',
      'invoice.finalized',
      'payment_intent.created',
      'payment_method.attached',
      'payment_intent.succeeded',
      'charge.succeeded',
      'invoice_payment.paid',
      'invoice.paid',
      'invoice.payment_succeeded',
      'customer.subscription.updated',
      'checkout.session.completed',
    ]);
  });

  test('a declined card leaves the session open, and the next one pays the same subscription', async () => {
    const price = await harness.price();
    const { id } = await openSession([{ price: price.id, quantity: 1 }]);
    expect(await client.pay(id, { card: '4000000000000002' })).toMatchObject({
      status: 'open',
      error: { code: 'card_declined' },
    });
    expect((await stripe.checkout.sessions.retrieve(id)).subscription).toBeNull();
    await client.pay(id, { card: visa });
    const { subscription } = await completed(id);
    expect(subscription.status).toBe('active');
    const all = await stripe.subscriptions.list({ customer: String(subscription.customer), status: 'all' });
    expect(all.data.map((found) => found.id)).toEqual([subscription.id]);
  });

  test('a card that asks for authentication pays once it is given', async () => {
    const price = await harness.price();
    const { id } = await openSession([{ price: price.id, quantity: 1 }]);
    expect(await client.pay(id, { card: challengeCard })).toMatchObject({ status: 'open' });
    await harness.sandbox.settled();
    expect(harness.arrived(/action/)).toEqual(['payment_intent.requires_action', 'invoice.payment_action_required']);
    expect(await client.pay(id, { authenticate: 'complete' })).toMatchObject({ status: 'complete' });
    expect((await completed(id)).subscription.status).toBe('active');
  });

  test('a trial takes no money today, saves the card and charges it when the trial ends', async () => {
    const price = await harness.price();
    const { id } = await openSession([{ price: price.id, quantity: 1 }], {
      subscription_data: { trial_period_days: 14, metadata: { order: 'ord_1' } },
    });
    expect(await client.pay(id, { card: visa })).toMatchObject({ paymentStatus: 'no_payment_required' });
    const { subscription, invoice } = await completed(id);
    expect(subscription).toMatchObject({ status: 'trialing', trial_end: subscription.created + 14 * day });
    expect(subscription.default_payment_method).toMatch(/^pm_/);
    expect(invoice).toMatchObject({ status: 'paid', total: 0 });
    await harness.advance('12d');
    expect(harness.arrived(/trial_will_end/)).toEqual(['customer.subscription.trial_will_end']);
    await harness.advance('3d');
    const [latest] = (await stripe.invoices.list({ subscription: subscription.id, limit: 1 })).data;
    expect(latest).toMatchObject({ status: 'paid', total: 10_000, billing_reason: 'subscription_cycle' });
  });

  test('a trial without a card begins where none is asked for, and pauses at its end', async () => {
    const price = await harness.price();
    const { id, url } = await openSession([{ price: price.id, quantity: 1 }], {
      payment_method_collection: 'if_required',
      subscription_data: {
        trial_period_days: 7,
        trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
      },
    });
    const shown = await (await fetch(String(url))).text();
    expect(shown).toContain('0.000 OMR today');
    expect(shown).toContain('then 10.000 OMR every month');
    await client.pay(id, { confirm: 'yes' });
    const { subscription } = await completed(id);
    await harness.advance('8d');
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      status: 'paused',
      status_details: { paused: { subscription: { type: 'trial_end_without_payment_method' } } },
    });
    expect(harness.arrived(/paused|invoice/)).toContain('customer.subscription.paused');
  });
});

describe('a session is refused', () => {
  test('for what Checkout does not sell', async () => {
    const monthly = await harness.price();
    const yearly = await harness.price({ recurring: { interval: 'year' } });
    const dollars = await harness.price({ currency: 'usd' });
    const archived = await harness.price();
    await stripe.prices.update(archived.id, { active: false });
    const meter = await stripe.billing.meters.create({
      display_name: 'Minutes',
      event_name: 'minutes',
      default_aggregation: { formula: 'sum' },
    });
    const metered = await harness.price({ recurring: { interval: 'month', usage_type: 'metered', meter: meter.id } });
    const once = await stripe.prices.create({ currency: 'omr', unit_amount: 5000, product: String(monthly.product) });
    const many = await Promise.all(Array.from({ length: 21 }, () => harness.price()));
    const refused = [
      [{ price: once.id, quantity: 1 }],
      [
        { price: monthly.id, quantity: 1 },
        { price: yearly.id, quantity: 1 },
      ],
      [
        { price: monthly.id, quantity: 1 },
        { price: dollars.id, quantity: 1 },
      ],
      [{ price: archived.id, quantity: 1 }],
      [{ price: monthly.id }, { price: metered.id, quantity: 1 }],
      many.map(({ id }) => ({ price: id, quantity: 1 })),
    ];
    for (const lines of refused) {
      expect(await failureOf(openSession(lines))).toMatchObject({ statusCode: 400, type: 'StripeInvalidRequestError' });
    }
    const mixed = await openSession([{ price: monthly.id, quantity: 1 }, { price: metered.id }]);
    expect(mixed.amount_total).toBe(10_000);
    const soon = { subscription_data: { trial_end: Math.floor(harness.clock.now().getTime() / 1000) + day } };
    expect(await failureOf(openSession([{ price: monthly.id, quantity: 1 }], soon))).toMatchObject({
      param: 'subscription_data[trial_end]',
    });
  });
});
