import { describe, expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import type { OffSessionChargeRequest } from '../../../src/providers/card-ports.ts';
import { need } from '../../contract/provider/contract-run.ts';
import { answering, cutting, decline, listOf, nockedStripe, refusal } from './stripe-nock.ts';
import { connected, failureOf, platform } from './stripe-support.ts';

const offSession = need(nockedStripe().offSession, 'off-session charges');

const once = { idempotencyKey: 'refill:refill_1:1' };
const onAccount = { 'stripe-account': 'acct_agency', 'stripe-version': '2026-10-28.endive' };

const intent = {
  id: 'pi_1',
  object: 'payment_intent',
  status: 'succeeded',
  amount: 9630,
  amount_received: 9630,
  currency: 'omr',
  metadata: { baisa_order: 'ord_1', baisa_customer: 'client_1' },
  last_payment_error: null,
  latest_charge: 'ch_1',
};

const request: OffSessionChargeRequest = {
  orderId: 'ord_1',
  metadata: { baisa_customer: 'client_1' },
  providerCustomerId: 'cus_1',
  cardId: 'pm_1',
  amount: Money.of('9.630', 'OMR'),
  applicationFee: Money.of('0.550', 'OMR'),
  description: 'Auto-refill: 25.00 USD of balance',
};
const charge = () => offSession.charge(connected, request, once);

describe('charging a saved card on the wire', () => {
  test('is sent at once, without its owner, with its order and the platform’s part', async () => {
    const sent = answering('POST', '/v1/payment_intents', intent);
    const payment = await charge();
    expect(payment).toMatchObject({ id: 'pi_1', status: 'succeeded', metadata: intent.metadata, failure: null });
    expect([payment.amount, payment.amountReceived].map(String)).toEqual(['9.630 OMR', '9.630 OMR']);
    // All of it: a return address would let the bank ask somebody who is not there.
    expect(sent[0]?.form).toEqual({
      amount: '9630',
      currency: 'omr',
      customer: 'cus_1',
      payment_method: 'pm_1',
      'allowed_payment_method_types[0]': 'card',
      off_session: 'true',
      confirm: 'true',
      description: 'Auto-refill: 25.00 USD of balance',
      'metadata[baisa_customer]': 'client_1',
      'metadata[baisa_order]': 'ord_1',
      application_fee_amount: '550',
    });
    expect(sent[0]?.headers).toMatchObject({ ...onAccount, 'idempotency-key': 'refill:refill_1:1' });
  });

  test('names neither an account nor a fee on the platform’s own', async () => {
    const sent = answering('POST', '/v1/payment_intents', intent);
    await offSession.charge(platform, { ...request, applicationFee: null }, once);
    expect(sent[0]?.headers).not.toHaveProperty('stripe-account');
    expect(sent[0]?.form).not.toHaveProperty('application_fee_amount');
  });

  test('refuses an amount or a fee that the currency cannot be charged in, rather than round it', async () => {
    const odd = Money.of('0.555', 'OMR');
    for (const change of [{ amount: odd }, { applicationFee: odd }]) {
      const refused = await failureOf(offSession.charge(connected, { ...request, ...change }, once));
      expect(refused.detail).toMatchObject({ kind: 'invalid', code: 'amount_not_chargeable' });
    }
  });

  test('answers a payment that is still under way as unpaid', async () => {
    answering('POST', '/v1/payment_intents', { ...intent, status: 'processing', amount_received: 0 });
    const payment = await charge();
    expect(payment.status).toBe('processing');
    expect(payment.amountReceived.isZero).toBe(true);
  });

  const left = { ...intent, status: 'requires_payment_method', amount_received: 0 };

  test.each([
    ['card_declined', 'insufficient_funds', 'try_again_later'],
    ['card_declined', 'stolen_card', 'do_not_try_again'],
    ['expired_card', 'expired_card', 'confirm_card_data'],
  ])('that is declined (%s, %s, %s) keeps the bank’s words and its payment', async (code, declineCode, adviceCode) => {
    const words = { code, decline_code: declineCode, advice_code: adviceCode };
    answering('POST', '/v1/payment_intents', decline(left, words), 402);
    expect((await failureOf(charge())).detail).toMatchObject({
      kind: 'declined',
      status: 402,
      code,
      declineCode,
      adviceCode,
      paymentId: 'pi_1',
    });
  });

  test('that wants its owner there is a decline without advice', async () => {
    const code = 'authentication_required';
    answering('POST', '/v1/payment_intents', decline(left, { code, decline_code: code }), 402);
    const { detail } = await failureOf(charge());
    expect(detail).toMatchObject({ kind: 'declined', code, declineCode: code, paymentId: 'pi_1' });
    expect(detail.adviceCode).toBeUndefined();
  });

  test('with a card that is not there is refused, and that is no decline', async () => {
    answering('POST', '/v1/payment_intents', refusal('resource_missing', { param: 'payment_method' }), 404);
    expect((await failureOf(charge())).detail).toMatchObject({
      kind: 'invalid',
      status: 404,
      code: 'resource_missing',
      param: 'payment_method',
    });
  });

  test('whose connection is cut is in doubt, and is found among the customer’s by its order', async () => {
    cutting('POST', '/v1/payment_intents');
    expect((await failureOf(charge())).detail).toMatchObject({ kind: 'indeterminate', code: 'ECONNRESET' });
    const other = { ...intent, id: 'pi_0', metadata: { baisa_order: 'ord_0' } };
    const sent = answering('GET', '/v1/payment_intents', listOf(other, intent));
    expect(await offSession.find(connected, 'cus_1', 'ord_1')).toMatchObject({ id: 'pi_1', status: 'succeeded' });
    expect(sent[0]?.form).toEqual({ customer: 'cus_1', limit: '100' });
    expect(sent[0]?.headers).toMatchObject(onAccount);
    answering('GET', '/v1/payment_intents', listOf(other));
    expect(await offSession.find(connected, 'cus_1', 'ord_1')).toBeNull();
  });

  test('is found with its decline, where the answer that told it was lost', async () => {
    const failure = {
      code: 'card_declined',
      decline_code: 'lost_card',
      advice_code: 'do_not_try_again',
      message: 'No.',
    };
    answering('GET', '/v1/payment_intents', listOf({ ...left, last_payment_error: failure }));
    expect(await offSession.find(connected, 'cus_1', 'ord_1')).toMatchObject({
      status: 'requires_payment_method',
      failure: { code: 'card_declined', declineCode: 'lost_card', adviceCode: 'do_not_try_again', message: 'No.' },
    });
  });
});

describe('ending an unpaid payment on the wire', () => {
  const path = '/v1/payment_intents/pi_1/cancel';
  const cancel = () => offSession.cancel(connected, 'pi_1', once);
  const refused = () => answering('POST', path, refusal('payment_intent_unexpected_state'), 400);

  test('cancels it', async () => {
    const sent = answering('POST', path, { ...intent, status: 'canceled', amount_received: 0 });
    expect((await cancel()).status).toBe('canceled');
    expect(sent[0]?.form).toEqual({});
    expect(sent[0]?.headers).toMatchObject({ ...onAccount, 'idempotency-key': 'refill:refill_1:1' });
  });

  test.each(['canceled', 'succeeded'])('that is over already is answered as it is: %s', async (status) => {
    refused();
    answering('GET', '/v1/payment_intents/pi_1', { ...intent, status });
    expect((await cancel()).status).toBe(status);
  });

  test('fails while Stripe refuses it and it may still be paid', async () => {
    refused();
    answering('GET', '/v1/payment_intents/pi_1', { ...intent, status: 'processing' });
    expect((await failureOf(cancel())).detail).toMatchObject({
      kind: 'invalid',
      code: 'payment_intent_unexpected_state',
    });
  });

  test('is refused when there is no such payment', async () => {
    answering('POST', path, refusal('resource_missing'), 404);
    answering('GET', '/v1/payment_intents/pi_1', refusal('resource_missing'), 404);
    expect((await failureOf(cancel())).detail).toMatchObject({ kind: 'invalid', status: 404 });
  });

  test('whose connection is cut is in doubt', async () => {
    cutting('POST', path);
    expect((await failureOf(cancel())).detail).toMatchObject({ kind: 'indeterminate', code: 'ECONNRESET' });
  });
});
