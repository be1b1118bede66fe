import Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type BillingHarness, day, expanded, isoOf, startBillingHarness } from './billing-harness.ts';
import { failureOf } from './harness.ts';

let harness: BillingHarness;
let stripe: Stripe;

beforeAll(async () => {
  harness = await startBillingHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());
beforeEach(async () => {
  await harness.control('PUT', '/sandbox/billing', { afterRetries: 'cancel' });
  await harness.endAll();
});

const subscribe = async (
  more: Partial<Stripe.SubscriptionCreateParams> = {},
  card = 'pm_card_visa',
): Promise<{ subscription: Stripe.Subscription; customer: Stripe.Customer; method: string }> => {
  const customer = await harness.customer(card);
  const price = await harness.price();
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    ...more,
  });
  await harness.sandbox.settled();
  harness.arrived();
  return { subscription, customer, method: String(customer.invoice_settings.default_payment_method) };
};

const endOf = (subscription: Stripe.Subscription): number => subscription.items.data[0]?.current_period_end ?? 0;

const latestOf = async (subscription: string): Promise<Stripe.Invoice> => {
  const [invoice] = (await stripe.invoices.list({ subscription, limit: 1, expand: ['data.payments'] })).data;
  if (!invoice) throw new Error('no invoice');
  return invoice;
};

const statusOf = async (subscription: string) => (await stripe.subscriptions.retrieve(subscription)).status;

const switchCard = (method: string, outcome: string | null) =>
  harness.control('PUT', `/sandbox/cards/${method}`, { outcome });

describe('amounts', () => {
  test('tax is rounded per line: taken out where a price includes it, added where it does not', async () => {
    const rate = (inclusive: boolean) =>
      stripe.taxRates.create({ display_name: 'VAT', percentage: 5, inclusive, country: 'OM' });
    const [inclusive, exclusive] = [await rate(true), await rate(false)];
    const one = await harness.price({ unit_amount: 9990 });
    const other = await harness.price({ unit_amount: 333 });
    const { subscription } = await subscribe({
      items: [{ price: one.id }, { price: other.id, tax_rates: [inclusive.id] }],
      default_tax_rates: [exclusive.id],
    });
    const invoice = await latestOf(subscription.id);
    // 9990 x 5 % = 499.5 -> 500; 333 - 333 / 1.05 = 15.857 -> 16.
    expect(invoice.lines.data.map((line) => line.taxes?.map(({ amount }) => amount))).toEqual([[500], [16]]);
    expect(invoice).toMatchObject({
      subtotal: 10_323,
      subtotal_excluding_tax: 10_307,
      total: 10_823,
      total_excluding_tax: 10_307,
      amount_paid: 10_823,
    });
    expect(invoice.total_taxes).toMatchObject([
      { amount: 500, tax_behavior: 'exclusive', tax_rate_details: { tax_rate: exclusive.id } },
      { amount: 16, tax_behavior: 'inclusive', tax_rate_details: { tax_rate: inclusive.id } },
    ]);
  });

  test('what is too little to charge waits on the customer balance for the next invoice', async () => {
    const price = await harness.price({ unit_amount: 100 });
    const { subscription, customer } = await subscribe({ items: [{ price: price.id }] });
    expect(await latestOf(subscription.id)).toMatchObject({
      status: 'paid',
      total: 100,
      amount_due: 0,
      ending_balance: 100,
    });
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ balance: 100 });
    await harness.moveTo(isoOf(endOf(subscription) + 2 * 3600));
    expect(await latestOf(subscription.id)).toMatchObject({ total: 100, starting_balance: 100, amount_paid: 200 });
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ balance: 0 });
  });

  test('usage is billed in arrears, once, for the period it was recorded in', async () => {
    const meter = await stripe.billing.meters.create({
      display_name: 'Calls',
      event_name: 'calls',
      default_aggregation: { formula: 'sum' },
    });
    const base = await harness.price();
    const metered = await harness.price({
      recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
      unit_amount_decimal: Stripe.Decimal.from('12.5'),
    });
    const { subscription, customer } = await subscribe({ items: [{ price: base.id }, { price: metered.id }] });
    expect((await latestOf(subscription.id)).lines.data).toHaveLength(1);
    await harness.recordUsage({ meter: meter.id, customer: customer.id, at: endOf(subscription) - day, value: '101' });
    await harness.moveTo(isoOf(endOf(subscription) + 2 * 3600));
    const first = await latestOf(subscription.id);
    // 101 x 12.5 = 1262.5 -> 1263.
    expect(first.lines.data.map(({ amount }) => amount).sort()).toEqual([10_000, 1263]);
    const renewed = await stripe.subscriptions.retrieve(subscription.id);
    await harness.moveTo(isoOf(endOf(renewed) + 2 * 3600));
    expect((await latestOf(subscription.id)).total).toBe(10_000);
  });
});

describe('a renewal that is not paid', () => {
  test('is tried again until the card revives, past due meanwhile', async () => {
    const { subscription, method } = await subscribe();
    await switchCard(method, 'insufficient_funds');
    const due = endOf(subscription) + 3600;
    await harness.moveTo(isoOf(due + 120));
    expect(await latestOf(subscription.id)).toMatchObject({
      status: 'open',
      attempt_count: 1,
      next_payment_attempt: due + day,
    });
    expect(await statusOf(subscription.id)).toBe('past_due');
    expect(harness.arrived(/payment_failed|past_due|charge/)).toEqual([
      'payment_intent.payment_failed',
      'charge.failed',
      'invoice.payment_failed',
    ]);
    await harness.advance('1d');
    expect(await latestOf(subscription.id)).toMatchObject({ attempt_count: 2, next_payment_attempt: due + 2 * day });
    await switchCard(method, null);
    await harness.advance('1d');
    expect(await latestOf(subscription.id)).toMatchObject({ status: 'paid', next_payment_attempt: null });
    expect(await statusOf(subscription.id)).toBe('active');
  });

  test('is paid with another card that becomes the default', async () => {
    const { subscription, customer, method } = await subscribe();
    await switchCard(method, 'lost_card');
    await harness.moveTo(isoOf(endOf(subscription) + 2 * 3600));
    const { id } = await stripe.paymentMethods.attach('pm_card_mastercard', { customer: customer.id });
    await stripe.subscriptions.update(subscription.id, { default_payment_method: id });
    await harness.advance('1d');
    const invoice = await latestOf(subscription.id);
    expect(invoice.status).toBe('paid');
    const intent = await stripe.paymentIntents.retrieve(String(invoice.payments?.data[0]?.payment.payment_intent));
    expect(intent.payment_method).toBe(id);
  });

  test.each([
    ['cancel', 'canceled'],
    ['unpaid', 'unpaid'],
    ['past_due', 'past_due'],
  ])('after the eighth retry does what the sandbox is set to: %s', async (afterRetries, status) => {
    await harness.control('PUT', '/sandbox/billing', { afterRetries });
    const { subscription, method } = await subscribe();
    await switchCard(method, 'generic_decline');
    await harness.moveTo(isoOf(endOf(subscription) + 13 * day));
    expect(await statusOf(subscription.id)).toBe('past_due');
    harness.arrived();
    await harness.advance('2d');
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      status,
      ...(status === 'canceled' ? { cancellation_details: { reason: 'payment_failed' } } : {}),
    });
    expect(await latestOf(subscription.id)).toMatchObject({
      status: 'open',
      attempt_count: 9,
      next_payment_attempt: null,
    });
    expect(harness.arrived(/deleted/)).toHaveLength(status === 'canceled' ? 1 : 0);
  });

  test('that asks for authentication is completed by its owner on the hosted page', async () => {
    const { subscription, method } = await subscribe();
    await switchCard(method, 'authentication_required');
    await harness.moveTo(isoOf(endOf(subscription) + 2 * 3600));
    expect(harness.arrived(/invoice\.payment/)).toEqual(['invoice.payment_action_required', 'invoice.payment_failed']);
    const invoice = await latestOf(subscription.id);
    const url = String(invoice.hosted_invoice_url);
    expect(await (await fetch(url)).text()).toContain('Complete authentication');
    const answered = await fetch(url, { method: 'POST', body: new URLSearchParams({ authenticate: 'complete' }) });
    expect(await answered.text()).toContain('This invoice is paid.');
    expect(await statusOf(subscription.id)).toBe('active');
    const pdf = await fetch(String(invoice.invoice_pdf));
    expect((await pdf.text()).slice(0, 8)).toBe('%PDF-1.4');
  });
});

describe('an open invoice', () => {
  const overdue = async () => {
    const { subscription, method } = await subscribe();
    await switchCard(method, 'insufficient_funds');
    await harness.moveTo(isoOf(endOf(subscription) + 2 * 3600));
    return { subscription, method, invoice: await latestOf(subscription.id) };
  };

  test('is paid by a call, which a refusing card refuses without touching the retries', async () => {
    const { invoice, method, subscription } = await overdue();
    expect(await failureOf(stripe.invoices.pay(invoice.id))).toMatchObject({
      statusCode: 402,
      code: 'card_declined',
      decline_code: 'insufficient_funds',
    });
    expect(await latestOf(subscription.id)).toMatchObject({
      attempt_count: 1,
      next_payment_attempt: invoice.next_payment_attempt,
    });
    await switchCard(method, null);
    expect(await stripe.invoices.pay(invoice.id)).toMatchObject({ status: 'paid', amount_remaining: 0 });
    expect(await failureOf(stripe.invoices.pay(invoice.id))).toMatchObject({ code: 'invoice_already_paid' });
  });

  test('is paid outside, void or written off: the subscription is in good standing again', async () => {
    const ways: ((id: string) => Promise<Stripe.Invoice>)[] = [
      (id) => stripe.invoices.pay(id, { paid_out_of_band: true }),
      (id) => stripe.invoices.voidInvoice(id),
      (id) => stripe.invoices.markUncollectible(id),
    ];
    const statuses: unknown[] = [];
    for (const settle of ways) {
      const { subscription, invoice } = await overdue();
      statuses.push((await settle(invoice.id)).status, await statusOf(subscription.id));
    }
    expect(statuses).toEqual(['paid', 'active', 'void', 'active', 'uncollectible', 'active']);
  });

  test('of a first payment is confirmed by its payer, or expires with its subscription', async () => {
    const { subscription } = await subscribe({ payment_behavior: 'default_incomplete' });
    expect(subscription.status).toBe('incomplete');
    const waiting = await stripe.subscriptions.retrieve(subscription.id, {
      expand: ['latest_invoice.confirmation_secret', 'latest_invoice.payments'],
    });
    const invoice = expanded(waiting.latest_invoice);
    const secret = String(invoice.confirmation_secret?.client_secret);
    await stripe.paymentIntents.confirm(secret.split('_secret_')[0] ?? '', { payment_method: 'pm_card_visa' });
    expect(await statusOf(subscription.id)).toBe('active');

    const { subscription: late } = await subscribe({ payment_behavior: 'default_incomplete' });
    await harness.advance('24h');
    expect(await statusOf(late.id)).toBe('incomplete_expired');
    expect((await latestOf(late.id)).status).toBe('void');
  });
});

test('a preview shows the next renewal and keeps nothing', async () => {
  const { subscription } = await subscribe();
  const preview = await stripe.invoices.createPreview({ subscription: subscription.id });
  expect(preview).toMatchObject({ total: 10_000, status: 'draft', period_end: endOf(subscription) });
  expect((await stripe.invoices.list({ subscription: subscription.id })).data).toHaveLength(1);
});

test('a draft is finalized by a call before its hour is over', async () => {
  const { subscription } = await subscribe();
  await harness.moveTo(isoOf(endOf(subscription) + 60));
  const draft = await latestOf(subscription.id);
  expect(await stripe.invoices.finalizeInvoice(draft.id)).toMatchObject({ status: 'paid' });
  await harness.advance('2h');
  expect((await latestOf(subscription.id)).attempt_count).toBe(1);
});

test('a connected account leaves its fee of every paid invoice on the platform', async () => {
  const { id: account } = await stripe.accounts.create({ country: 'AE' });
  const options = { stripeAccount: account };
  const product = await stripe.products.create({ name: 'Plan' }, options);
  const price = await stripe.prices.create(
    { currency: 'omr', unit_amount: 9990, recurring: { interval: 'month' }, product: product.id },
    options,
  );
  const customer = await stripe.customers.create(
    { payment_method: 'pm_card_visa', invoice_settings: { default_payment_method: 'pm_card_visa' } },
    options,
  );
  const subscription = await stripe.subscriptions.create(
    { customer: customer.id, items: [{ price: price.id }], application_fee_percent: 10.5 },
    options,
  );
  await harness.moveTo(isoOf(endOf(subscription) + 2 * 3600));
  const fees = await stripe.applicationFees.list();
  // 9990 x 10.5 % = 1048.95.
  expect(fees.data.map((fee) => [fee.account, fee.amount])).toEqual([
    [account, 1049],
    [account, 1049],
  ]);
  await stripe.subscriptions.cancel(subscription.id, {}, options);
});
