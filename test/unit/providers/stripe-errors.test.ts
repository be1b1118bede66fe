import { inspect } from 'node:util';
import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProviderErrorDetail } from '../../../src/providers/errors.ts';
import { withoutNetwork } from '../../support/no-network.ts';
import { apiKey, aWrite, failureOf, platform, stripeAt } from './stripe-support.ts';

const stripe = stripeAt();

const read = (): Promise<unknown> => stripe.payments.retrieve(platform, 'pi_1');
const write = (): Promise<unknown> => aWrite(stripe.checkout);

withoutNetwork();
afterEach(() => nock.cleanAll());

type Reply = readonly [status: number, body: nock.Body, headers?: Record<string, string>];

const answerBoth = ([status, body, headers]: Reply): void => {
  nock('https://api.stripe.com').post('/v1/customers').reply(status, body, headers);
  nock('https://api.stripe.com').get('/v1/payment_intents/pi_1').reply(status, body, headers);
};

const error = (fields: Record<string, string>): { error: Record<string, string> } => ({
  error: { message: 'A message.', ...fields },
});

type Row = readonly [
  what: string,
  reply: Reply,
  read: Partial<ProviderErrorDetail>,
  write: Partial<ProviderErrorDetail>,
];

const same = (what: string, reply: Reply, detail: Partial<ProviderErrorDetail>): Row => [what, reply, detail, detail];

const rows: readonly Row[] = [
  same(
    'a card error',
    [
      402,
      error({
        type: 'card_error',
        code: 'card_declined',
        decline_code: 'insufficient_funds',
        advice_code: 'try_again_later',
      }),
    ],
    {
      kind: 'declined',
      status: 402,
      code: 'card_declined',
      declineCode: 'insufficient_funds',
      adviceCode: 'try_again_later',
    },
  ),
  same('a bad request', [400, error({ type: 'invalid_request_error', code: 'parameter_unknown', param: 'colour' })], {
    kind: 'invalid',
    status: 400,
    code: 'parameter_unknown',
    param: 'colour',
    stored: undefined,
  }),
  same(
    'an object that is not there',
    [404, error({ type: 'invalid_request_error', code: 'resource_missing', param: 'id' })],
    {
      kind: 'invalid',
      status: 404,
      code: 'resource_missing',
    },
  ),
  same('a key used for another request', [400, error({ type: 'idempotency_error' })], {
    kind: 'invalid',
    status: 400,
    code: 'idempotency_error',
    stored: true,
  }),
  same('a refused key', [401, error({ type: 'invalid_request_error' })], { kind: 'auth', status: 401 }),
  same('a missing permission', [403, error({ type: 'invalid_request_error', code: 'account_invalid' })], {
    kind: 'auth',
    status: 403,
    code: 'account_invalid',
  }),
  same('throttling', [429, error({ type: 'invalid_request_error', code: 'rate_limit' })], {
    kind: 'rate_limited',
    status: 429,
    code: 'rate_limit',
  }),
  same('throttling that answers 400', [400, error({ type: 'invalid_request_error', code: 'rate_limit' })], {
    kind: 'rate_limited',
    status: 400,
  }),
  same('a locked object', [409, error({ type: 'invalid_request_error', code: 'lock_timeout' })], {
    kind: 'rate_limited',
    status: 409,
    code: 'lock_timeout',
  }),
  same('a locked object that answers 429', [429, error({ type: 'invalid_request_error', code: 'lock_timeout' })], {
    kind: 'rate_limited',
    status: 429,
    code: 'lock_timeout',
  }),
  [
    'a key in use',
    [409, error({ type: 'idempotency_error', code: 'idempotency_key_in_use' })],
    { kind: 'unavailable', status: 409 },
    { kind: 'indeterminate', status: 409, code: 'idempotency_key_in_use', stored: undefined },
  ],
  [
    'a failed dependency',
    [424, error({ type: 'api_error' })],
    { kind: 'unavailable', status: 424 },
    { kind: 'indeterminate', status: 424, stored: undefined },
  ],
  [
    'a 500',
    [500, error({ type: 'api_error' })],
    { kind: 'unavailable', status: 500 },
    { kind: 'indeterminate', status: 500, stored: undefined },
  ],
  [
    'a stored 500 that is replayed',
    [500, error({ type: 'api_error' }), { 'Idempotent-Replayed': 'true' }],
    { kind: 'unavailable', status: 500 },
    { kind: 'indeterminate', status: 500, stored: true },
  ],
  [
    'a 503',
    [503, error({ type: 'api_error' })],
    { kind: 'unavailable', status: 503 },
    { kind: 'indeterminate', status: 503 },
  ],
  ...(
    [
      ['a 404 of a gateway, in JSON without an error key', [404, { message: 'no route' }]],
      ['a 403 of a gateway, in JSON without an error key', [403, { message: 'forbidden' }]],
      ['a 500 of a gateway, in JSON without an error key', [500, { message: 'oops' }]],
      ['a redirect', [302, {}]],
      ['a 200 that is another object', [200, { object: 'refund', id: 're_1' }]],
      ['a 200 that is no object of Stripe', [200, { hello: 'world' }]],
      ['JSON that is no object', [200, '"ok"', { 'content-type': 'application/json' }]],
      ['JSON null', [200, 'null', { 'content-type': 'application/json' }]],
      ['a page of HTML', [502, '<html>Bad gateway</html>', { 'content-type': 'text/html' }]],
      ['an empty body', [200, '']],
      ['JSON that ends too soon', [200, '{"id":"cus_1","obj', { 'content-type': 'application/json' }]],
    ] satisfies readonly (readonly [string, Reply])[]
  ).map(([what, reply]): Row => [what, reply, { kind: 'unavailable' }, { kind: 'indeterminate' }]),
];

describe('what an answer of Stripe means', () => {
  it.each(rows)('%s', async (_what, reply, ofRead, ofWrite) => {
    answerBoth(reply);
    expect((await failureOf(read())).detail).toMatchObject(ofRead);
    expect((await failureOf(write())).detail).toMatchObject(ofWrite);
  });

  it('keeps the request id for Stripe support', async () => {
    answerBoth([400, error({ type: 'invalid_request_error' }), { 'Request-Id': 'req_42' }]);
    expect((await failureOf(write())).detail.requestId).toBe('req_42');
  });

  it('takes a gateway that has no such route for an outage, never for a product that is not there', async () => {
    nock('https://api.stripe.com').get('/v1/products/plan_1').reply(404, { message: 'no route' });
    await expect(stripe.catalog.retrieveProduct(platform, 'plan_1')).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('refuses a page of a list that is not one', async () => {
    nock('https://api.stripe.com').get('/v1/prices').query(true).reply(200, { hello: 'world' });
    await expect(stripe.catalog.pricesOfProduct(platform, 'plan_1')).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('a secret key', () => {
  const leaks: readonly (readonly [string, () => void])[] = [
    ['quoted in a refusal', () => answerBoth([401, error({ message: `Invalid API Key provided: ${apiKey}` })])],
    ['quoted as a parameter', () => answerBoth([400, error({ param: apiKey, code: apiKey, message: `No ${apiKey}` })])],
    ['quoted without an error key', () => answerBoth([500, { key: apiKey }])],
    ['quoted in HTML', () => answerBoth([500, `<p>${apiKey}</p>`])],
    [
      'quoted by the system',
      () => nock('https://api.stripe.com').post('/v1/customers').replyWithError(`${apiKey} could not be sent`),
    ],
  ];

  it.each(leaks)('%s is in no error', async (_how, answer) => {
    answer();
    const failure = await failureOf(write());
    for (const text of [
      failure.message,
      String(failure.stack),
      JSON.stringify(failure),
      inspect(failure, { depth: 20, showHidden: true }),
    ]) {
      expect(text).not.toContain(apiKey);
      expect(text).not.toMatch(/sk_test_/);
    }
  });
});
