import { describe, expect, it } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { createStripeProvider } from '../../../src/providers/stripe/stripe-provider.ts';
import { list, price, product, recordRequests, session, stripe, wire } from './stripe-recorder.ts';
import { apiKey, connected, platform } from './stripe-support.ts';

recordRequests();

const options = { idempotencyKey: 'op:1' };

const price1 = {
  productId: 'plan_1',
  lookupKey: 'baisa:plan_1:monthly',
  amount: Money.of('18.870', 'OMR'),
  usage: 'licensed',
  cycle: 'monthly',
  taxBehavior: 'inclusive',
  metadata: { baisa_plan: 'plan_1' },
} as const;

const topUp = {
  orderId: 'ord_1',
  metadata: { baisa_order: 'ord_1' },
  providerCustomerId: 'cus_1',
  amount: Money.of('1.930', 'OMR'),
  description: 'Top-up: 5.00 USD of balance',
  successUrl: 'https://baisa.example/done',
  cancelUrl: 'https://baisa.example/back',
  expiresAt: new Date(1_793_500_000_999),
};

describe('every request', () => {
  it('names the API version, the key and the operation, and no account of its own', async () => {
    const sent = await wire({ object: 'customer', id: 'cus_1' }, () =>
      stripe().checkout.createCustomer(platform, { customerId: 'c', name: 'n', email: 'e@example.com' }, options),
    );
    expect(sent.headers).toMatchObject({
      'stripe-version': '2026-10-28.endive',
      authorization: `Bearer ${apiKey}`,
      'idempotency-key': 'op:1',
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(sent.headers['user-agent']).toContain('Baisa');
    expect(sent.headers).not.toHaveProperty('stripe-account');
    expect(sent.headers).not.toHaveProperty('x-stripe-client-telemetry');
  });

  it.each<[string, object, () => Promise<unknown>]>([
    ['retrieve a product', product, () => stripe().catalog.retrieveProduct(connected, 'plan_1')],
    ['create a product', product, () => stripe().catalog.createProduct(connected, product, options)],
    [
      'update a product',
      product,
      () => stripe().catalog.updateProduct(connected, 'plan_1', { active: false }, options),
    ],
    ['list prices', list(), () => stripe().catalog.pricesOfProduct(connected, 'plan_1')],
    ['look prices up', list(), () => stripe().catalog.pricesByLookupKey(connected, ['a'])],
    ['create a price', price, () => stripe().catalog.createPrice(connected, price1, options)],
    ['archive a price', price, () => stripe().catalog.archivePrice(connected, 'price_1', options)],
    [
      'create a customer',
      { object: 'customer', id: 'cus_1' },
      () =>
        stripe().checkout.createCustomer(connected, { customerId: 'c', name: 'n', email: 'e@example.com' }, options),
    ],
    ['find a customer', list(), () => stripe().checkout.findCustomer(connected, 'c', 'e@example.com')],
    ['create a session', session, () => stripe().checkout.createTopUpSession(connected, topUp, options)],
    ['find a session', list(), () => stripe().checkout.findSession(connected, 'cus_1', 'ord_1')],
    ['retrieve a session', session, () => stripe().checkout.retrieveSession(connected, 'cs_1')],
    ['expire a session', session, () => stripe().checkout.expireSession(connected, 'cs_1', options)],
    [
      'retrieve a payment',
      {
        object: 'payment_intent',
        id: 'pi_1',
        currency: 'omr',
        amount: 0,
        amount_received: 0,
        last_payment_error: null,
      },
      () => stripe().payments.retrieve(connected, 'pi_1'),
    ],
  ])('to %s acts on the connected account it is for', async (_what, answer, call) => {
    const sent = await wire(answer, call);
    expect(sent.headers['stripe-account']).toBe('acct_agency');
    if (sent.method === 'POST') expect(sent.headers['idempotency-key']).toBe('op:1');
    else expect(sent.headers).not.toHaveProperty('idempotency-key');
  });
});

describe('the form of', () => {
  it('a new product', async () => {
    const sent = await wire(product, () =>
      stripe().catalog.createProduct(platform, { ...product, description: 'For growing teams' }, options),
    );
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/products' });
    expect(sent.form).toEqual({
      id: 'plan_1',
      name: 'Gold',
      description: 'For growing teams',
      active: 'true',
      'metadata[baisa_plan]': 'plan_1',
    });
    expect(sent.result).toEqual({
      id: 'plan_1',
      name: 'Gold',
      description: null,
      active: true,
      metadata: { baisa_plan: 'plan_1' },
    });
  });

  it('a product that loses its description', async () => {
    const sent = await wire(product, () =>
      stripe().catalog.updateProduct(platform, 'plan_1', { name: 'Gold', description: null }, options),
    );
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/products/plan_1' });
    expect(sent.form).toEqual({ name: 'Gold', description: '' });
  });

  it.each([
    ['monthly', 'month', '1'],
    ['quarterly', 'month', '3'],
    ['yearly', 'year', '1'],
  ] as const)('a new %s price, which takes its lookup key over', async (cycle, interval, count) => {
    const recurring = { interval, interval_count: Number(count), usage_type: 'licensed' };
    const sent = await wire({ ...price, recurring }, () =>
      stripe().catalog.createPrice(platform, { ...price1, cycle }, options),
    );
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/prices' });
    expect(sent.form).toEqual({
      product: 'plan_1',
      currency: 'omr',
      unit_amount: '18870',
      'recurring[interval]': interval,
      'recurring[interval_count]': count,
      lookup_key: 'baisa:plan_1:monthly',
      transfer_lookup_key: 'true',
      tax_behavior: 'inclusive',
      'metadata[baisa_plan]': 'plan_1',
    });
    expect(sent.result).toEqual({
      ...price1,
      id: 'price_1',
      active: true,
      cycle,
      meterId: null,
      amount: Money.of('18.87', 'OMR'),
    });
  });

  it('an archived price', async () => {
    const sent = await wire({ ...price, active: false, lookup_key: null }, () =>
      stripe().catalog.archivePrice(platform, 'price_1', options),
    );
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/prices/price_1', form: { active: 'false' } });
    expect(sent.result).toMatchObject({ active: false, lookupKey: null });
  });

  it('a new customer', async () => {
    const customer = { customerId: 'cus_ours', name: 'Salma', email: 'salma@example.com' };
    const sent = await wire({ object: 'customer', id: 'cus_1' }, () =>
      stripe().checkout.createCustomer(platform, customer, options),
    );
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/customers', result: { id: 'cus_1' } });
    expect(sent.form).toEqual({ name: 'Salma', email: 'salma@example.com', 'metadata[baisa_customer]': 'cus_ours' });
  });

  it('a top-up session, which names its order on the payment too and fixes the currency', async () => {
    const sent = await wire(session, () => stripe().checkout.createTopUpSession(platform, topUp, options));
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/checkout/sessions' });
    expect(sent.form).toEqual({
      mode: 'payment',
      ui_mode: 'hosted_page',
      customer: 'cus_1',
      client_reference_id: 'ord_1',
      'line_items[0][quantity]': '1',
      'line_items[0][price_data][currency]': 'omr',
      'line_items[0][price_data][unit_amount]': '1930',
      'line_items[0][price_data][product_data][name]': 'Top-up: 5.00 USD of balance',
      'metadata[baisa_order]': 'ord_1',
      'payment_intent_data[metadata][baisa_order]': 'ord_1',
      'adaptive_pricing[enabled]': 'false',
      success_url: 'https://baisa.example/done',
      cancel_url: 'https://baisa.example/back',
      expires_at: '1793500000',
    });
    expect(sent.result).toEqual({
      id: 'cs_1',
      url: 'https://checkout.stripe.com/c/pay/cs_1',
      status: 'open',
      expiresAt: new Date(1_793_500_000_000),
      paymentId: null,
    });
  });

  it('an expired session', async () => {
    const sent = await wire({ ...session, status: 'expired', url: null }, () =>
      stripe().checkout.expireSession(platform, 'cs_1', options),
    );
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/checkout/sessions/cs_1/expire', form: {} });
    expect(sent.result).toMatchObject({ status: 'expired', url: null });
  });

  it('a new webhook endpoint, pinned to the API version of the SDK', async () => {
    const endpoint = {
      id: 'we_1',
      object: 'webhook_endpoint',
      url: 'https://baisa.example/webhooks/stripe/connect',
      enabled_events: ['checkout.session.completed'],
      api_version: '2026-10-28.endive',
      status: 'enabled',
      metadata: { baisa_scope: 'connect' },
    };
    const request = { url: endpoint.url, eventTypes: endpoint.enabled_events, connect: true };
    const sent = await wire({ ...endpoint, secret: 'whsec_1' }, () =>
      stripe().webhookEndpoints.create(request, options),
    );
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/webhook_endpoints' });
    expect(sent.headers['idempotency-key']).toBe('op:1');
    expect(sent.form).toEqual({
      url: endpoint.url,
      'enabled_events[0]': 'checkout.session.completed',
      api_version: '2026-10-28.endive',
      connect: 'true',
      'metadata[baisa_scope]': 'connect',
    });
    expect(sent.result).toEqual({
      endpoint: { ...request, id: 'we_1', apiVersion: '2026-10-28.endive', enabled: true },
      secret: 'whsec_1',
    });

    const change = { eventTypes: ['payment_intent.succeeded'], enabled: false };
    const updated = await wire(endpoint, () => stripe().webhookEndpoints.update('we_1', change, options));
    expect(updated).toMatchObject({ method: 'POST', path: '/v1/webhook_endpoints/we_1' });
    expect(updated.form).toEqual({ 'enabled_events[0]': 'payment_intent.succeeded', disabled: 'true' });
  });
});

describe('a provider that cannot be', () => {
  it.each(['not an address', 'ftp://stripe.example', 'https://stripe.example/v1'])('is refused: %s', (apiBase) => {
    expect(() => createStripeProvider({ apiKey, apiBase })).toThrow('STRIPE_API_BASE');
  });

  it('subscribes to no event type that has not the form of one', async () => {
    const request = { url: 'https://baisa.example', eventTypes: ['*'], connect: false };
    await expect(stripe().webhookEndpoints.create(request, options)).rejects.toMatchObject({ kind: 'invalid' });
  });
});
