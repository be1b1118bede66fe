import nock from 'nock';
import { afterEach, describe, expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { withoutNetwork } from '../../support/no-network.ts';
import { api, child, failureOf, independent, ownKey, page, platform, whopAt } from './whop-support.ts';

const { checkout, payments, connect, ofKey, listen, accounts } = whopAt();

withoutNetwork();
afterEach(() => {
  const left = nock.pendingMocks();
  nock.cleanAll();
  expect(left).toEqual([]);
});

/** Answers the body that was sent. */
function sentBody(): { readonly take: (body: object) => boolean; readonly body: () => object } {
  let sent: object = {};
  return {
    take: (body) => {
      sent = body;
      return true;
    },
    body: () => sent,
  };
}

const topUp = {
  orderId: 'ord_1',
  metadata: { baisa_order: 'ord_1', baisa_agency: 'agc_1' },
  providerCustomerId: 'cus_1',
  amount: Money.of('12.30', 'USD'),
  description: 'Top-up: 12.30 USD of balance',
  successUrl: 'https://example.com/done',
  cancelUrl: 'https://example.com/back',
  expiresAt: new Date('2027-01-01T10:00:00.000Z'),
};
const configuration = {
  id: 'ch_1',
  purchase_url: 'https://whop.com/checkout/ch_1',
  created_at: '2026-12-31T10:00:00.000Z',
  metadata: { baisa_order: 'ord_1', baisa_expires_at: '2027-01-01T10:00:00.000Z' },
};

describe('a top-up', () => {
  test('is a checkout configuration with an inline plan of its own, in decimal major units, under our key', async () => {
    const { take, body } = sentBody();
    api()
      .post('/api/v1/checkout_configurations', take)
      .matchHeader('idempotency-key', 'checkout:ord_1:1')
      .reply(200, configuration);
    const session = await checkout.createTopUpSession(platform, topUp, { idempotencyKey: 'checkout:ord_1:1' });
    expect(session).toEqual({
      id: 'ch_1',
      url: configuration.purchase_url,
      status: 'open',
      expiresAt: topUp.expiresAt,
      paymentId: null,
    });
    expect(body()).toEqual({
      account_id: 'biz_platform',
      mode: 'payment',
      redirect_url: 'https://example.com/done',
      metadata: {
        baisa_order: 'ord_1',
        baisa_agency: 'agc_1',
        baisa_expires_at: '2027-01-01T10:00:00.000Z',
      },
      plan: {
        plan_type: 'one_time',
        release_method: 'buy_now',
        currency: 'usd',
        initial_price: 12.3,
        title: 'Top-up: 12.30 USD of balance',
        visibility: 'hidden',
        force_create_new_plan: true,
        metadata: { baisa_order: 'ord_1', baisa_agency: 'agc_1' },
      },
    });
  });

  test('cannot be paid in another currency than the order’s', async () => {
    const answered = { ...configuration, plan: { id: 'plan_1', adaptive_pricing_enabled: true } };
    api().post('/api/v1/checkout_configurations').reply(200, answered);
    api().patch('/api/v1/plans/plan_1', { adaptive_pricing_enabled: false }).reply(200, { id: 'plan_1' });
    await checkout.createTopUpSession(platform, topUp, { idempotencyKey: 'key' });
  });

  test('on a child company leaves the platform its fee', async () => {
    const { take, body } = sentBody();
    api().post('/api/v1/checkout_configurations', take).reply(200, configuration);
    const applicationFee = Money.of('3.69', 'USD');
    await checkout.createTopUpSession(child, { ...topUp, applicationFee }, { idempotencyKey: 'key' });
    expect(body()).toMatchObject({ account_id: 'biz_child', plan: { application_fee_amount: 3.69 } });
  });

  test('on an account with a key of its own goes under that key, and is refused with a fee', async () => {
    api(ownKey).post('/api/v1/checkout_configurations').reply(200, configuration);
    await checkout.createTopUpSession(independent, topUp, { idempotencyKey: 'key' });
    const applicationFee = Money.of('3.69', 'USD');
    const refusal = await failureOf(
      checkout.createTopUpSession(independent, { ...topUp, applicationFee }, { idempotencyKey: 'key' }),
    );
    expect(refusal.detail).toMatchObject({ kind: 'invalid', code: 'application_fee_not_possible' });
  });

  test('is found by its order in the list of its account', async () => {
    const other = { ...configuration, id: 'ch_2', metadata: { baisa_order: 'ord_2' } };
    api()
      .get('/api/v1/checkout_configurations')
      .query({ account_id: 'biz_platform', first: 100 })
      .reply(200, { data: [other], page_info: { end_cursor: 'more' } });
    api()
      .get('/api/v1/checkout_configurations')
      .query({ account_id: 'biz_platform', first: 100, after: 'more' })
      .reply(200, page(configuration));
    api().get('/api/v1/checkout_configurations/ch_1').reply(200, configuration);
    api()
      .get('/api/v1/payments')
      .query({ company_id: 'biz_platform', 'checkout_configuration_ids[]': 'ch_1', first: 100 })
      .reply(200, page());
    expect(await checkout.findSession(platform, 'cus_1', 'ord_1')).toMatchObject({ id: 'ch_1', status: 'open' });
  });

  test('that was paid is complete, and shows its payment when it is ended too late', async () => {
    api().get('/api/v1/checkout_configurations/ch_1').reply(200, configuration);
    api().delete('/api/v1/checkout_configurations/ch_1').matchHeader('idempotency-key', 'end').reply(200);
    api()
      .get('/api/v1/checkout_configurations/ch_1')
      .reply(404, { error: { type: 'not_found', message: 'gone' } });
    api()
      .get('/api/v1/payments')
      .query(true)
      .reply(200, page({ id: 'pay_1', status: 'paid' }));
    const ended = await checkout.expireSession(platform, 'ch_1', { idempotencyKey: 'end' });
    expect(ended).toMatchObject({ status: 'complete', paymentId: 'pay_1', url: null });
  });
});

describe('a payment', () => {
  const payment = {
    id: 'pay_1',
    status: 'paid',
    currency: 'usd',
    subtotal: 12.3,
    tax_amount: 0.62,
    total: 12.92,
    failure_message: null,
    metadata: { baisa_order: 'ord_1', baisa_expires_at: 'x', seats: 3 },
  };

  test('is not looked for without end where a list leads back to itself', async () => {
    let asked = 0;
    api()
      .get('/api/v1/payments')
      .query(true)
      .times(5)
      .reply(200, () => {
        asked += 1;
        return { data: [payment], page_info: { end_cursor: 'again', has_next_page: true } };
      });
    const { detail } = await failureOf(payments.listSince?.(platform, new Date(0)) ?? Promise.resolve());
    expect([detail.kind, detail.code, asked]).toEqual(['unavailable', 'page_repeated', 2]);
    nock.cleanAll();
  });

  test('is worth its subtotal: what Whop adds as tax is not ours', async () => {
    api().get('/api/v1/payments/pay_1').reply(200, payment);
    const found = await payments.retrieve(platform, 'pay_1');
    expect(found).toMatchObject({ id: 'pay_1', status: 'succeeded', metadata: { baisa_order: 'ord_1' } });
    expect([found.amount, found.amountReceived].map(String)).toEqual(['12.30 USD', '12.30 USD']);
  });

  test.each([
    [{ subtotal: null }, '12.30 USD'],
    [{ subtotal: 12.299999999999999 }, '12.30 USD'],
    [{ currency: 'jpy', subtotal: 500, tax_amount: 0, total: 500 }, '500 JPY'],
    // What a promotion code took off was not paid.
    [{ tax_amount: 0.31, tax_behavior: 'exclusive', total: 6.46 }, '6.15 USD'],
    [{ tax_amount: 0, tax_behavior: 'unspecified', total: 6.15 }, '6.15 USD'],
    [{ tax_amount: 0.3, tax_behavior: 'inclusive', total: 12.3 }, '12.30 USD'],
  ])('with %j has arrived as %s', async (change, amount) => {
    api()
      .get('/api/v1/payments/pay_1')
      .reply(200, { ...payment, ...change });
    expect(String((await payments.retrieve(platform, 'pay_1')).amountReceived)).toBe(amount);
  });

  test.each([
    ['draft', 'requires_payment_method'],
    ['open', 'requires_payment_method'],
    ['pending', 'processing'],
    ['a_word_of_tomorrow', 'other'],
    ['uncollectible', 'canceled'],
    ['void', 'canceled'],
    ['unresolved', 'other'],
    [null, 'other'],
  ])('that is %s has not arrived', async (status, expected) => {
    api()
      .get('/api/v1/payments/pay_1')
      .reply(200, { ...payment, status, failure_message: 'Card declined' });
    const found = await payments.retrieve(platform, 'pay_1');
    expect(found).toMatchObject({ status: expected, failure: { message: 'Card declined' } });
    expect(found.amountReceived.isZero).toBe(true);
  });

  test('is in the list of what changed since; one in an unknown currency is no order of ours', async () => {
    api()
      .get('/api/v1/payments')
      .query({ company_id: 'biz_child', updated_after: '2027-01-01T00:00:00.000Z', first: 100 })
      .reply(200, page(payment, { ...payment, id: 'pay_2', currency: 'xau' }));
    const since = await payments.listSince?.(child, new Date('2027-01-01T00:00:00Z'));
    expect(since?.map(({ id }) => id)).toEqual(['pay_1']);
  });
});

describe('an account', () => {
  const account = {
    id: 'biz_child',
    country: 'om',
    capabilities: { accept_card_payments: 'pending', standard_payout: 'inactive' },
    required_actions: [{ action: 'verify_identity', status: 'required' }],
    metadata: { baisa_merchant_account: 'macc_1' },
  };

  test('of an agency is made under the platform’s company, once for its external id', async () => {
    const { take, body } = sentBody();
    api()
      .post('/api/v1/accounts', take)
      .matchHeader('idempotency-key', 'merchant_account:macc_1:1')
      .reply(200, account);
    const wanted = {
      merchantAccountId: 'macc_1',
      agencyId: 'agc_1',
      name: 'Muscat',
      email: 'm@m.example',
      country: 'OM',
    };
    expect(await connect.create(wanted, { idempotencyKey: 'merchant_account:macc_1:1' })).toMatchObject({
      id: 'biz_child',
      country: 'OM',
      settlementCurrency: 'USD',
      chargesEnabled: false,
      payoutsEnabled: false,
      detailsSubmitted: false,
      requirements: { currentlyDue: ['verify_identity'], disabledReason: 'accept_card_payments: pending' },
    });
    expect(body()).toEqual({
      title: 'Muscat',
      email: 'm@m.example',
      country: 'OM',
      metadata: { external_id: 'macc_1', baisa_agency: 'agc_1', baisa_merchant_account: 'macc_1' },
    });
  });

  test('charges no currency of three decimals, for nobody has verified that it can', async () => {
    api().get('/api/v1/accounts/biz_child').reply(200, account);
    const found = await accounts.retrieve('biz_child');
    expect(found?.chargeableCurrencies).toContain('USD');
    expect(found?.chargeableCurrencies).not.toContain('OMR');
  });

  test('that is not there any more is told from one that cannot be asked', async () => {
    api()
      .get('/api/v1/accounts/biz_child')
      .reply(404, { error: { type: 'not_found', message: 'no such account' } });
    expect(await accounts.retrieve('biz_child')).toBeNull();
    api().get('/api/v1/accounts/biz_child').reply(503, 'away');
    expect((await failureOf(accounts.retrieve('biz_child'))).kind).toBe('unavailable');
  });

  test.each([
    [403, 'biz_child', null],
    [401, 'biz_own', null],
    [403, 'biz_own', null],
    [401, 'biz_child', 'auth'],
    [401, 'biz_platform', 'auth'],
    [403, 'biz_platform', 'auth'],
  ])('that answers %i is out of reach, or our key is wrong: %s', async (status, accountId, kind) => {
    api(accountId === independent.id ? ownKey : undefined)
      .get(`/api/v1/accounts/${accountId}`)
      .reply(status, { error: { type: 'unauthorized', message: 'no' } });
    if (kind === null) expect(await accounts.retrieve(accountId)).toBeNull();
    else expect((await failureOf(accounts.retrieve(accountId))).kind).toBe(kind);
  });

  test('is onboarded at a link of Whop’s', async () => {
    api()
      .post('/api/v1/account_links', {
        company_id: 'biz_child',
        use_case: 'account_onboarding',
        refresh_url: 'https://example.com/refresh',
        return_url: 'https://example.com/return',
      })
      .reply(200, { url: 'https://whop.com/onboarding/x', expires_at: '2027-01-01T00:00:00.000Z' });
    const addresses = { refreshUrl: 'https://example.com/refresh', returnUrl: 'https://example.com/return' };
    expect(await connect.createOnboardingLink('biz_child', addresses)).toEqual({
      url: 'https://whop.com/onboarding/x',
      expiresAt: new Date('2027-01-01T00:00:00Z'),
    });
  });

  test('is named by its own key', async () => {
    api(ownKey)
      .get('/api/v1/accounts/me')
      .reply(200, { ...account, id: 'biz_own', capabilities: null });
    expect(await ofKey(ownKey)).toMatchObject({ id: 'biz_own', chargesEnabled: true });
  });

  test.each(['apik_one\napik_two', 'apik_cut…short'])(
    'of the key %j, which no call can carry, is refused',
    async (key) => {
      const { detail } = await failureOf(ofKey(key));
      expect(detail).toMatchObject({ kind: 'invalid', code: 'key_unreadable' });
      expect(detail.message).not.toContain('apik');
    },
  );

  test('of the platform’s key must be the one that the settings name', async () => {
    api()
      .get('/api/v1/accounts/biz_platform')
      .reply(200, { ...account, id: 'biz_another' });
    expect((await failureOf(accounts.current())).detail).toMatchObject({ kind: 'invalid', code: 'other_company' });
  });

  test('tells us in place of what told us before, whose secret may be lost', async () => {
    const url = 'https://example.com/webhooks/whop/macc_1';
    api(ownKey)
      .get('/api/v1/webhooks')
      .query({ company_id: 'biz_own', first: 100 })
      .reply(200, page({ id: 'hook_old', url }, { id: 'hook_other', url: 'https://example.com/other' }));
    api(ownKey).delete('/api/v1/webhooks/hook_old').reply(200, 'true');
    const { take, body } = sentBody();
    api(ownKey).post('/api/v1/webhooks', take).reply(200, { id: 'hook_new', webhook_secret: 'ws_1' });
    expect(await listen(independent, url, ['payment.succeeded'])).toEqual({ secret: 'ws_1' });
    expect(body()).toEqual({
      url,
      resource_id: 'biz_own',
      api_version: 'v1',
      enabled: true,
      events: ['payment.succeeded'],
    });
  });
});
