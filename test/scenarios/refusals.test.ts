import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { created } from '../../src/commands/api-answers.ts';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { startTestService, type TestService } from '../support/service.ts';

let service: TestService;
let own: ApiClient;
let stranger: ApiClient;
let customer: string;

beforeAll(async () => {
  service = await startTestService();
  own = (await service.agency('Own')).api;
  stranger = (await service.agency('Stranger')).api;
  customer = await service.customer(own);
});
afterAll(() => service.stop());

const anEvent = (id: string): string =>
  JSON.stringify({ id, object: 'event', type: 'payment_intent.succeeded', livemode: false, created: 1, data: {} });

describe('a delivery is refused with 400 and nothing is stored', () => {
  it.each([
    ['without a signature', 'evt_unsigned', { signature: null }],
    ['with an empty signature', 'evt_empty', { signature: '' }],
    ['with a signature that is none', 'evt_garbage', { signature: 'v1=abc' }],
    ['signed with another secret', 'evt_other_secret', { secret: 'whsec_of_somebody_else' }],
    ['signed more than five minutes ago', 'evt_old', { ageSeconds: 301 }],
  ])('%s', async (_case, id, delivery) => {
    const refusedBefore = await service.metric('baisa_webhook_arrivals_total', { result: 'refused' });
    expect(await service.deliver(anEvent(id), delivery)).toMatchObject({
      status: 400,
      body: { code: 'invalid_signature' },
    });
    expect((await service.api.call('GET', `/v1/events/${id}`)).status).toBe(404);
    expect(await service.metric('baisa_webhook_arrivals_total', { result: 'refused' })).toBe(refusedBefore + 1);
  });

  it("signed with the other route's secret", async () => {
    const connect = { route: '/webhooks/stripe/connect', secret: service.webhookSecret } as const;
    expect((await service.deliver(anEvent('evt_platform_at_connect'), connect)).status).toBe(400);
    const platform = { secret: service.connectWebhookSecret };
    expect((await service.deliver(anEvent('evt_connect_at_platform'), platform)).status).toBe(400);
    for (const id of ['evt_platform_at_connect', 'evt_connect_at_platform']) {
      expect((await service.api.call('GET', `/v1/events/${id}`)).status).toBe(404);
    }
  });

  it('that is signed and not JSON', async () => {
    expect((await service.deliver('{"id": "evt_broken"')).status).toBe(400);
  });
});

describe('a body above 1 MB is refused with 413', () => {
  const large = JSON.stringify({ text: 'x'.repeat(1_100_000) });

  it('at the webhook', async () => {
    expect((await service.deliver(large)).status).toBe(413);
  });

  it('at the API', async () => {
    expect(await own.call('POST', '/v1/quotes', { text: large })).toMatchObject({
      status: 413,
      body: { code: 'body_too_large' },
    });
  });
});

describe('bad input is refused with 422 that names the path', () => {
  const quoteOf = (amount: unknown, more: object = {}) => ({ customerId: customer, amount, ...more });
  const usd = (amount: unknown) => ({ amount, currency: 'USD' });

  it.each<[string, () => object, string]>([
    ['an unknown field', () => quoteOf(usd('5.00'), { amuont: 1 }), 'amuont'],
    ['an unknown field of the money', () => quoteOf({ ...usd('5.00'), unit: 'cent' }), 'amount.unit'],
    ['a negative amount', () => quoteOf(usd('-5.00')), 'amount.amount'],
    ['an amount of zero', () => quoteOf(usd('0.00')), 'amount.amount'],
    ['seven decimals', () => quoteOf(usd('5.0000001')), 'amount.amount'],
    ['three decimals', () => quoteOf(usd('5.001')), 'amount.amount'],
    ['an amount as a number', () => quoteOf(usd(5)), 'amount.amount'],
    ['less than can be charged', () => quoteOf(usd('0.01')), 'amount.amount'],
    ['more than can be charged', () => quoteOf(usd('99999999.00')), 'amount.amount'],
    ['another currency than the balance has', () => quoteOf({ amount: '5.00', currency: 'OMR' }), 'amount.currency'],
    ['no currency of this world', () => quoteOf({ amount: '5.00', currency: 'usd' }), 'amount.currency'],
    ['no customer', () => ({ amount: usd('5.00') }), 'customerId'],
  ])('%s', async (_case, body, path) => {
    expect(await own.call('POST', '/v1/quotes', { body: body() })).toMatchObject({
      status: 422,
      body: { errors: [{ path }] },
    });
  });

  it('malformed JSON', async () => {
    expect(await own.call('POST', '/v1/quotes', { text: '{"amount":' })).toMatchObject({
      status: 422,
      body: { code: 'malformed_json', errors: [{ path: 'body' }] },
    });
  });

  it('a checkout without an Idempotency-Key', async () => {
    const body = { customerId: customer, kind: 'top_up', amount: usd('5.00') };
    expect(await own.call('POST', '/v1/checkout-sessions', { body })).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_required' },
    });
  });
});

describe("another tenant's id is 404, as if it were not there", () => {
  it('to read', async () => {
    const { orderId } = await service.startTopUp(customer);
    const paths = [
      `/v1/customers/${customer}`,
      `/v1/customers/${customer}/balance`,
      `/v1/customers/${customer}/ledger`,
      `/v1/orders/${orderId}`,
    ];
    for (const path of paths) {
      expect((await own.call('GET', path)).status).toBe(200);
      expect((await stranger.call('GET', path)).status).toBe(404);
    }
  });

  it('to sell to', async () => {
    const body = { customerId: customer, kind: 'top_up', amount: { amount: '5.00', currency: 'USD' } };
    expect((await stranger.call('POST', '/v1/quotes', { body: { ...body, kind: undefined } })).status).toBe(404);
    const checkout = await stranger.call('POST', '/v1/checkout-sessions', { body, idempotencyKey: 'not mine' });
    expect(checkout.status).toBe(404);
  });

  it('to take up a quote of', async () => {
    const body = { customerId: customer, amount: { amount: '5.00', currency: 'USD' } };
    const { id: quoteId } = await own.send('POST', '/v1/quotes', created, { body });
    const other = await service.customer(stranger);
    const checkout = await stranger.call('POST', '/v1/checkout-sessions', {
      body: { customerId: other, kind: 'top_up', quoteId },
      idempotencyKey: 'not my quote',
    });
    expect(checkout.status).toBe(404);
  });

  it('without a key 401, and the inbox 403 to an agency', async () => {
    expect((await own.as('baisa_ak_nobody').call('GET', `/v1/customers/${customer}`)).status).toBe(401);
    expect((await own.call('GET', '/v1/events')).status).toBe(403);
  });
});
