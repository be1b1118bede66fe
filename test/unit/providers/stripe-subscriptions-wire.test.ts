import { describe, expect, test } from 'vitest';
import type { NewSubscriptionRequest, SubscriptionSessionRequest } from '../../../src/providers/subscription-ports.ts';
import { need } from '../../contract/provider/contract-run.ts';
import { answering, cutting, decline, listOf, nockedStripe, refusal } from './stripe-nock.ts';
import {
  end,
  inForce,
  lineForm,
  onAccount,
  once,
  onceOnAccount,
  one,
  reads,
  stripeSubscription,
  terms,
} from './stripe-subscription-objects.ts';
import { connected, failureOf, platform } from './stripe-support.ts';

const { subscriptions: onPages, cardSubscriptions } = nockedStripe();
const subscriptions = need(onPages, 'subscriptions');
const byCard = need(cardSubscriptions, 'subscriptions by card');

const newOne: NewSubscriptionRequest = { ...terms, cardId: 'pm_1' };
const onPage: SubscriptionSessionRequest = {
  ...terms,
  reference: 'cs_1',
  successUrl: 'https://baisa.example/subscribed',
  cancelUrl: 'https://baisa.example/cancelled',
  expiresAt: new Date(end * 1000),
};

describe('subscribing by a saved card on the wire', () => {
  const create = (request = newOne) => byCard.create(connected, request, once);

  test('charges at once, without its owner, and leaves nothing where it is not paid', async () => {
    const sent = answering('POST', '/v1/subscriptions', stripeSubscription);
    expect(await create()).toEqual(inForce);
    // All of it: no quantity for what is counted, and nothing is prorated.
    expect(sent[0]?.form).toEqual({
      customer: 'cus_1',
      default_payment_method: 'pm_1',
      ...lineForm('items'),
      'metadata[baisa_customer]': 'client_1',
      'metadata[baisa_subscription]': 'sub_1',
      off_session: 'true',
      payment_behavior: 'error_if_incomplete',
      proration_behavior: 'none',
    });
    expect(sent[0]?.headers).toMatchObject(onceOnAccount);
  });

  test('names no account on the platform’s own', async () => {
    const sent = answering('POST', '/v1/subscriptions', stripeSubscription);
    await byCard.create(platform, newOne, once);
    expect(sent[0]?.headers).not.toHaveProperty('stripe-account');
  });

  test('says the platform’s part as a percentage, and pauses a trial that ends without a card', async () => {
    const sent = answering('POST', '/v1/subscriptions', { ...stripeSubscription, status: 'trialing', trial_end: end });
    const trial = { ...newOne, trialDays: 14, applicationFeePercent: '27.27' };
    expect(await create(trial)).toMatchObject({ status: 'trialing', trialEndsAt: new Date(end * 1000) });
    expect(sent[0]?.form).toMatchObject({
      application_fee_percent: '27.27',
      trial_period_days: '14',
      'trial_settings[end_behavior][missing_payment_method]': 'pause',
    });
  });

  test('lets no caller’s metadata name it otherwise', async () => {
    const sent = answering('POST', '/v1/subscriptions', stripeSubscription);
    await create({ ...newOne, metadata: { baisa_subscription: 'other' } });
    expect(sent[0]?.form).toMatchObject({ 'metadata[baisa_subscription]': 'sub_1' });
  });

  test('that the bank refuses is declined, with its words', async () => {
    const words = { code: 'card_declined', decline_code: 'insufficient_funds', advice_code: 'try_again_later' };
    answering('POST', '/v1/subscriptions', decline({ id: 'pi_1', object: 'payment_intent' }, words), 402);
    expect((await failureOf(create())).detail).toMatchObject({
      kind: 'declined',
      status: 402,
      code: 'card_declined',
      declineCode: 'insufficient_funds',
      adviceCode: 'try_again_later',
    });
  });

  test('whose bank wants to see the owner is declined as well: nobody is there', async () => {
    answering('POST', '/v1/subscriptions', { error: { type: 'card_error', code: 'authentication_required' } }, 402);
    expect((await failureOf(create())).detail).toMatchObject({ kind: 'declined', code: 'authentication_required' });
  });

  test('with a price that is not for sale is refused, and that is no decline', async () => {
    answering('POST', '/v1/subscriptions', refusal('resource_missing', { param: 'items[0][price]' }), 400);
    expect((await failureOf(create())).detail).toMatchObject({
      kind: 'invalid',
      status: 400,
      code: 'resource_missing',
      param: 'items[0][price]',
    });
  });

  test('whose connection is cut is in doubt, and is found among the customer’s by our id, over or not', async () => {
    cutting('POST', '/v1/subscriptions');
    expect((await failureOf(create())).detail).toMatchObject({ kind: 'indeterminate', code: 'ECONNRESET' });
    const other = { ...stripeSubscription, id: 'sub_stripe_0', metadata: { baisa_customer: 'sub_1' } };
    const sent = answering('GET', '/v1/subscriptions', listOf(other, stripeSubscription));
    expect(await byCard.find(connected, 'cus_1', 'sub_1')).toEqual(inForce);
    expect(sent[0]?.form).toEqual({ customer: 'cus_1', status: 'all', limit: '100' });
    expect(sent[0]?.headers).toMatchObject(onAccount);
    answering('GET', '/v1/subscriptions', listOf(other));
    expect(await byCard.find(connected, 'cus_1', 'sub_1')).toBeNull();
  });
});

describe('a session in which a client subscribes', () => {
  const session = {
    id: 'cs_test_1',
    object: 'checkout.session',
    url: 'https://checkout.stripe.com/c/1',
    status: 'open',
    expires_at: end,
    payment_intent: null,
    client_reference_id: 'cs_1',
  };
  const hosted = {
    id: 'cs_test_1',
    url: session.url,
    status: 'open',
    expiresAt: new Date(end * 1000),
    paymentId: null,
  };

  test('marks itself and what it makes, and takes cards only', async () => {
    const sent = answering('POST', '/v1/checkout/sessions', session);
    expect(await subscriptions.createSession(connected, onPage, once)).toEqual(hosted);
    expect(sent[0]?.form).toEqual({
      mode: 'subscription',
      ui_mode: 'hosted_page',
      customer: 'cus_1',
      client_reference_id: 'cs_1',
      'allowed_payment_method_types[0]': 'card',
      ...lineForm('line_items'),
      'metadata[baisa_customer]': 'client_1',
      'subscription_data[metadata][baisa_customer]': 'client_1',
      'subscription_data[metadata][baisa_subscription]': 'sub_1',
      success_url: 'https://baisa.example/subscribed',
      cancel_url: 'https://baisa.example/cancelled',
      expires_at: String(end),
    });
    expect(sent[0]?.headers).toMatchObject(onceOnAccount);
  });

  test('carries the trial and the platform’s part to its subscription', async () => {
    const sent = answering('POST', '/v1/checkout/sessions', session);
    await subscriptions.createSession(connected, { ...onPage, trialDays: 7, applicationFeePercent: '30.00' }, once);
    expect(sent[0]?.form).toMatchObject({
      'subscription_data[application_fee_percent]': '30',
      'subscription_data[trial_period_days]': '7',
      'subscription_data[trial_settings][end_behavior][missing_payment_method]': 'pause',
    });
  });

  test('whose connection is cut is in doubt, and is found among the customer’s by its reference', async () => {
    cutting('POST', '/v1/checkout/sessions');
    const call = subscriptions.createSession(connected, onPage, once);
    expect((await failureOf(call)).detail).toMatchObject({ kind: 'indeterminate', code: 'ECONNRESET' });
    const other = { ...session, id: 'cs_test_0', client_reference_id: null };
    const sent = answering('GET', '/v1/checkout/sessions', listOf(other, session));
    expect(await subscriptions.findSession(connected, 'cus_1', 'cs_1')).toEqual(hosted);
    expect(sent[0]?.form).toEqual({ customer: 'cus_1', limit: '100' });
    answering('GET', '/v1/checkout/sessions', listOf(other));
    expect(await subscriptions.findSession(connected, 'cus_1', 'cs_1')).toBeNull();
  });
});

describe('a subscription that is read', () => {
  test.each([
    'incomplete',
    'incomplete_expired',
    'trialing',
    'active',
    'past_due',
    'unpaid',
    'canceled',
    'paused',
  ] as const)('is %s as Stripe has it', async (status) => {
    reads({ status });
    expect((await subscriptions.retrieve(connected, 'sub_stripe_1')).status).toBe(status);
  });

  test('of which Stripe says a word that nobody knows gets no service', async () => {
    reads({ status: 'hibernating' });
    expect((await subscriptions.retrieve(connected, 'sub_stripe_1')).status).toBe('paused');
  });

  test('names its end, its schedule and its customer, given whole or by id', async () => {
    reads({
      customer: { id: 'cus_9', object: 'customer' },
      schedule: { id: 'sub_sched_1', object: 'subscription_schedule' },
      default_payment_method: null,
      cancel_at: end,
      ended_at: end,
    });
    expect(await subscriptions.retrieve(connected, 'sub_stripe_1')).toMatchObject({
      providerCustomerId: 'cus_9',
      scheduleId: 'sub_sched_1',
      defaultCardId: null,
      cancelAt: new Date(end * 1000),
      endedAt: new Date(end * 1000),
    });
  });

  test('is refused when it is not there', async () => {
    answering('GET', one, refusal('resource_missing'), 404);
    const call = subscriptions.retrieve(connected, 'sub_stripe_1');
    expect((await failureOf(call)).detail).toMatchObject({ kind: 'invalid', status: 404 });
  });
});

describe('ending a subscription on the wire', () => {
  test.each([
    // By its longest period: the end of the shortest would take months that are paid for.
    [true, 'max_period_end'],
    [false, ''],
  ])('with its period, or not after all: %s', async (cancel, cancelAt) => {
    const sent = answering('POST', one, { ...stripeSubscription, cancel_at: cancel ? end : null });
    const read = await subscriptions.endWithPeriod(connected, 'sub_stripe_1', cancel, once);
    expect(read.cancelAt).toEqual(cancel ? new Date(end * 1000) : null);
    expect(sent[0]?.form).toEqual({ cancel_at: cancelAt, proration_behavior: 'none' });
    expect(sent[0]?.headers).toMatchObject(onceOnAccount);
  });

  test('at once makes no invoice and gives nothing back', async () => {
    const sent = answering('DELETE', one, { ...stripeSubscription, status: 'canceled', ended_at: end });
    expect(await subscriptions.cancel(connected, 'sub_stripe_1', once)).toMatchObject({ status: 'canceled' });
    expect(sent[0]?.form).toEqual({ invoice_now: 'false', prorate: 'false' });
    expect(sent[0]?.headers).toMatchObject(onceOnAccount);
  });

  test('that is over already answers it as it is', async () => {
    answering('DELETE', one, refusal('resource_missing'), 404);
    reads({ status: 'canceled', ended_at: end });
    expect(await subscriptions.cancel(connected, 'sub_stripe_1', once)).toMatchObject({
      status: 'canceled',
      endedAt: new Date(end * 1000),
    });
  });

  test('that Stripe refuses while it lives fails', async () => {
    answering('DELETE', one, refusal('subscription_locked'), 400);
    reads({});
    const call = subscriptions.cancel(connected, 'sub_stripe_1', once);
    expect((await failureOf(call)).detail).toMatchObject({ kind: 'invalid', code: 'subscription_locked' });
  });

  test('whose connection is cut is in doubt', async () => {
    cutting('DELETE', one);
    const call = subscriptions.cancel(connected, 'sub_stripe_1', once);
    expect((await failureOf(call)).detail).toMatchObject({ kind: 'indeterminate', code: 'ECONNRESET' });
  });
});

test('the card of a subscription is set on the subscription itself', async () => {
  const sent = answering('POST', one, { ...stripeSubscription, default_payment_method: 'pm_2' });
  const read = await byCard.setDefaultCard(connected, 'sub_stripe_1', 'pm_2', once);
  expect(read.defaultCardId).toBe('pm_2');
  expect(sent[0]?.form).toEqual({ default_payment_method: 'pm_2' });
  expect(sent[0]?.headers).toMatchObject(onceOnAccount);
});
