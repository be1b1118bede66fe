import { expect, test } from 'vitest';
import { keyAfter, newIdempotencyKey } from '../../../src/console/web/api/idempotency-key.ts';
import { Refusal } from '../../../src/console/web/api/refusal.ts';

const refused = (status: number, code: string): Refusal => new Refusal(status, { code });

test.each([
  ['no answer came', new TypeError('Failed to fetch')],
  ['the service failed', refused(500, 'internal')],
  ['a proxy gave up', refused(504, 'unknown')],
  ['the first try still runs', refused(409, 'request_in_progress')],
  ['it came too often', refused(429, 'rate_limited')],
  ['the answer could not be read', refused(201, 'unknown')],
])('pressing again after %s is the same refund, not a second one', (_what, error) => {
  const key = newIdempotencyKey();
  expect(keyAfter(key, error)).toBe(key);
});

test.each([
  ['it was refused', refused(422, 'validation_failed')],
  ['it stood against what is', refused(409, 'refund_too_large')],
])('a form that is corrected after %s is another request', (_what, error) => {
  const key = newIdempotencyKey();
  expect(keyAfter(key, error)).not.toBe(key);
});
