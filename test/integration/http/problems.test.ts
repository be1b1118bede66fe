import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoute } from '../../../src/http/route.ts';
import { moneyAnswer, positiveMoney } from '../../../src/http/schemas.ts';
import { ProviderError, type ProviderErrorKind } from '../../../src/providers/errors.ts';
import { type Service, startService } from './tenants.ts';

let service: Service;
let failure: unknown;

const tag = 'Test';
const routes = () => [
  defineRoute({
    method: 'post',
    path: '/v1/test/amounts',
    summary: 'Echo an amount',
    tag,
    roles: ['platform'],
    body: z.strictObject({ amount: positiveMoney, lines: z.array(z.strictObject({ days: z.int() })).optional() }),
    responses: { 200: moneyAnswer },
    handle: ({ body }) => ({ status: 200, body: body.amount.toJSON() }),
  }),
  defineRoute({
    method: 'get',
    path: '/v1/test/failure',
    summary: 'Throw what the test says',
    tag,
    roles: ['platform'],
    responses: { 200: z.object({}) },
    handle: () => {
      throw failure;
    },
  }),
];

beforeAll(async () => {
  service = await startService({ routes });
});
afterAll(() => service.stop());

const amounts = (body: unknown) => service.call('POST', '/v1/test/amounts', { body });

describe('bad input', () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['a negative amount', { amount: { amount: '-5.00', currency: 'USD' } }, 'amount.amount'],
    ['an amount of zero', { amount: { amount: '0.00', currency: 'USD' } }, 'amount.amount'],
    ['an amount with seven decimals', { amount: { amount: '5.0000001', currency: 'USD' } }, 'amount.amount'],
    ['an amount that is a number', { amount: { amount: 5, currency: 'USD' } }, 'amount.amount'],
    ['an amount in words', { amount: { amount: '1e3', currency: 'USD' } }, 'amount.amount'],
    ['an amount too large to keep', { amount: { amount: '100000000000000.00', currency: 'USD' } }, 'amount.amount'],
    ['a currency nobody knows', { amount: { amount: '5.00', currency: 'XXX' } }, 'amount.currency'],
    ['a missing field', {}, 'amount'],
    ['an unknown field', { amount: { amount: '5.00', currency: 'USD' }, tip: '1' }, 'tip'],
    ['an unknown field inside another', { amount: { amount: '5.00', currency: 'USD', unit: 'x' } }, 'amount.unit'],
    [
      'a wrong field in a list',
      { amount: { amount: '5.00', currency: 'USD' }, lines: [{ days: 1 }, { days: 'two' }] },
      'lines.1.days',
    ],
    ['a body that is not an object', [1], 'body'],
  ];
  test.each(cases)('%s is 422 and names the path', async (_name, body, path) => {
    const answer = await amounts(body);
    expect(answer).toMatchObject({ status: 422, body: { status: 422, code: 'invalid_request', errors: [{ path }] } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'));
  });

  test('malformed JSON is 422 malformed_json', async () => {
    const answer = await service.call('POST', '/v1/test/amounts', { text: '{"amount": ' });
    expect(answer).toMatchObject({ status: 422, body: { code: 'malformed_json', errors: [{ path: 'body' }] } });
  });

  test('a body over 1 MB is 413', async () => {
    const answer = await amounts({ amount: 'x'.repeat(1_000_001) });
    expect(answer).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
  });

  test('a body that is not in the encoding it announces is 400', async () => {
    const answer = await service.call('POST', '/v1/test/amounts', {
      text: '{}',
      headers: { 'content-encoding': 'gzip' },
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'bad_request' } });
  });

  test('a body of another type is 415', async () => {
    const answer = await service.call('POST', '/v1/test/amounts', {
      text: 'amount=5',
      headers: { 'content-type': 'text/plain' },
    });
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });

  test('an unknown path is 404 and a known path with another method is 405 that says which', async () => {
    expect(await service.call('GET', '/v1/nothing')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await service.call('GET', '/v1/customers/%zz')).toMatchObject({ status: 404 });
    const wrong = await service.call('DELETE', '/v1/customers');
    expect(wrong).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
    expect(wrong.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'POST']);
  });

  test.each(['0', '101', 'ten', '-1'])('a limit of %s is 422', async (limit) => {
    const answer = await service.call('GET', `/v1/customers?limit=${limit}`);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: 'limit' }] } });
  });

  test('a cursor that no list answered is 422, and so is an unknown query field', async () => {
    expect(await service.call('GET', '/v1/customers?after=%21')).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'after' }] },
    });
    expect(await service.call('GET', '/v1/customers?page=2')).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'page' }] },
    });
  });

  test('an exact amount comes back as it was written', async () => {
    expect(await amounts({ amount: { amount: '1.930', currency: 'OMR' } })).toMatchObject({
      status: 200,
      body: { amount: '1.930', currency: 'OMR' },
    });
  });
});

describe('failures', () => {
  const kinds: readonly (readonly [ProviderErrorKind, number, string])[] = [
    ['declined', 402, 'card_declined'],
    ['invalid', 502, 'provider_refused'],
    ['auth', 502, 'provider_auth'],
    ['rate_limited', 503, 'provider_rate_limited'],
    ['unavailable', 503, 'provider_unavailable'],
    ['indeterminate', 503, 'provider_indeterminate'],
  ];
  test.each(kinds)('a provider error of kind %s is %i %s', async (kind, status, code) => {
    failure = new ProviderError({ kind, message: 'secret detail of the provider' });
    const answer = await service.call('GET', '/v1/test/failure');
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.headers.has('retry-after')).toBe(status === 503);
    if (kind !== 'declined') expect(JSON.stringify(answer.body)).not.toContain('secret detail');
  });

  test('anything else is 500 with the request id, is logged, and shows nothing of the inside', async () => {
    failure = new Error('password of the database is hunter2');
    const answer = await service.call('GET', '/v1/test/failure');
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error' } });
    expect(JSON.stringify(answer.body)).not.toContain('hunter2');
    const logged = service.lines.filter((line) => line.includes(String(answer.body.requestId)));
    expect(logged.some((line) => line.includes('hunter2'))).toBe(true);
  });
});
