import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { failureOf, type Harness, startHarness, types } from './harness.ts';

let harness: Harness;
let stripe: Stripe;
beforeAll(async () => {
  harness = await startHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());
beforeEach(async () => {
  await harness.control('PUT', '/sandbox/faults', {});
  await harness.sandbox.settled();
  harness.receiver.arrivals.length = 0;
});

const hold = (more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.paymentIntents.create({
    amount: 390,
    currency: 'omr',
    capture_method: 'manual',
    confirm: true,
    payment_method: 'pm_card_visa',
    metadata: { purpose: 'verification' },
    ...more,
  });

/** The types of what was delivered since the last look. */
const heard = async () => {
  await harness.sandbox.settled();
  const seen = types(harness.receiver);
  harness.receiver.arrivals.length = 0;
  return seen;
};

/** Whether anything more is said of the intent, now that its bank's time is over. */
const saidAfterExpiry = async (intent: Stripe.PaymentIntent) => {
  await harness.control('POST', '/sandbox/clock', { advance: '8d' });
  await harness.sandbox.settled();
  return harness.receiver.arrivals.some(({ raw }) => raw.includes(intent.id));
};

const chargeOf = (intent: Stripe.PaymentIntent) => stripe.charges.retrieve(String(intent.latest_charge));

const surfacing = () => harness.control('PUT', '/sandbox/faults', { holdReleaseSurfacesAsRefund: true });

describe('a hold', () => {
  test('sets the amount aside, takes nothing, and says until when', async () => {
    const intent = await hold();
    expect(intent).toMatchObject({
      status: 'requires_capture',
      capture_method: 'manual',
      amount_capturable: 390,
      amount_received: 0,
    });
    expect(await heard()).toEqual([
      'payment_intent.created',
      'payment_intent.amount_capturable_updated',
      'charge.succeeded',
    ]);
    const charge = await chargeOf(intent);
    expect(charge).toMatchObject({
      captured: false,
      amount_captured: 0,
      status: 'succeeded',
      balance_transaction: null,
    });
    const until = charge.payment_method_details?.card?.capture_before ?? 0;
    expect(until - charge.created).toBe(7 * 86_400);
    expect((await stripe.balanceTransactions.list({ source: charge.id })).data).toEqual([]);
  });

  test('is let go of by a cancellation, and then is over', async () => {
    const intent = await hold();
    await heard();
    expect(await stripe.paymentIntents.cancel(intent.id, { cancellation_reason: 'abandoned' })).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'abandoned',
      amount_capturable: 0,
      amount_received: 0,
      canceled_at: expect.any(Number),
    });
    expect(await heard()).toEqual(['payment_intent.canceled']);
    expect(await chargeOf(intent)).toMatchObject({ captured: false, refunded: false });
    for (const late of ['cancel', 'capture'] as const) {
      expect(await failureOf(stripe.paymentIntents[late](intent.id))).toMatchObject({
        statusCode: 400,
        code: 'payment_intent_unexpected_state',
        payment_intent: { id: intent.id, status: 'canceled' },
      });
    }
    expect(await saidAfterExpiry(intent)).toBe(false);
  });

  test('surfaces its release as a refund of nothing taken, where that is switched on', async () => {
    const intent = await hold();
    await heard();
    await surfacing();
    await stripe.paymentIntents.cancel(intent.id);
    expect(await heard()).toEqual(['charge.refunded', 'refund.created', 'payment_intent.canceled']);
    expect(await chargeOf(intent)).toMatchObject({
      captured: false,
      amount_captured: 0,
      amount_refunded: 390,
      refunded: true,
    });
    const { data } = await stripe.refunds.list({ payment_intent: intent.id });
    expect(data).toMatchObject([
      {
        amount: 390,
        reason: 'expired_uncaptured_charge',
        status: 'succeeded',
        balance_transaction: null,
        destination_details: { type: 'card', card: { type: 'reversal' } },
      },
    ]);
  });

  test('expires by the clock after seven days, and says that nobody cancelled it', async () => {
    const intent = await hold();
    await heard();
    await harness.control('POST', '/sandbox/clock', { advance: '6d' });
    expect(await heard()).toEqual([]);
    await harness.control('POST', '/sandbox/clock', { advance: '25h' });
    expect(await heard()).toEqual(['charge.expired', 'payment_intent.canceled']);
    expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'automatic',
      amount_capturable: 0,
    });
  });

  test('is taken once, whole, by a capture', async () => {
    const intent = await hold();
    await heard();
    expect(await stripe.paymentIntents.capture(intent.id)).toMatchObject({
      status: 'succeeded',
      amount_received: 390,
      amount_capturable: 0,
    });
    expect(await heard()).toEqual(['charge.captured', 'payment_intent.succeeded']);
    const charge = await chargeOf(intent);
    expect(charge).toMatchObject({ captured: true, amount_captured: 390 });
    expect((await stripe.balanceTransactions.list({ source: charge.id })).data).toHaveLength(1);
    expect(await failureOf(stripe.paymentIntents.capture(intent.id))).toMatchObject({ statusCode: 400 });
    expect(await saidAfterExpiry(intent)).toBe(false);
  });

  test('is taken in part, and the rest let go', async () => {
    const intent = await hold({ amount: 1930 });
    await heard();
    await surfacing();
    expect(await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 500 })).toMatchObject({
      status: 'succeeded',
      amount: 1930,
      amount_received: 500,
    });
    expect(await heard()).toEqual(['charge.captured', 'charge.refunded', 'refund.created', 'payment_intent.succeeded']);
    expect(await chargeOf(intent)).toMatchObject({ amount_captured: 500, amount_refunded: 1430, refunded: false });
  });

  test.each([
    [395, 'parameter_invalid_integer'],
    [2000, 'amount_too_large'],
    [10, 'amount_too_small'],
  ])('refuses to capture %i of 1930 baisa', async (amount, code) => {
    const intent = await hold({ amount: 1930 });
    expect(await failureOf(stripe.paymentIntents.capture(intent.id, { amount_to_capture: amount }))).toMatchObject({
      statusCode: 400,
      code,
      param: 'amount_to_capture',
    });
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe('requires_capture');
  });

  test('is placed on a card that asks for authentication once its owner gave it', async () => {
    const asking = await hold({
      payment_method: 'pm_card_authenticationRequired',
      return_url: 'https://shop.example/verified',
      description: 'Temporary hold, not a charge',
    });
    expect(asking.status).toBe('requires_action');
    const url = String(asking.next_action?.redirect_to_url?.url);
    expect(await (await fetch(url)).text()).toContain('A temporary hold of 0.390 OMR, not a charge.');
    const body = new URLSearchParams({ authenticate: 'complete' });
    const answered = await fetch(url, { method: 'POST', body, redirect: 'manual' });
    expect(String(answered.headers.get('location'))).toContain('https://shop.example/verified?payment_intent=pi_');
    expect((await stripe.paymentIntents.retrieve(asking.id)).status).toBe('requires_capture');
    expect(await chargeOf(await stripe.paymentIntents.retrieve(asking.id))).toMatchObject({
      payment_method_details: { card: { three_d_secure: { result: 'authenticated' } } },
    });
  });

  test('is not placed where the card is declined', async () => {
    const failure = await failureOf(hold({ payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds' }));
    expect(failure).toMatchObject({ statusCode: 402, decline_code: 'insufficient_funds' });
    expect(await heard()).toEqual(['payment_intent.created', 'payment_intent.payment_failed', 'charge.failed']);
    const charges = await stripe.charges.list({ payment_intent: String(failure.payment_intent?.id) });
    expect(charges.data).toMatchObject([{ status: 'failed', captured: false }]);
  });
});

test('an unfinished payment can be cancelled, and is found by its customer', async () => {
  const customer = (await stripe.customers.create({})).id;
  const intent = await stripe.paymentIntents.create({ amount: 500, currency: 'usd', customer });
  expect((await stripe.paymentIntents.cancel(intent.id)).status).toBe('canceled');
  expect((await stripe.paymentIntents.list({ customer })).data.map(({ id }) => id)).toEqual([intent.id]);
});

test('a payment is changed until it is confirmed, and then only in what it says', async () => {
  const intent = await stripe.paymentIntents.create({ amount: 500, currency: 'usd' });
  const changed = await stripe.paymentIntents.update(intent.id, { amount: 700, payment_method: 'pm_card_visa' });
  expect(changed).toMatchObject({ amount: 700, status: 'requires_confirmation' });
  expect(await stripe.paymentIntents.confirm(intent.id)).toMatchObject({ status: 'succeeded', amount_received: 700 });
  expect(await failureOf(stripe.paymentIntents.update(intent.id, { amount: 900 }))).toMatchObject({ statusCode: 400 });
  const noted = await stripe.paymentIntents.update(intent.id, { description: 'Late note', metadata: { a: '1' } });
  expect(noted).toMatchObject({ description: 'Late note', metadata: { a: '1' }, amount: 700 });
});
