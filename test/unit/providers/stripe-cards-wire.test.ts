import { describe, expect, test } from 'vitest';
import type { SetupSessionRequest } from '../../../src/providers/card-ports.ts';
import { need } from '../../contract/provider/contract-run.ts';
import { answering, cutting, listOf, nockedStripe, refusal } from './stripe-nock.ts';
import { connected, failureOf, platform } from './stripe-support.ts';

const cards = need(nockedStripe().cards, 'cards');

const once = { idempotencyKey: 'op:1' };
const onAccount = { 'stripe-account': 'acct_agency', 'stripe-version': '2026-10-28.endive' };

const method = {
  id: 'pm_1',
  object: 'payment_method',
  type: 'card',
  customer: 'cus_1',
  card: {
    brand: 'visa',
    last4: '4242',
    exp_month: 3,
    exp_year: 2031,
    fingerprint: 'fp_1',
    funding: 'credit',
    country: 'OM',
  },
};
const bankDebit = { id: 'pm_2', object: 'payment_method', type: 'us_bank_account', customer: 'cus_1' };
const card = {
  id: 'pm_1',
  brand: 'visa',
  last4: '4242',
  expMonth: 3,
  expYear: 2031,
  fingerprint: 'fp_1',
  funding: 'credit',
  country: 'OM',
  providerCustomerId: 'cus_1',
};

const session = {
  id: 'cs_1',
  object: 'checkout.session',
  url: 'https://checkout.stripe.com/c/pay/cs_1',
  status: 'open',
  expires_at: 1_793_500_000,
  payment_intent: null,
  client_reference_id: 'setup_1',
};

const request: SetupSessionRequest = {
  reference: 'setup_1',
  metadata: { baisa_setup: 'setup_1', baisa_agency: 'agc_1' },
  providerCustomerId: 'cus_1',
  currency: 'OMR',
  successUrl: 'https://baisa.example/done',
  cancelUrl: 'https://baisa.example/back',
  expiresAt: new Date(1_793_500_000_999),
};

describe('a setup session on the wire', () => {
  test('asks for a card and no money, and marks the session and what it makes', async () => {
    const sent = answering('POST', '/v1/checkout/sessions', session);
    expect(await cards.createSetupSession(connected, request, once)).toEqual({
      id: 'cs_1',
      url: 'https://checkout.stripe.com/c/pay/cs_1',
      status: 'open',
      expiresAt: new Date(1_793_500_000_000),
      paymentId: null,
    });
    // All of it: an amount, or another way to pay, would be one too many.
    expect(sent[0]?.form).toEqual({
      mode: 'setup',
      ui_mode: 'hosted_page',
      customer: 'cus_1',
      client_reference_id: 'setup_1',
      currency: 'omr',
      'allowed_payment_method_types[0]': 'card',
      'metadata[baisa_setup]': 'setup_1',
      'metadata[baisa_agency]': 'agc_1',
      'setup_intent_data[metadata][baisa_setup]': 'setup_1',
      'setup_intent_data[metadata][baisa_agency]': 'agc_1',
      success_url: 'https://baisa.example/done',
      cancel_url: 'https://baisa.example/back',
      expires_at: '1793500000',
    });
    expect(sent[0]?.headers).toMatchObject({ ...onAccount, 'idempotency-key': 'op:1' });
  });

  test('names no account on the platform’s own', async () => {
    const sent = answering('POST', '/v1/checkout/sessions', session);
    await cards.createSetupSession(platform, request, once);
    expect(sent[0]?.headers).not.toHaveProperty('stripe-account');
  });

  test('whose connection is cut is in doubt, and is found among the customer’s by our id', async () => {
    cutting('POST', '/v1/checkout/sessions');
    expect((await failureOf(cards.createSetupSession(connected, request, once))).detail).toMatchObject({
      kind: 'indeterminate',
      code: 'ECONNRESET',
    });
    const other = { ...session, id: 'cs_0', client_reference_id: 'setup_0' };
    const sent = answering('GET', '/v1/checkout/sessions', listOf(other, session));
    expect((await cards.findSetupSession(connected, 'cus_1', 'setup_1'))?.id).toBe('cs_1');
    expect(sent[0]?.form).toEqual({ customer: 'cus_1', limit: '100' });
    expect(sent[0]?.headers).toMatchObject(onAccount);
    answering('GET', '/v1/checkout/sessions', listOf(other));
    expect(await cards.findSetupSession(connected, 'cus_1', 'setup_1')).toBeNull();
  });
});

describe('a setup that is read', () => {
  const setup = {
    id: 'seti_1',
    object: 'setup_intent',
    status: 'succeeded',
    payment_method: 'pm_1',
    customer: 'cus_1',
    metadata: { baisa_setup: 'setup_1' },
  };
  const known = { id: 'seti_1', providerCustomerId: 'cus_1', metadata: { baisa_setup: 'setup_1' } };

  test.each([
    ['succeeded', { status: 'succeeded', cardId: 'pm_1' }],
    ['processing', { status: 'processing', cardId: null }],
    ['canceled', { status: 'canceled', cardId: null }],
    ['requires_action', { status: 'open', cardId: null }],
    ['requires_payment_method', { status: 'open', cardId: null }],
  ] as const)('as %s names its card only when that is saved', async (status, expected) => {
    const sent = answering('GET', '/v1/setup_intents/seti_1', { ...setup, status });
    expect(await cards.retrieveSetup(connected, 'seti_1')).toEqual({ ...known, ...expected });
    expect(sent[0]).toMatchObject({ form: {}, headers: onAccount });
  });

  test('carries no metadata where Stripe has none', async () => {
    answering('GET', '/v1/setup_intents/seti_1', { ...setup, metadata: null, customer: null });
    expect(await cards.retrieveSetup(connected, 'seti_1')).toMatchObject({ metadata: {}, providerCustomerId: null });
  });

  test('is refused when it is not there', async () => {
    answering('GET', '/v1/setup_intents/seti_0', refusal('resource_missing'), 404);
    expect((await failureOf(cards.retrieveSetup(connected, 'seti_0'))).detail).toMatchObject({
      kind: 'invalid',
      code: 'resource_missing',
      status: 404,
    });
  });
});

describe('a card that is read', () => {
  test('is given without its number, and with its owner', async () => {
    const sent = answering('GET', '/v1/payment_methods/pm_1', method);
    expect(await cards.retrieve(connected, 'pm_1')).toEqual(card);
    expect(sent[0]).toMatchObject({ form: {}, headers: onAccount });
  });

  test('is nobody’s once it was detached', async () => {
    answering('GET', '/v1/payment_methods/pm_1', { ...method, customer: null });
    expect(await cards.retrieve(connected, 'pm_1')).toEqual({ ...card, providerCustomerId: null });
  });

  test('is null where the account has none, or it is no card; a failure is no absence', async () => {
    answering('GET', '/v1/payment_methods/pm_0', refusal('resource_missing'), 404);
    expect(await cards.retrieve(connected, 'pm_0')).toBeNull();
    answering('GET', '/v1/payment_methods/pm_2', bankDebit);
    expect(await cards.retrieve(connected, 'pm_2')).toBeNull();
    cutting('GET', '/v1/payment_methods/pm_1');
    expect((await failureOf(cards.retrieve(connected, 'pm_1'))).kind).toBe('unavailable');
  });

  test('is listed by its customer, cards alone', async () => {
    const sent = answering('GET', '/v1/payment_methods', listOf(method, bankDebit));
    expect(await cards.list(connected, 'cus_1')).toEqual([card]);
    expect(sent[0]?.form).toEqual({ customer: 'cus_1', type: 'card', limit: '100' });
  });
});

describe('the default card', () => {
  test('is told to Stripe for what it charges itself', async () => {
    const sent = answering('POST', '/v1/customers/cus_1', { id: 'cus_1', object: 'customer' });
    await cards.setDefault(connected, 'cus_1', 'pm_1', once);
    expect(sent[0]?.form).toEqual({ 'invoice_settings[default_payment_method]': 'pm_1' });
    expect(sent[0]?.headers).toMatchObject({ ...onAccount, 'idempotency-key': 'op:1' });
  });

  test('is refused when it is another’s card', async () => {
    answering('POST', '/v1/customers/cus_1', refusal('resource_missing'), 400);
    expect((await failureOf(cards.setDefault(connected, 'cus_1', 'pm_9', once))).kind).toBe('invalid');
  });
});

describe('detaching', () => {
  const detach = () => cards.detach(connected, 'pm_1', once);
  const path = '/v1/payment_methods/pm_1/detach';
  // Stripe gives this refusal no code.
  const detachedBefore = {
    error: { type: 'invalid_request_error', message: 'The payment method you provided is not attached to a customer.' },
  };

  test('says nothing but which card', async () => {
    const sent = answering('POST', path, { ...method, customer: null });
    await detach();
    expect(sent[0]?.form).toEqual({});
    expect(sent[0]?.headers).toMatchObject({ ...onAccount, 'idempotency-key': 'op:1' });
  });

  test('is done when the card was detached before, or is gone', async () => {
    answering('POST', path, detachedBefore, 400);
    answering('GET', '/v1/payment_methods/pm_1', { ...method, customer: null });
    await detach();
    answering('POST', path, refusal('resource_missing'), 404);
    await detach();
  });

  test('that is refused fails while the card is still somebody’s', async () => {
    answering('POST', path, refusal('payment_method_unexpected_state'), 400);
    answering('GET', '/v1/payment_methods/pm_1', method);
    expect((await failureOf(detach())).detail).toMatchObject({
      kind: 'invalid',
      code: 'payment_method_unexpected_state',
    });
  });

  test.each([
    ['cut', () => cutting('POST', path), 'indeterminate'],
    ['failed inside', () => answering('POST', path, refusal('api_error'), 500), 'indeterminate'],
    ['throttled', () => answering('POST', path, refusal('rate_limit'), 429), 'rate_limited'],
    ['not allowed', () => answering('POST', path, refusal('account_invalid'), 403), 'auth'],
  ] as const)('that is %s is not looked up behind its caller’s back', async (_what, happens, kind) => {
    happens();
    expect((await failureOf(detach())).kind).toBe(kind);
  });
});
