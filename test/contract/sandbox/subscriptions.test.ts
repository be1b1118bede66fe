import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type BillingHarness, expanded, isoOf, startBillingHarness } from './billing-harness.ts';

let harness: BillingHarness;
let stripe: Stripe;

beforeAll(async () => {
  harness = await startBillingHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());
beforeEach(() => harness.endAll());

const expand = ['latest_invoice.payments'];

test('a subscription begins paid: its first invoice, the payment and their events', async () => {
  const customer = await harness.customer();
  const price = await harness.price();
  await harness.sandbox.settled();
  harness.arrived();
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id, quantity: 2 }],
    metadata: { order: 'ord_1' },
    off_session: true,
    expand,
  });
  expect(subscription).toMatchObject({ status: 'active', billing_mode: { type: 'flexible' }, currency: 'omr' });
  const [item] = subscription.items.data;
  expect(item).toMatchObject({ quantity: 2, price: { id: price.id }, current_period_start: subscription.created });
  const invoice = expanded(subscription.latest_invoice);
  expect(invoice).toMatchObject({
    status: 'paid',
    billing_reason: 'subscription_create',
    amount_due: 20_000,
    amount_paid: 20_000,
    amount_remaining: 0,
    attempt_count: 1,
    parent: { subscription_details: { subscription: subscription.id, metadata: { order: 'ord_1' } } },
    lines: { data: [{ amount: 20_000, quantity: 2, parent: { type: 'subscription_item_details' } }] },
  });
  expect(invoice.number).toMatch(/-0001$/);
  const intentId = invoice.payments?.data[0]?.payment.payment_intent;
  const intent = await stripe.paymentIntents.retrieve(String(intentId));
  expect(intent).toMatchObject({ status: 'succeeded', metadata: {}, amount_received: 20_000, customer: customer.id });
  const found = await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: intent.id } });
  expect(found.data).toMatchObject([{ invoice: invoice.id, status: 'paid', amount_paid: 20_000 }]);
  await harness.sandbox.settled();
  expect(harness.arrived()).toEqual([
    'customer.subscription.created',
    'invoice.created',
    'invoice.finalized',
    'payment_intent.created',
    'payment_intent.succeeded',
    'charge.succeeded',
    'invoice_payment.paid',
    'invoice.paid',
    'invoice.payment_succeeded',
    'customer.subscription.updated',
  ]);
});

test('a renewal is a draft for an hour, then paid, with each event at its own time', async () => {
  const customer = await harness.customer();
  const price = await harness.price();
  const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
  const end = subscription.items.data[0]?.current_period_end ?? 0;
  await harness.moveTo(isoOf(end + 60));
  const [draft] = (await stripe.invoices.list({ subscription: subscription.id, limit: 1 })).data;
  expect(draft).toMatchObject({ status: 'draft', billing_reason: 'subscription_cycle', created: end });
  harness.arrived();
  await harness.advance('2h');
  const paid = await stripe.invoices.retrieve(String(draft?.id));
  expect(paid).toMatchObject({ status: 'paid', status_transitions: { finalized_at: end + 3600, paid_at: end + 3600 } });
  const created = harness.receiver.arrivals.map(({ event }) => event.created);
  expect(new Set(created)).toEqual(new Set([end + 3600]));
  expect(harness.arrived(/^invoice\./)).toEqual(['invoice.finalized', 'invoice.paid', 'invoice.payment_succeeded']);
});
