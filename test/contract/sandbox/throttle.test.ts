import { describe, expect, test } from 'vitest';
import { Throttle, type ThrottleLimits } from '../../../src/sandbox/throttle.ts';
import { failureOf, startHarness } from './harness.ts';

/** A throttle on a clock of its own, in milliseconds. */
function throttleWith(limits: ThrottleLimits) {
  let nowMs = 0;
  const throttle = new Throttle(limits, () => nowMs);
  return {
    after: (ms: number) => {
      nowMs += ms;
    },
    call: (account = 'acct_1', endpoint = 'POST /v1/prices') => throttle.refusal(account, endpoint),
    /** How many of so many calls at this moment are admitted. */
    admitted: (calls: number, account?: string, endpoint?: string): number =>
      Array.from({ length: calls }, () => throttle.refusal(account ?? 'acct_1', endpoint ?? 'POST /v1/prices')).filter(
        (reason) => reason === null,
      ).length,
  };
}

describe('the limit of an account', () => {
  test("admits a second's worth at once, and then what time has brought", () => {
    const throttle = throttleWith({ perSecond: 100 });
    expect(throttle.admitted(150)).toBe(100);
    throttle.after(100);
    expect(throttle.admitted(150)).toBe(10);
    throttle.after(5);
    expect(throttle.admitted(1)).toBe(0);
    throttle.after(5);
    expect(throttle.admitted(2)).toBe(1);
  });

  test('saves no more than a second up, however long nobody called', () => {
    const throttle = throttleWith({ perSecond: 100 });
    throttle.after(3_600_000);
    expect(throttle.admitted(500)).toBe(100);
  });

  test('never admits more over any time than the rate and one burst', () => {
    const throttle = throttleWith({ perSecond: 100 });
    let admitted = 0;
    for (let tick = 0; tick < 1_000; tick += 1) {
      throttle.after(7);
      admitted += throttle.admitted(3);
    }
    expect(admitted).toBeLessThanOrEqual(100 + 700);
    expect(admitted).toBeGreaterThanOrEqual(700);
  });

  test('is not used up by refused calls, so that a client which paces itself is never refused', () => {
    const throttle = throttleWith({ perSecond: 100 });
    throttle.admitted(1_000);
    for (let call = 0; call < 200; call += 1) {
      throttle.after(10);
      expect(throttle.call()).toBeNull();
    }
  });

  test('is each account its own', () => {
    const throttle = throttleWith({ perSecond: 5 });
    expect(throttle.admitted(9, 'acct_1')).toBe(5);
    expect(throttle.admitted(9, 'acct_2')).toBe(5);
  });
});

describe('the limit of an endpoint', () => {
  test('is each endpoint and account its own, within the limit of the account', () => {
    const throttle = throttleWith({ perSecond: 60, endpointPerSecond: 25 });
    expect(throttle.admitted(40, 'acct_1', 'POST /v1/prices')).toBe(25);
    expect(throttle.call('acct_1', 'POST /v1/prices')).toBe('endpoint-rate');
    expect(throttle.admitted(40, 'acct_1', 'GET /v1/prices')).toBe(25);
    expect(throttle.admitted(40, 'acct_1', 'POST /v1/products')).toBe(10);
    expect(throttle.call('acct_1', 'POST /v1/products')).toBe('global-rate');
    expect(throttle.admitted(40, 'acct_2', 'POST /v1/prices')).toBe(25);
  });
});

test('without limits every call is admitted', () => {
  expect(throttleWith({}).admitted(10_000)).toBe(10_000);
});

test('a refused call has not run, says which limit it met, and leaves its key free', async () => {
  const harness = await startHarness({ endpointThrottlePerSecond: 1 });
  try {
    const create = (id: string) => harness.stripe.products.create({ id, name: 'Gold' }, { idempotencyKey: id });
    const outcomes = await Promise.allSettled(['one', 'two', 'three', 'four', 'five', 'six'].map(create));
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({
      statusCode: 429,
      code: 'rate_limit',
      headers: { 'stripe-rate-limited-reason': 'endpoint-rate' },
    });
    const lost = ['one', 'two', 'three', 'four', 'five', 'six'].find(
      (_, index) => outcomes[index]?.status === 'rejected',
    );
    expect(await failureOf(harness.stripe.products.retrieve(String(lost)))).toMatchObject({ code: 'resource_missing' });
  } finally {
    await harness.close();
  }
});
