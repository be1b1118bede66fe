import { describe, expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import type { HoldRequest } from '../../../src/providers/card-ports.ts';
import { need } from '../../contract/provider/contract-run.ts';
import { answering, cutting, decline, listOf, nockedStripe, refusal } from './stripe-nock.ts';
import { connected, failureOf, platform } from './stripe-support.ts';

const holds = need(nockedStripe().holds, 'holds');

const once = { idempotencyKey: 'hold:hold_1:1' };
const onAccount = { 'stripe-account': 'acct_agency', 'stripe-version': '2026-10-28.endive' };

const captureBefore = 1_793_500_000;
const intent = {
  id: 'pi_1',
  object: 'payment_intent',
  status: 'requires_capture',
  amount: 390,
  amount_received: 0,
  currency: 'omr',
  metadata: { baisa_hold: 'hold_1', baisa_purpose: 'verification' },
  next_action: null,
  cancellation_reason: null,
  last_payment_error: null,
  latest_charge: {
    id: 'ch_1',
    object: 'charge',
    status: 'succeeded',
    payment_method_details: { type: 'card', card: { capture_before: captureBefore } },
  },
};
const placed = {
  id: 'pi_1',
  status: 'placed',
  metadata: intent.metadata,
  actionUrl: null,
  expiresAt: new Date(captureBefore * 1000),
  failure: null,
};

const request: HoldRequest = {
  holdId: 'hold_1',
  metadata: { baisa_agency: 'agc_1' },
  providerCustomerId: 'cus_1',
  cardId: 'pm_1',
  amount: Money.of('0.390', 'OMR'),
  description: 'Temporary hold, not a charge',
  returnUrl: 'https://baisa.example/verified',
};
const place = () => holds.place(connected, request, once);
const release = () => holds.release(connected, 'pi_1', once);

describe('placing a hold on the wire', () => {
  test('sets money aside and takes none, says what it is for, and asks when it ends', async () => {
    const sent = answering('POST', '/v1/payment_intents', intent);
    const hold = await place();
    expect(hold).toMatchObject(placed);
    expect(hold.amount.toString()).toBe('0.390 OMR');
    // All of it: captured by hand, its owner there, nothing kept for the platform.
    expect(sent[0]?.form).toEqual({
      amount: '390',
      currency: 'omr',
      customer: 'cus_1',
      payment_method: 'pm_1',
      'allowed_payment_method_types[0]': 'card',
      capture_method: 'manual',
      confirm: 'true',
      description: 'Temporary hold, not a charge',
      'metadata[baisa_agency]': 'agc_1',
      'metadata[baisa_hold]': 'hold_1',
      'metadata[baisa_purpose]': 'verification',
      return_url: 'https://baisa.example/verified',
      'expand[0]': 'latest_charge',
    });
    expect(sent[0]?.headers).toMatchObject({ ...onAccount, 'idempotency-key': 'hold:hold_1:1' });
  });

  test('names no account on the platform’s own', async () => {
    const sent = answering('POST', '/v1/payment_intents', intent);
    await holds.place(platform, request, once);
    expect(sent[0]?.headers).not.toHaveProperty('stripe-account');
  });

  test('lets no caller’s metadata pass it for a sale', async () => {
    const sent = answering('POST', '/v1/payment_intents', intent);
    await holds.place(connected, { ...request, metadata: { baisa_purpose: 'sale', baisa_hold: 'other' } }, once);
    expect(sent[0]?.form).toMatchObject({
      'metadata[baisa_purpose]': 'verification',
      'metadata[baisa_hold]': 'hold_1',
    });
  });

  test('refuses an amount that the currency cannot be charged in, rather than round it', async () => {
    const odd = { ...request, amount: Money.of('0.385', 'OMR') };
    expect((await failureOf(holds.place(connected, odd, once))).detail).toMatchObject({
      kind: 'invalid',
      code: 'amount_not_chargeable',
    });
  });

  test('says where the bank asks for authentication', async () => {
    answering('POST', '/v1/payment_intents', {
      ...intent,
      status: 'requires_action',
      latest_charge: null,
      next_action: { type: 'redirect_to_url', redirect_to_url: { url: 'https://hooks.stripe.com/3ds' } },
    });
    expect(await place()).toMatchObject({
      status: 'action_required',
      actionUrl: 'https://hooks.stripe.com/3ds',
      expiresAt: null,
    });
  });

  test('that is declined keeps the bank’s words and the payment it left behind', async () => {
    const left = { ...intent, status: 'requires_payment_method' };
    const words = { code: 'card_declined', decline_code: 'lost_card', advice_code: 'do_not_try_again' };
    answering('POST', '/v1/payment_intents', decline(left, words), 402);
    expect((await failureOf(place())).detail).toMatchObject({
      kind: 'declined',
      status: 402,
      code: 'card_declined',
      declineCode: 'lost_card',
      adviceCode: 'do_not_try_again',
      paymentId: 'pi_1',
    });
  });

  test('with a card that is not there is refused, and that is no decline', async () => {
    answering('POST', '/v1/payment_intents', refusal('resource_missing', { param: 'payment_method' }), 404);
    expect((await failureOf(place())).detail).toMatchObject({
      kind: 'invalid',
      status: 404,
      code: 'resource_missing',
      param: 'payment_method',
    });
  });

  test('whose connection is cut is in doubt, and is found among the customer’s by our id', async () => {
    cutting('POST', '/v1/payment_intents');
    expect((await failureOf(place())).detail).toMatchObject({ kind: 'indeterminate', code: 'ECONNRESET' });
    const topUp = { ...intent, id: 'pi_0', metadata: { baisa_order: 'hold_1' } };
    const sent = answering('GET', '/v1/payment_intents', listOf(topUp, intent));
    expect(await holds.find(connected, 'cus_1', 'hold_1')).toMatchObject(placed);
    expect(sent[0]?.form).toEqual({ customer: 'cus_1', limit: '100', 'expand[0]': 'data.latest_charge' });
    expect(sent[0]?.headers).toMatchObject(onAccount);
    answering('GET', '/v1/payment_intents', listOf(topUp));
    expect(await holds.find(connected, 'cus_1', 'hold_1')).toBeNull();
  });
});

describe('a hold that is read', () => {
  const canceled = (reason: string | null) => ({ ...intent, status: 'canceled', cancellation_reason: reason });

  test.each([
    ['placed', intent],
    ['processing', { ...intent, status: 'processing' }],
    ['action_required', { ...intent, status: 'requires_action' }],
    ['failed', { ...intent, status: 'requires_payment_method' }],
    ['released', canceled(null)],
    ['released', canceled('requested_by_customer')],
    ['expired', canceled('automatic')],
    ['expired', canceled('expired')],
    // Cancelled before the bank ever set anything aside.
    ['failed', { ...canceled(null), latest_charge: null }],
    ['failed', { ...canceled('requested_by_customer'), latest_charge: { ...intent.latest_charge, status: 'failed' } }],
  ] as const)('is %s as Stripe has it', async (status, answer) => {
    const sent = answering('GET', '/v1/payment_intents/pi_1', answer);
    expect((await holds.retrieve(connected, 'pi_1')).status).toBe(status);
    expect(sent[0]).toMatchObject({ form: { 'expand[0]': 'latest_charge' }, headers: onAccount });
  });

  test('says why it failed', async () => {
    const error = {
      code: 'card_declined',
      decline_code: 'do_not_honor',
      advice_code: 'try_again_later',
      message: 'No.',
    };
    answering('GET', '/v1/payment_intents/pi_1', {
      ...intent,
      status: 'requires_payment_method',
      last_payment_error: error,
    });
    expect((await holds.retrieve(connected, 'pi_1')).failure).toEqual({
      code: 'card_declined',
      declineCode: 'do_not_honor',
      adviceCode: 'try_again_later',
      message: 'No.',
    });
  });

  test('knows no end where the bank named none', async () => {
    answering('GET', '/v1/payment_intents/pi_1', { ...intent, latest_charge: 'ch_1' });
    expect((await holds.retrieve(connected, 'pi_1')).expiresAt).toBeNull();
  });

  test('is refused when it is not there', async () => {
    answering('GET', '/v1/payment_intents/pi_1', refusal('resource_missing'), 404);
    expect((await failureOf(holds.retrieve(connected, 'pi_1'))).detail).toMatchObject({ kind: 'invalid', status: 404 });
  });
});

describe('releasing a hold on the wire', () => {
  const path = '/v1/payment_intents/pi_1/cancel';
  const refused = () => answering('POST', path, refusal('payment_intent_unexpected_state'), 400);
  const found = (more: object) => answering('GET', '/v1/payment_intents/pi_1', { ...intent, ...more });

  test('cancels its payment, and claims no reason that is not so', async () => {
    const sent = answering('POST', path, { ...intent, status: 'canceled' });
    expect((await release()).status).toBe('released');
    expect(sent[0]?.form).toEqual({ 'expand[0]': 'latest_charge' });
    expect(sent[0]?.headers).toMatchObject({ ...onAccount, 'idempotency-key': 'hold:hold_1:1' });
  });

  test.each([
    ['released', null],
    ['expired', 'automatic'],
  ] as const)('that is over already is answered as it is: %s', async (status, reason) => {
    refused();
    found({ status: 'canceled', cancellation_reason: reason });
    expect((await release()).status).toBe(status);
  });

  test.each(['requires_capture', 'processing', 'succeeded'])('fails while Stripe refuses it: %s', async (status) => {
    refused();
    found({ status });
    expect((await failureOf(release())).detail).toMatchObject({
      kind: 'invalid',
      code: 'payment_intent_unexpected_state',
    });
  });

  test('is refused when there is no such payment', async () => {
    answering('POST', path, refusal('resource_missing'), 404);
    answering('GET', '/v1/payment_intents/pi_1', refusal('resource_missing'), 404);
    expect((await failureOf(release())).detail).toMatchObject({ kind: 'invalid', status: 404 });
  });

  test('whose connection is cut is in doubt', async () => {
    cutting('POST', path);
    expect((await failureOf(release())).detail).toMatchObject({ kind: 'indeterminate', code: 'ECONNRESET' });
  });
});
