import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { failuresOf } from './connect-harness.ts';
import { failureOf, topUp, types } from './harness.ts';
import { type ReversalHarness, startReversalHarness } from './reversal-harness.ts';

let harness: ReversalHarness;
let stripe: Stripe;
beforeAll(async () => {
  harness = await startReversalHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());
beforeEach(() => harness.reset());

const onlyDispute = async (payment: Stripe.PaymentIntent): Promise<Stripe.Dispute> => {
  const { data } = await stripe.disputes.list({ payment_intent: payment.id });
  expect(data).toHaveLength(1);
  const [dispute] = data;
  if (!dispute) throw new Error('nobody disputed the payment');
  return dispute;
};

describe('a card that is charged back', () => {
  test('loses the money and a fee with the payment', async () => {
    const payment = await harness.pay({ payment_method: 'pm_card_createDispute' });
    expect(payment.status).toBe('succeeded');
    const dispute = await onlyDispute(payment);
    expect(dispute).toMatchObject({
      amount: 1930,
      currency: 'omr',
      charge: payment.latest_charge,
      is_charge_refundable: false,
      payment_method_details: { type: 'card', card: { case_type: 'chargeback', brand: 'visa' } },
      reason: 'fraudulent',
      status: 'needs_response',
      // 15.00 USD at the sandbox's 3.6725.
      balance_transactions: [
        { type: 'adjustment', reporting_category: 'dispute', amount: -1843, fee: 5509, net: -7352, currency: 'aed' },
      ],
    });
    expect(await stripe.disputes.retrieve(dispute.id)).toEqual(dispute);
    expect(await harness.charge(payment)).toMatchObject({ disputed: true, amount_refunded: 0 });
    expect(await harness.heard()).toEqual([
      'payment_intent.created',
      'payment_intent.succeeded',
      'charge.succeeded',
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
    ]);
  });

  test('does so on a hosted page too, on a connected account', async () => {
    const { id: stripeAccount } = await stripe.accounts.create({ country: 'AE' });
    const session = await stripe.checkout.sessions.create(topUp(), { stripeAccount });
    await harness.client.pay(session.id, { card: '4000000000002685' });
    const { data } = await stripe.disputes.list({}, { stripeAccount });
    expect(data).toMatchObject([{ reason: 'product_not_received', status: 'needs_response' }]);
    await harness.sandbox.settled();
    const heard = types(harness.connect).filter((type) => type.startsWith('charge.dispute.'));
    expect(heard).toEqual(['charge.dispute.created', 'charge.dispute.funds_withdrawn']);
  });

  test('is not refunded while that is open, nor once it is lost', async () => {
    const payment = await harness.pay({ payment_method: 'pm_card_createDispute' });
    const refund = () => stripe.refunds.create({ payment_intent: payment.id, amount: 10 });
    expect(await failureOf(refund())).toMatchObject({ statusCode: 400, code: 'charge_disputed' });
    const { id } = await onlyDispute(payment);
    await harness.heard();
    expect(await stripe.disputes.close(id)).toMatchObject({ status: 'lost' });
    expect(await harness.heard()).toEqual(['charge.dispute.closed']);
    expect(await failureOf(refund())).toMatchObject({ code: 'charge_disputed' });
    await expect(harness.client.moveDispute(id, 'win')).rejects.toThrow('status is lost');
  });

  test('gets everything back when it wins, and can then be refunded', async () => {
    const payment = await harness.pay({ payment_method: 'pm_card_createDispute' });
    const { id } = await onlyDispute(payment);
    await harness.heard();
    await harness.client.moveDispute(id, 'review');
    expect(await harness.client.moveDispute(id, 'win')).toMatchObject({ status: 'won' });
    expect(await harness.heard()).toEqual([
      'charge.dispute.updated',
      'charge.dispute.closed',
      'charge.dispute.funds_reinstated',
    ]);
    const won = await stripe.disputes.retrieve(id);
    expect(won.balance_transactions.map(({ amount, fee }) => [amount, fee])).toEqual([
      [-1843, 5509],
      [1843, -5509],
    ]);
    expect(await harness.sums([id])).toEqual([0, 0, 0]);
    expect((await stripe.refunds.create({ payment_intent: payment.id })).amount).toBe(1930);
  });
});

describe('an inquiry', () => {
  test('moves no money, leaves the charge refundable, and can come to nothing', async () => {
    const payment = await harness.pay({ payment_method: 'pm_card_createDisputeInquiry' });
    const dispute = await onlyDispute(payment);
    expect(dispute).toMatchObject({
      status: 'warning_needs_response',
      is_charge_refundable: true,
      balance_transactions: [],
      payment_method_details: { card: { case_type: 'inquiry' } },
    });
    expect((await stripe.refunds.create({ payment_intent: payment.id, amount: 100 })).status).toBe('succeeded');
    await harness.heard();
    await harness.client.moveDispute(dispute.id, 'review_inquiry');
    await harness.client.moveDispute(dispute.id, 'close_inquiry');
    expect(await harness.heard()).toEqual(['charge.dispute.updated', 'charge.dispute.closed']);
    expect(await stripe.disputes.retrieve(dispute.id)).toMatchObject({ status: 'warning_closed' });
    expect(await harness.sums([dispute.id])).toEqual([0, 0, 0]);
  });

  test('takes the money when it becomes a chargeback', async () => {
    const payment = await harness.pay();
    await harness.heard();
    const { id } = await harness.client.dispute(payment.id, { kind: 'inquiry' });
    await harness.client.moveDispute(id, 'escalate');
    expect(await harness.heard()).toEqual([
      'charge.dispute.created',
      'charge.dispute.updated',
      'charge.dispute.funds_withdrawn',
    ]);
    expect(await onlyDispute(payment)).toMatchObject({ status: 'needs_response', is_charge_refundable: false });
  });
});

describe('a dispute by switch', () => {
  test('is of a part, of what was refunded before too, and never of more than was taken', async () => {
    const payment = await harness.pay();
    await stripe.refunds.create({ payment_intent: payment.id, amount: 1000 });
    await expect(harness.client.dispute(payment.id, { kind: 'chargeback', amount: 1940 })).rejects.toThrow('1930');
    await expect(harness.client.dispute(payment.id, { kind: 'chargeback', amount: 15 })).rejects.toThrow('last digit');
    const { id, amount } = await harness.client.dispute(payment.id, { kind: 'chargeback' });
    expect(amount).toBe(930);
    await expect(harness.client.dispute(payment.id, { kind: 'inquiry' })).rejects.toThrow('disputed already');
    await harness.client.moveDispute(id, 'win');
    const all = await harness.client.dispute(payment.id, { kind: 'chargeback', amount: 1930, reason: 'duplicate' });
    expect(await stripe.disputes.retrieve(all.id)).toMatchObject({ amount: 1930, reason: 'duplicate' });
  });

  test('gives back a part, won or lost', async () => {
    const payment = await harness.pay();
    const first = await harness.client.dispute(payment.id, { kind: 'chargeback' });
    await expect(harness.client.moveDispute(first.id, 'win', 1940)).rejects.toThrow('can come back');
    await harness.client.moveDispute(first.id, 'lose', 930);
    await harness.sandbox.settled();
    expect(types(harness.receiver).slice(-2)).toEqual(['charge.dispute.closed', 'charge.dispute.funds_reinstated']);
    const { balance_transactions: moved } = await stripe.disputes.retrieve(first.id);
    expect(moved.map(({ amount, fee }) => [amount, fee])).toEqual([
      [-1843, 5509],
      [888, 0],
    ]);
    const second = await harness.client.dispute(payment.id, { kind: 'inquiry' });
    await expect(harness.client.moveDispute(second.id, 'close_inquiry', 10)).rejects.toThrow('won or lost');
    expect(await stripe.disputes.retrieve(second.id)).toMatchObject({ status: 'warning_needs_response' });
  });

  test('needs a payment that took money', async () => {
    const held = await harness.pay({ capture_method: 'manual', payment_method: 'pm_card_createDispute' });
    await expect(harness.client.dispute(held.id, { kind: 'chargeback' })).rejects.toThrow('successful charge');
    expect((await stripe.disputes.list({ payment_intent: held.id })).data).toEqual([]);
    await stripe.paymentIntents.capture(held.id);
    expect((await onlyDispute(held)).status).toBe('needs_response');
    await expect(harness.client.dispute('pi_unknown', { kind: 'inquiry' })).rejects.toThrow('No such');
  });

  test('is refused to other words', async () => {
    const payment = await harness.pay();
    const { id } = await harness.client.dispute(payment.id, { kind: 'inquiry' });
    const refusals = await Promise.all([
      harness.control('POST', '/sandbox/disputes', { payment: payment.id, kind: 'complaint' }),
      harness.control('POST', `/sandbox/disputes/${id}`, { move: 'forget' }),
    ]);
    expect(refusals.map(({ status }) => status)).toEqual([422, 422]);
    const failures = await failuresOf(stripe.disputes.close(id), stripe.disputes.retrieve('du_unknown'));
    expect(failures.map(({ statusCode }) => statusCode)).toEqual([400, 404]);
  });
});
