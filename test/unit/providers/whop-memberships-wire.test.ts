import nock from 'nock';
import { afterEach, describe, expect, test } from 'vitest';
import type { SubscriptionSessionRequest } from '../../../src/providers/subscription-ports.ts';
import { createWhopProvider } from '../../../src/providers/whop/whop-provider.ts';
import { need } from '../../contract/provider/contract-run.ts';
import { withoutNetwork } from '../../support/no-network.ts';
import { api, apiKey, failureOf, page, platform } from './whop-support.ts';

const provider = createWhopProvider({ apiKey, companyId: platform.id, livemode: true });
const subscriptions = need(provider.subscriptions, 'subscriptions');
const invoices = need(provider.invoices, 'invoices');
const payments = need(provider.payments, 'payments');
const once = { idempotencyKey: 'subscription:1' };

withoutNetwork();
afterEach(() => {
  const left = nock.pendingMocks();
  nock.cleanAll();
  expect(left).toEqual([]);
});

const ours = { baisa_subscription: 'sub_1', baisa_agency: 'agc_1', baisa_customer: 'cus_1' };

const membership = {
  id: 'mem_1',
  status: 'active',
  cancel_at_period_end: false,
  canceled_at: null,
  payment_collection_paused: false,
  created_at: '2026-11-01T10:00:00.000Z',
  updated_at: '2026-12-01T10:00:05.000Z',
  renewal_period_start: '2026-12-01T10:00:00.000Z',
  renewal_period_end: '2026-12-31T10:00:00.000Z',
  metadata: { ...ours, baisa_reference: 'cs_1', baisa_expires_at: '2026-11-02T10:00:00.000Z' },
  plan: { id: 'plan_1', metadata: null },
  user: { id: 'user_1', email: null, name: null, username: 'someone' },
};

const payment = {
  id: 'pay_1',
  status: 'paid',
  currency: 'usd',
  subtotal: 20,
  total: 21,
  tax_amount: 1,
  metadata: null,
  failure_message: null,
  membership: { id: 'mem_1', status: 'active', phone_number: null },
  plan: { id: 'plan_1', metadata: null, internal_notes: null },
  billing_reason: 'subscription_cycle',
  payments_failed: 1,
  next_payment_attempt: null,
  created_at: '2026-12-01T10:00:00.000Z',
  paid_at: '2026-12-02T10:00:00.000Z',
};

const request: SubscriptionSessionRequest = {
  subscriptionId: 'sub_1',
  metadata: { baisa_agency: 'agc_1', baisa_customer: 'cus_1' },
  providerCustomerId: 'cus_1',
  lines: [{ priceId: 'plan_1', quantity: 1, taxRateIds: [] }],
  trialDays: null,
  applicationFeePercent: null,
  reference: 'cs_1',
  successUrl: 'https://baisa.example/subscribed',
  cancelUrl: 'https://baisa.example/cancelled',
  expiresAt: new Date('2026-11-02T10:00:00Z'),
};

describe('a session in which somebody subscribes', () => {
  const configuration = {
    id: 'ch_1',
    purchase_url: 'https://whop.com/checkout/ch_1',
    created_at: '2026-11-01T10:00:00.000Z',
    metadata: membership.metadata,
  };

  test('is a checkout of the catalogue’s plan, which names the subscription and our session, under our key', async () => {
    api()
      .post('/api/v1/checkout_configurations', {
        account_id: 'biz_platform',
        mode: 'payment',
        plan_id: 'plan_1',
        metadata: membership.metadata,
        redirect_url: 'https://baisa.example/subscribed',
      })
      .matchHeader('idempotency-key', once.idempotencyKey)
      .reply(200, configuration);
    expect(await subscriptions.createSession(platform, request, once)).toEqual({
      id: 'ch_1',
      url: configuration.purchase_url,
      status: 'open',
      expiresAt: request.expiresAt,
      paymentId: null,
    });
  });

  test.each([
    ['two prices', { lines: [...request.lines, ...request.lines] }, 'one_price_only'],
    ['a price twice', { lines: [{ priceId: 'plan_1', quantity: 2, taxRateIds: [] }] }, 'one_price_only'],
    ['a trial of one client', { trialDays: 14 }, 'trial_not_possible'],
    ['a part for the platform', { applicationFeePercent: '30.00' }, 'application_fee_not_possible'],
  ])('with %s is refused before Whop is asked', async (_what, more, code) => {
    const refused = await failureOf(subscriptions.createSession(platform, { ...request, ...more }, once));
    expect(refused.detail).toMatchObject({ kind: 'invalid', code });
  });

  test('is found by our reference in the list of its account', async () => {
    const other = { ...configuration, id: 'ch_0', metadata: { baisa_reference: 'cs_0' } };
    api().get('/api/v1/checkout_configurations').query(true).times(2).reply(200, page(other, configuration));
    api().get('/api/v1/checkout_configurations/ch_1').reply(200, configuration);
    api().get('/api/v1/payments').query(true).reply(200, page());
    expect(await subscriptions.findSession(platform, 'cus_1', 'cs_1')).toMatchObject({ id: 'ch_1', status: 'open' });
    expect(await subscriptions.findSession(platform, 'cus_1', 'cs_absent')).toBeNull();
  });
});

describe('a membership', () => {
  const read = async (more: object = {}) => {
    api()
      .get('/api/v1/memberships/mem_1')
      .reply(200, { ...membership, ...more });
    return subscriptions.retrieve(platform, 'mem_1');
  };

  test('is a subscription with one price, whose client is named by our own id', async () => {
    expect(await read()).toEqual({
      id: 'mem_1',
      status: 'active',
      providerCustomerId: 'cus_1',
      metadata: ours,
      items: [
        {
          itemId: 'mem_1',
          priceId: 'plan_1',
          quantity: 1,
          taxRateIds: [],
          periodStart: new Date('2026-12-01T10:00:00Z'),
          periodEnd: new Date('2026-12-31T10:00:00Z'),
        },
      ],
      defaultCardId: null,
      startedAt: new Date('2026-11-01T10:00:00Z'),
      anchorAt: new Date('2026-11-01T10:00:00Z'),
      trialEndsAt: null,
      cancelAt: null,
      endedAt: null,
      scheduleId: null,
    });
  });

  test.each([
    ['drafted', 'incomplete'],
    ['trialing', 'trialing'],
    ['active', 'active'],
    ['canceling', 'active'],
    ['past_due', 'past_due'],
    ['unresolved', 'past_due'],
    ['completed', 'canceled'],
    ['canceled', 'canceled'],
    ['expired', 'canceled'],
  ])('that is %s at Whop is %s here', async (theirs, status) => {
    const found = await read({ status: theirs });
    expect(found.status).toBe(status);
    expect(found.endedAt).toEqual(status === 'canceled' ? new Date(membership.updated_at) : null);
  });

  test('whose payments are paused by its merchant is paused; one that is to end says when', async () => {
    expect((await read({ payment_collection_paused: true })).status).toBe('paused');
    const ending = await read({ status: 'canceling', cancel_at_period_end: true });
    expect(ending.cancelAt).toEqual(new Date('2026-12-31T10:00:00Z'));
  });

  test('has times in ISO 8601, and in seconds where Whop writes those', async () => {
    const found = await read({ renewal_period_start: '1796119200', renewal_period_end: '1798711200' });
    expect(found.items[0]).toMatchObject({
      periodStart: new Date(1_796_119_200_000),
      periodEnd: new Date(1_798_711_200_000),
    });
  });

  test('ends with its period, goes on after all, and ends at once, each under our key', async () => {
    const path = '/api/v1/memberships/mem_1';
    const key = ['idempotency-key', once.idempotencyKey] as const;
    api()
      .post(`${path}/cancel`, { cancellation_mode: 'at_period_end' })
      .matchHeader(...key)
      .reply(200, { ...membership, cancel_at_period_end: true });
    expect((await subscriptions.endWithPeriod(platform, 'mem_1', true, once)).cancelAt).not.toBeNull();
    api()
      .post(`${path}/uncancel`)
      .matchHeader(...key)
      .reply(200, membership);
    expect((await subscriptions.endWithPeriod(platform, 'mem_1', false, once)).cancelAt).toBeNull();
    api().get(path).reply(200, membership);
    api()
      .post(`${path}/cancel`, { cancellation_mode: 'immediate' })
      .matchHeader(...key)
      .reply(200, { ...membership, status: 'canceled' });
    expect((await subscriptions.cancel(platform, 'mem_1', once)).status).toBe('canceled');
  });

  test('that is over is answered as it is when it is ended again', async () => {
    api()
      .get('/api/v1/memberships/mem_1')
      .reply(200, { ...membership, status: 'expired' });
    expect((await subscriptions.cancel(platform, 'mem_1', once)).status).toBe('canceled');
  });
});

describe('a payment of a membership', () => {
  const plan = { id: 'plan_1', billing_period: 30 };

  test('is an invoice of the period that begins with it; Whop’s tax is no part of it', async () => {
    api().get('/api/v1/payments/pay_1').reply(200, payment);
    api().get('/api/v1/memberships/mem_1').reply(200, membership);
    api().get('/api/v1/plans/plan_1').reply(200, plan);
    const invoice = await invoices.retrieve(platform, 'pay_1');
    expect(invoice).toMatchObject({
      id: 'pay_1',
      status: 'paid',
      subscriptionId: 'mem_1',
      metadata: ours,
      billingReason: 'subscription_cycle',
      paymentIds: ['pay_1'],
      attemptCount: 2,
      periodStart: new Date('2026-12-01T10:00:00Z'),
      periodEnd: new Date('2026-12-31T10:00:00Z'),
      paidAt: new Date('2026-12-02T10:00:00Z'),
    });
    expect([invoice.total, invoice.amountPaid, invoice.tax].map(String)).toEqual([
      '20.00 USD',
      '20.00 USD',
      '0.00 USD',
    ]);
    expect(invoice.lines).toMatchObject([{ priceId: 'plan_1', quantity: 1 }]);
  });

  test('that is not paid is open, with nothing paid yet', async () => {
    const open = { ...payment, status: 'open', paid_at: null, next_payment_attempt: '2026-12-03T10:00:00.000Z' };
    api().get('/api/v1/payments/pay_1').reply(200, open);
    api().get('/api/v1/memberships/mem_1').reply(200, membership);
    api().get('/api/v1/plans/plan_1').reply(200, plan);
    const invoice = await invoices.retrieve(platform, 'pay_1');
    expect(invoice).toMatchObject({ status: 'open', nextAttemptAt: new Date('2026-12-03T10:00:00Z') });
    expect(invoice.amountPaid.isZero).toBe(true);
  });

  test('of nothing that renews is no invoice', async () => {
    api()
      .get('/api/v1/payments/pay_1')
      .times(2)
      .reply(200, { ...payment, membership: null });
    expect(await invoices.findByPayment(platform, 'pay_1')).toBeNull();
    expect((await failureOf(invoices.retrieve(platform, 'pay_1'))).detail).toMatchObject({ code: 'no_invoice' });
  });

  test('is among its membership’s, newest first, and among nobody else’s', async () => {
    const earlier = { ...payment, id: 'pay_0', created_at: '2026-11-01T10:00:00.000Z' };
    const foreign = { ...payment, id: 'pay_9', membership: { ...payment.membership, id: 'mem_9' } };
    api().get('/api/v1/memberships/mem_1').reply(200, membership);
    api().get('/api/v1/plans/plan_1').reply(200, plan);
    api()
      .get('/api/v1/payments')
      .query({ company_id: 'biz_platform', 'plan_ids[]': 'plan_1', first: '100' })
      .reply(200, page(earlier, foreign, payment));
    const found = await invoices.listOfSubscription(platform, 'mem_1');
    expect(found.map(({ id }) => id)).toEqual(['pay_1', 'pay_0']);
  });

  test('is named with its membership in the list of what changed within a span', async () => {
    api()
      .get('/api/v1/payments')
      .query({
        company_id: 'biz_platform',
        updated_after: '2026-12-01T00:00:00.000Z',
        updated_before: '2026-12-03T00:00:00.000Z',
        first: '100',
      })
      .reply(200, page(payment));
    const listSince = need(payments.listSince, 'list of payments');
    expect(await listSince(platform, new Date('2026-12-01T00:00:00Z'), new Date('2026-12-03T00:00:00Z'))).toMatchObject(
      [{ id: 'pay_1', subscriptionId: 'mem_1' }],
    );
  });
});
