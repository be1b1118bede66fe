import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { failureOf, topUp } from './harness.ts';
import { type ReversalHarness, startReversalHarness } from './reversal-harness.ts';

let harness: ReversalHarness;
let stripe: Stripe;
beforeAll(async () => {
  harness = await startReversalHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());
beforeEach(() => harness.reset());

/** A debit that came in. */
async function debit(params: Stripe.Checkout.SessionCreateParams, options: Stripe.RequestOptions = {}) {
  const session = await stripe.checkout.sessions.create(params, options);
  await harness.client.pay(session.id, { bank_debit: 'succeed' });
  await harness.client.settle(session.id, 'succeed');
  const { payment_intent: id } = await stripe.checkout.sessions.retrieve(session.id, {}, options);
  return stripe.paymentIntents.retrieve(String(id), {}, options);
}

test('a debit that had succeeded fails, and its money leaves the balance again', async () => {
  const payment = await debit(topUp());
  await harness.heard();
  await harness.client.failPayment(payment.id);
  expect(await harness.heard()).toEqual(['charge.failed', 'payment_intent.payment_failed']);
  expect(await stripe.paymentIntents.retrieve(payment.id)).toMatchObject({
    status: 'requires_payment_method',
    amount_received: 0,
    latest_charge: payment.latest_charge,
    metadata: { order: 'ord_1' },
    last_payment_error: { code: 'payment_method_bank_debit_returned', charge: payment.latest_charge },
  });
  const charge = await stripe.charges.retrieve(String(payment.latest_charge), {
    expand: ['failure_balance_transaction'],
  });
  expect(charge).toMatchObject({
    status: 'failed',
    paid: false,
    captured: true,
    amount_refunded: 0,
    failure_code: 'payment_method_bank_debit_returned',
    failure_balance_transaction: {
      type: 'payment_failure_refund',
      amount: -1843,
      net: -1843,
      source: payment.latest_charge,
    },
  });
  const [gross, fees, net] = await harness.sums([charge.id]);
  expect([gross, net]).toEqual([0, -fees]);
});

test('the platform gives its part back', async () => {
  const { id: stripeAccount } = await stripe.accounts.create({ country: 'AE' });
  const params = { ...topUp(), payment_intent_data: { application_fee_amount: 550 } };
  const payment = await debit(params, { stripeAccount });
  const { application_fee: fee } = await harness.charge(payment, { stripeAccount });
  await harness.client.failPayment(payment.id);
  expect(await stripe.applicationFees.retrieve(String(fee))).toMatchObject({ amount_refunded: 550, refunded: true });
});

test('it fails once, and neither a card nor what was refunded fails so', async () => {
  const payment = await debit(topUp());
  await harness.client.failPayment(payment.id);
  await expect(harness.client.failPayment(payment.id)).rejects.toThrow('successful charge');
  expect(await failureOf(stripe.refunds.create({ payment_intent: payment.id }))).toMatchObject({ statusCode: 400 });
  expect(await failureOf(stripe.refunds.create({ charge: String(payment.latest_charge) }))).toMatchObject({
    statusCode: 400,
  });
  await expect(harness.client.dispute(payment.id, { kind: 'chargeback' })).rejects.toThrow('successful charge');

  const refunded = await debit(topUp());
  await stripe.refunds.create({ payment_intent: refunded.id, amount: 10 });
  await expect(harness.client.failPayment(refunded.id)).rejects.toThrow('refunded or disputed');
  const byCard = await harness.pay();
  await expect(harness.client.failPayment(byCard.id)).rejects.toThrow('disputes the charge');
});

test('a refund of a debit is a refund of a payment, not of a card', async () => {
  const payment = await debit(topUp());
  const refund = await stripe.refunds.create({ payment_intent: payment.id, expand: ['balance_transaction'] });
  expect(refund).toMatchObject({ balance_transaction: { type: 'payment_refund' } });
  expect(refund).not.toHaveProperty('destination_details');
});
