import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../../src/errors.ts';
import { decodeCursor, encodeCursor, pageOf } from '../../../src/http/pagination.ts';
import { type Circumstances, defineRoute, type Route } from '../../../src/http/route.ts';

const circumstances: Circumstances = {
  scope: { role: 'platform', keyId: 'key_test' },
  request: { id: 'request', address: '203.0.113.7', idempotency: undefined },
  log: pino({ level: 'silent' }),
};

const facts = {
  method: 'post',
  path: '/v1/things/:id',
  summary: 'Make a thing',
  tag: 'Test',
  roles: ['platform'],
} as const;

function refusalOf(route: Route, body: unknown): AppError {
  try {
    route.accept({ params: { id: 'one' }, query: {}, body });
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('a route', () => {
  test('answers only what its schema names, so that a field nobody declared cannot leak', async () => {
    const row = { id: 'one', name: 'n', secret: 'do not show' };
    const route = defineRoute({
      ...facts,
      params: z.strictObject({ id: z.string() }),
      responses: { 200: z.object({ id: z.string(), name: z.string() }) },
      handle: () => ({ status: 200, body: row }),
    });
    const run = route.accept({ params: { id: 'one' }, query: {}, body: undefined });
    expect(await run(circumstances)).toEqual({ status: 200, body: { id: 'one', name: 'n' } });
  });

  test('takes no body and no query that it did not declare', () => {
    const route = defineRoute({
      ...facts,
      responses: { 204: z.undefined() },
      handle: () => ({ status: 204, body: undefined }),
    });
    const attempt = () => route.accept({ params: {}, query: { page: '1' }, body: { extra: true } });
    expect(attempt).toThrow(
      expect.objectContaining({
        errors: [expect.objectContaining({ path: 'page' }), expect.objectContaining({ path: 'extra' })],
      }),
    );
  });

  test('names every wrong field at once, and inside a union the alternative that came closest', () => {
    const route = defineRoute({
      ...facts,
      params: z.strictObject({ id: z.string() }),
      body: z.strictObject({
        name: z.string(),
        price: z.union([z.string(), z.strictObject({ amount: z.string(), currency: z.string() })]),
      }),
      responses: { 204: z.undefined() },
      handle: () => ({ status: 204, body: undefined }),
    });
    const refused = refusalOf(route, { name: 5, price: { amount: 5, currency: 'USD' } });
    expect(refused).toMatchObject({ status: 422, code: 'invalid_request' });
    expect(refused.errors.map(({ path }) => path)).toEqual(['name', 'price.amount']);
  });

  test('accepts an Idempotency-Key on a POST unless it says otherwise', () => {
    const responses = { 204: z.undefined() };
    const handle = () => ({ status: 204, body: undefined }) as const;
    expect(defineRoute({ ...facts, responses, handle }).idempotency).toBe('accepted');
    expect(defineRoute({ ...facts, method: 'patch', responses, handle }).idempotency).toBe('none');
    expect(defineRoute({ ...facts, idempotency: 'required', responses, handle }).idempotency).toBe('required');
  });
});

describe('a page', () => {
  test('has a cursor only while there is more, and the cursor says where', () => {
    expect(pageOf(['a', 'b', 'c'], 2, String)).toEqual({ data: ['a', 'b'], next: encodeCursor('b') });
    expect(pageOf(['a', 'b'], 2, String)).toEqual({ data: ['a', 'b'], next: null });
    expect(pageOf([], 2, String)).toEqual({ data: [], next: null });
    expect(decodeCursor(encodeCursor('cus_1'))).toBe('cus_1');
  });
});
