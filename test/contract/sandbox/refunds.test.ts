import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { failuresOf } from './connect-harness.ts';
import { failureOf, types } from './harness.ts';
import { type ReversalHarness, startReversalHarness } from './reversal-harness.ts';

let harness: ReversalHarness;
let stripe: Stripe;
beforeAll(async () => {
  harness = await startReversalHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());
beforeEach(() => harness.reset());

describe('a refund', () => {
  test('of everything takes the gross back off the balance and leaves the processing fee', async () => {
    const payment = await harness.pay();
    await harness.heard();
    const refund = await stripe.refunds.create({
      payment_intent: payment.id,
      reason: 'requested_by_customer',
      metadata: { refund: 'rf_1' },
      expand: ['balance_transaction.source'],
    });
    expect(refund).toMatchObject({
      object: 'refund',
      amount: 1930,
      currency: 'omr',
      charge: payment.latest_charge,
      payment_intent: payment.id,
      reason: 'requested_by_customer',
      metadata: { refund: 'rf_1' },
      status: 'succeeded',
      // 1.930 OMR at the sandbox's rate.
      balance_transaction: {
        type: 'refund',
        reporting_category: 'refund',
        amount: -1843,
        fee: 0,
        net: -1843,
        currency: 'aed',
        source: { id: expect.stringMatching(/^re_/) },
      },
    });
    expect(await harness.charge(payment)).toMatchObject({ amount_refunded: 1930, refunded: true, status: 'succeeded' });
    expect(await harness.heard()).toEqual(['charge.refunded', 'refund.created']);
    const [gross, fees, net] = await harness.sums([String(payment.latest_charge), refund.id]);
    expect([gross, net]).toEqual([0, -fees]);
    expect(await failureOf(stripe.refunds.create({ payment_intent: payment.id }))).toMatchObject({
      statusCode: 400,
      code: 'charge_already_refunded',
    });
  });

  test('in parts never gives back more than was paid, however many ask at once', async () => {
    const payment = await harness.pay();
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, () => stripe.refunds.create({ payment_intent: payment.id, amount: 640 })),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(await harness.charge(payment)).toMatchObject({ amount_refunded: 1920, refunded: false });
    const rest = await stripe.refunds.create({ charge: String(payment.latest_charge) });
    expect(rest.amount).toBe(10);
    const { data } = await stripe.refunds.list({ payment_intent: payment.id });
    expect(data.map(({ amount }) => amount)).toEqual([10, 640, 640, 640]);
    expect(await stripe.refunds.retrieve(rest.id)).toEqual(data[0]);
  });

  test('is refused with an amount that cannot be charged, above what is left, or of nothing taken', async () => {
    const payment = await harness.pay();
    const held = await harness.pay({ capture_method: 'manual' });
    const failures = await failuresOf(
      stripe.refunds.create({ payment_intent: payment.id, amount: 645 }),
      stripe.refunds.create({ payment_intent: payment.id, amount: 1940 }),
      stripe.refunds.create({ payment_intent: payment.id, amount: 0 }),
      stripe.refunds.create({ payment_intent: payment.id, charge: String(payment.latest_charge) }),
      stripe.refunds.create({}),
      stripe.refunds.create({ payment_intent: payment.id, refund_application_fee: true }),
      stripe.refunds.create({ payment_intent: held.id }),
      stripe.refunds.create({ charge: String(held.latest_charge) }),
    );
    for (const failure of failures) expect(failure).toMatchObject({ statusCode: 400 });
    expect(failures.slice(0, 3)).toMatchObject([{ param: 'amount' }, { param: 'amount' }, { param: 'amount' }]);
    expect(await harness.charge(payment)).toMatchObject({ amount_refunded: 0 });
    expect((await stripe.refunds.list({ payment_intent: payment.id })).data).toEqual([]);
    expect(await failureOf(stripe.refunds.create({ payment_intent: 'pi_unknown' }))).toMatchObject({ statusCode: 404 });
  });

  test('of a hold that was taken in part is of what was taken, however the rest of it shows', async () => {
    for (const holdReleaseSurfacesAsRefund of [false, true]) {
      await harness.client.setFaults({ holdReleaseSurfacesAsRefund });
      const held = await harness.pay({ capture_method: 'manual' });
      await stripe.paymentIntents.capture(held.id, { amount_to_capture: 1000 });
      expect((await stripe.refunds.create({ payment_intent: held.id, amount: 400 })).amount).toBe(400);
      expect(await harness.charge(held)).toMatchObject({ refunded: false });
      expect((await stripe.refunds.create({ payment_intent: held.id })).amount).toBe(600);
      expect(await harness.charge(held)).toMatchObject({ refunded: true });
      expect(await failureOf(stripe.refunds.create({ payment_intent: held.id, amount: 10 }))).toMatchObject({
        code: 'charge_already_refunded',
      });
    }
  });

  test('is made once for one idempotency key', async () => {
    const payment = await harness.pay();
    const make = () =>
      stripe.refunds.create({ payment_intent: payment.id, amount: 100 }, { idempotencyKey: `refund ${payment.id}` });
    expect((await make()).id).toBe((await make()).id);
    expect(await harness.charge(payment)).toMatchObject({ amount_refunded: 100 });
  });

  test('takes new metadata and nothing else', async () => {
    const payment = await harness.pay();
    const { id } = await stripe.refunds.create({ payment_intent: payment.id, metadata: { a: '1' } });
    await harness.heard();
    expect(await stripe.refunds.update(id, { metadata: { b: '2' } })).toMatchObject({ metadata: { a: '1', b: '2' } });
    expect(await harness.heard()).toEqual(['refund.updated', 'charge.refund.updated']);
    expect(await failureOf(stripe.refunds.cancel(id))).toMatchObject({ code: 'refund_unexpected_state' });
  });
});

describe('a refund that takes its time', () => {
  test('is pending for a day by the clock, and then succeeds', async () => {
    const payment = await harness.pay({ payment_method: 'pm_card_pendingRefund' });
    const refund = await stripe.refunds.create({ payment_intent: payment.id, amount: 1000 });
    expect(refund).toMatchObject({ status: 'pending', pending_reason: 'processing' });
    await harness.heard();
    await harness.client.advanceClock('1d');
    expect(await harness.heard()).toEqual(['refund.updated', 'charge.refund.updated']);
    const settled = await stripe.refunds.retrieve(refund.id);
    expect(settled).toMatchObject({ status: 'succeeded' });
    expect(settled).not.toHaveProperty('pending_reason');
    expect(await harness.charge(payment)).toMatchObject({ amount_refunded: 1000 });
  });

  test('succeeds and fails a day later, which puts the money back on the balance', async () => {
    const payment = await harness.pay({ payment_method: 'pm_card_refundFail' });
    const refund = await stripe.refunds.create({ payment_intent: payment.id });
    expect(refund.status).toBe('succeeded');
    await harness.heard();
    await harness.client.advanceClock('1d');
    expect(await harness.heard()).toEqual(['refund.updated', 'charge.refund.updated', 'refund.failed']);
    const failed = await stripe.refunds.retrieve(refund.id, { expand: ['failure_balance_transaction'] });
    expect(failed).toMatchObject({
      status: 'failed',
      failure_reason: 'lost_or_stolen_card',
      failure_balance_transaction: { type: 'refund_failure', amount: 1843, net: 1843, source: refund.id },
    });
    expect(await harness.charge(payment)).toMatchObject({ amount_refunded: 0, refunded: false });
    expect(await harness.sums([refund.id])).toEqual([0, 0, 0]);
    expect((await stripe.refunds.create({ payment_intent: payment.id })).amount).toBe(1930);
  });

  test.each([
    ['pending', 'fail', 'failed'],
    ['fail', 'succeed', 'succeeded'],
    ['requires_action', 'succeed', 'succeeded'],
    ['fail_after_success', 'fail', 'failed'],
  ] as const)('begun with %s and told to %s is %s once', async (outcome, told, status) => {
    await harness.client.setRefunds(outcome);
    const payment = await harness.pay();
    const refund = await stripe.refunds.create({ payment_intent: payment.id });
    expect(await harness.client.settleRefund(refund.id, told)).toMatchObject({ id: refund.id, status });
    await expect(harness.client.settleRefund(refund.id, told)).rejects.toThrow(`status is ${status}`);
    await harness.client.advanceClock('2d');
    expect((await stripe.refunds.retrieve(refund.id)).status).toBe(status);
  });

  test('can be cancelled while it waits for the client', async () => {
    await harness.client.setRefunds('requires_action');
    const payment = await harness.pay();
    const refund = await stripe.refunds.create({ payment_intent: payment.id });
    await harness.heard();
    expect(await stripe.refunds.cancel(refund.id)).toMatchObject({ status: 'canceled' });
    expect(await harness.heard()).toEqual(['refund.updated', 'charge.refund.updated']);
    expect(await harness.charge(payment)).toMatchObject({ amount_refunded: 0 });
    expect(await harness.sums([refund.id])).toEqual([0, 0, 0]);
  });

  test('follows the switch before the number of its card, until it is given back', async () => {
    await harness.client.setRefunds('succeed');
    expect(await harness.control('GET', '/sandbox/refunds')).toMatchObject({ body: { outcome: 'succeed' } });
    const payment = await harness.pay({ payment_method: 'pm_card_pendingRefund' });
    expect((await stripe.refunds.create({ payment_intent: payment.id, amount: 10 })).status).toBe('succeeded');
    await harness.client.setRefunds(null);
    expect((await stripe.refunds.create({ payment_intent: payment.id, amount: 10 })).status).toBe('pending');
    expect((await harness.control('PUT', '/sandbox/refunds', { outcome: 'explode' })).status).toBe(422);
  });
});

describe('a refund with an application fee', () => {
  const connected = async () => {
    const { id } = await stripe.accounts.create({ country: 'AE' });
    const options = { stripeAccount: id };
    const payment = await harness.pay({ application_fee_amount: 550 }, options);
    const { application_fee: fee } = await harness.charge(payment, options);
    return { options, payment, fee: String(fee) };
  };

  test('returns it in proportion, the last part taking the rest, from the platform to the account', async () => {
    const { options, payment, fee } = await connected();
    await harness.sandbox.settled();
    harness.receiver.arrivals.length = 0;
    const refundIds: string[] = [];
    for (const amount of [640, 650, 640]) {
      const params = { payment_intent: payment.id, amount, refund_application_fee: true };
      refundIds.push((await stripe.refunds.create(params, options)).id);
    }
    const found = await stripe.applicationFees.retrieve(fee);
    expect(found).toMatchObject({ amount: 550, amount_refunded: 550, refunded: true });
    expect(found.refunds.data.map(({ amount }) => amount)).toEqual([180, 190, 180]);
    expect(await harness.heard()).toEqual(Array.from({ length: 3 }, () => 'application_fee.refunded'));
    expect(types(harness.connect)).not.toContain('application_fee.refunded');

    const [gross, fees] = await harness.sums([String(payment.latest_charge), ...refundIds], options);
    const charged = await stripe.balanceTransactions.list({ source: String(payment.latest_charge) }, options);
    const processing = charged.data[0]?.fee_details.find(({ type }) => type === 'stripe_fee')?.amount;
    // Each part is converted by itself, so an account may keep or lose a hundredth of its currency for each.
    expect(Math.abs(gross)).toBeLessThanOrEqual(2);
    expect(Math.abs(fees - Number(processing))).toBeLessThanOrEqual(2);
    const { data: fromFee } = await stripe.applicationFees.listRefunds(fee);
    expect(fromFee).toHaveLength(3);
    const [platformSum] = await harness.sums([fee, ...fromFee.map(({ id }) => id)]);
    expect(Math.abs(platformSum)).toBeLessThanOrEqual(2);
  });

  test('leaves the fee with the platform unless asked', async () => {
    const { options, payment, fee } = await connected();
    await stripe.refunds.create({ payment_intent: payment.id }, options);
    expect(await stripe.applicationFees.retrieve(fee)).toMatchObject({ amount_refunded: 0, refunded: false });
  });

  test('can have its fee returned by itself, never more than it was', async () => {
    const { fee } = await connected();
    const part = await stripe.applicationFees.createRefund(fee, { amount: 50, metadata: { why: 'kind' } });
    expect(part).toMatchObject({ object: 'fee_refund', amount: 50, fee, metadata: { why: 'kind' } });
    expect(await stripe.applicationFees.retrieveRefund(fee, part.id)).toEqual(part);
    expect((await stripe.applicationFees.createRefund(fee)).amount).toBe(500);
    const failures = await failuresOf(
      stripe.applicationFees.createRefund(fee),
      stripe.applicationFees.createRefund(fee, { amount: 10 }),
    );
    for (const failure of failures) expect(failure).toMatchObject({ statusCode: 400, param: 'amount' });
  });
});

describe('a refund in the dashboard', () => {
  test('names nothing of the merchant, and is heard like any other', async () => {
    const payment = await harness.pay({ metadata: { order: 'ord_1' } });
    await harness.heard();
    const { id } = await harness.client.refundInDashboard(payment.id, { amount: 930 });
    expect(await stripe.refunds.retrieve(id)).toMatchObject({ amount: 930, metadata: {}, reason: null });
    await harness.sandbox.settled();
    expect(harness.receiver.arrivals.map(({ event }) => event.request?.id)).toEqual([null, null]);
    expect(await harness.heard()).toEqual(['charge.refunded', 'refund.created']);
    await expect(harness.client.refundInDashboard(payment.id, { amount: 1010 })).rejects.toThrow('greater than');
  });

  test('is a button of the page, which runs no script', async () => {
    const payment = await harness.pay();
    const html = await (await fetch(`${harness.sandbox.url}/sandbox/payments`)).text();
    expect(html).toContain(`action="/sandbox/payments/${payment.id}"`);
    expect(html).not.toContain('<script');
    const press = (fields: Record<string, string>) =>
      fetch(`${harness.sandbox.url}/sandbox/payments/${payment.id}`, {
        method: 'POST',
        body: new URLSearchParams(fields),
        redirect: 'manual',
      });
    expect((await press({ action: 'refund', amount: '30' })).status).toBe(303);
    expect((await press({ action: 'refund', amount: '' })).status).toBe(303);
    expect(await harness.charge(payment)).toMatchObject({ amount_refunded: 1930, refunded: true });
    expect((await press({ action: 'refund', amount: 'all' })).status).toBe(422);
    expect(await (await fetch(`${harness.sandbox.url}/sandbox/payments`)).text()).toContain('1.930 OMR refunded');
  });
});
