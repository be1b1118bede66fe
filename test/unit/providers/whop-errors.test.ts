import nock from 'nock';
import { afterEach, describe, expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { fromWhopAmount, toWhopAmount } from '../../../src/providers/whop/amounts.ts';
import { createWhopProvider } from '../../../src/providers/whop/whop-provider.ts';
import { withoutNetwork } from '../../support/no-network.ts';
import { api, apiKey, capabilities, failureOf, page, platform, whopAt } from './whop-support.ts';

const { payments, catalog } = whopAt();
const product = { id: 'baisa_1', name: 'Gold', description: null, active: true, metadata: {} };

withoutNetwork();
afterEach(() => nock.cleanAll());

const read = () => payments.retrieve(platform, 'pay_1');
const write = () => catalog.createProduct(platform, product, { idempotencyKey: 'op:1' });

/** A write whose look before it finds nothing. */
const nothingThere = () => api().get('/api/v1/products').query(true).reply(200, page());

const refusal = (message: string) => ({ error: { type: 'bad_request', message } });

describe('an answer', () => {
  test.each([
    [400, 'invalid', 'invalid'],
    [401, 'auth', 'auth'],
    [402, 'declined', 'declined'],
    [403, 'auth', 'auth'],
    [404, 'invalid', 'invalid'],
    [408, 'unavailable', 'indeterminate'],
    [409, 'unavailable', 'indeterminate'],
    [422, 'invalid', 'invalid'],
    [429, 'rate_limited', 'rate_limited'],
    [500, 'unavailable', 'indeterminate'],
    [503, 'unavailable', 'indeterminate'],
    [302, 'unavailable', 'indeterminate'],
  ])('of %i means %s for a read and %s for a write', async (status, ofRead, ofWrite) => {
    api().get('/api/v1/payments/pay_1').reply(status, refusal('no'));
    expect(await failureOf(read())).toMatchObject({ kind: ofRead, detail: { status } });
    nothingThere();
    api().post('/api/v1/products').reply(status, refusal('no'));
    expect(await failureOf(write())).toMatchObject({ kind: ofWrite, detail: { status } });
  });

  test('that nobody at Whop wrote proves nothing', async () => {
    api().get('/api/v1/payments/pay_1').reply(200, '<html>', { 'content-type': 'text/html' });
    expect((await failureOf(read())).detail).toMatchObject({ kind: 'unavailable', code: 'unreadable_answer' });
    nothingThere();
    api().post('/api/v1/products').reply(200, { message: 'blocked' });
    expect((await failureOf(write())).detail).toMatchObject({ kind: 'indeterminate', code: 'unreadable_answer' });
  });

  test('to a list that has no items is no proof of an absence', async () => {
    api().get('/api/v1/products').query(true).reply(200, { message: 'blocked' });
    expect((await failureOf(catalog.retrieveProduct(platform, 'baisa_1'))).detail.code).toBe('unreadable_answer');
  });

  test('that never came leaves a write in doubt, unless nothing was sent', async () => {
    nothingThere();
    api()
      .post('/api/v1/products')
      .replyWithError(Object.assign(new Error('cut'), { code: 'ECONNRESET' }));
    expect((await failureOf(write())).kind).toBe('indeterminate');
    const nobodyThere = capabilities(
      createWhopProvider({ apiKey, companyId: 'biz_1', livemode: false, apiBase: 'http://127.0.0.1:1/whop' }),
    );
    nock.enableNetConnect('127.0.0.1');
    const refused = await failureOf(nobodyThere.payments.retrieve(platform, 'pay_1'));
    nock.disableNetConnect();
    expect(refused.kind).toBe('unavailable');
  });

  test('about a key that was used for another request is final', async () => {
    nothingThere();
    api().post('/api/v1/products').reply(409, refusal('This idempotency key was used for a different request.'));
    expect((await failureOf(write())).detail).toMatchObject({ kind: 'invalid', stored: true });
  });

  test('is asked for once: what is tried again is not the SDK’s to decide', async () => {
    nothingThere();
    const call = api().post('/api/v1/products').times(3).reply(500, refusal('no'));
    await failureOf(write());
    expect(call.pendingMocks()).toHaveLength(1);
  });

  test('never carries the key into a log', async () => {
    api()
      .get('/api/v1/payments/pay_1')
      .reply(401, refusal(`${apiKey} is no key`));
    const failure = await failureOf(read());
    expect(JSON.stringify([failure.message, failure.detail, failure.cause])).not.toContain(apiKey);
  });
});

describe('an amount', () => {
  test.each(['0.01', '0.10', '1.10', '10.43', '19.99', '1234.56', '999999.00'])(
    'of %s USD comes back as it went',
    (text) => {
      const sent: unknown = JSON.parse(JSON.stringify({ amount: toWhopAmount(Money.of(text, 'USD')) }));
      expect(sent).toEqual({ amount: Number(text) });
      expect(fromWhopAmount(Number(text), 'usd').toDecimalString()).toBe(text);
    },
  );

  test.each([
    ['1.005', 'USD', 'amount_not_chargeable'],
    ['-1.00', 'USD', 'amount_negative'],
    ['1000000.00', 'USD', 'amount_too_large'],
    ['1.930', 'OMR', 'currency_not_chargeable'],
  ])('of %s %s is refused as %s, not rounded', (text, currency, code) => {
    expect(() => toWhopAmount(Money.of(text, currency))).toThrowError(
      expect.objectContaining({ detail: expect.objectContaining({ kind: 'invalid', code }) }),
    );
  });
});
