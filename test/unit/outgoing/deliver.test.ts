import { expect, test } from 'vitest';
import { afterSend, retryWaitsMs } from '../../../src/outgoing/deliver.ts';

const now = new Date('2026-03-01T00:00:00Z');
const refused = { status: 500, error: 'answered 500' };

test('a delivery is tried again with growing waits for about a day, and then has failed', () => {
  const waits = [];
  let attempts = 1;
  for (
    let next = afterSend(attempts, refused, now);
    next.status === 'pending';
    next = afterSend(attempts, refused, now)
  ) {
    waits.push(next.dueAt.getTime() - now.getTime());
    attempts += 1;
  }
  expect(waits).toEqual(retryWaitsMs);
  expect([...waits].sort((a, b) => a - b)).toEqual(waits);
  const hours = waits.reduce((sum, wait) => sum + wait, 0) / 3_600_000;
  expect(hours).toBeGreaterThan(23);
  expect(hours).toBeLessThan(25);
});

test('an endpoint that is gone is not tried again', () => {
  expect(afterSend(1, { status: 410, error: 'answered 410' }, now).status).toBe('failed');
});

test('what was taken is delivered', () => {
  expect(afterSend(3, { status: 204, error: null }, now).status).toBe('delivered');
});
