import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import {
  checkGrant,
  daysAfter,
  type Licence,
  licenceAt,
  movedUp,
  nextStart,
} from '../../../src/subscriptions/licence.ts';

const now = new Date('2026-11-21T08:00:00Z');
const in30Days = daysAfter(now, 30);

const codeOf = (grant: Parameters<typeof checkGrant>[0]): string => {
  try {
    return checkGrant(grant, now).kind;
  } catch (error) {
    if (error instanceof AppError && error.status === 422) return error.code;
    throw error;
  }
};

describe('a grant', () => {
  it.each([
    [{ days: 1 }, 'days'],
    [{ days: 3650 }, 'days'],
    [{ quantity: '0.5' }, 'quantity'],
    [{ quantity: '60', feature: 'messages', expiresAt: in30Days }, 'quantity'],
    [{}, 'licence_days_or_quantity'],
    [{ days: 1, quantity: '1' }, 'licence_days_or_quantity'],
    [{ days: 0 }, 'licence_days_zero'],
    [{ days: -1 }, 'licence_days_negative'],
    [{ days: 3651 }, 'licence_days_too_many'],
    [{ days: 10_000 }, 'licence_days_too_many'],
    [{ days: 1, feature: 'call_minutes' }, 'licence_days_of_feature'],
    [{ days: 1, expiresAt: in30Days }, 'licence_days_with_expiry'],
    [{ quantity: '0.000' }, 'licence_quantity_zero'],
    [{ quantity: '-5' }, 'licence_quantity_negative'],
    [{ quantity: '1000000001' }, 'licence_quantity_too_large'],
    [{ quantity: '1', expiresAt: now }, 'licence_expired'],
  ])('of %j: %s', (grant, code) => {
    expect(codeOf(grant)).toBe(code);
  });

  it('of a quantity is of call minutes and does not expire, unless it says so', () => {
    expect(checkGrant({ quantity: '60.50' }, now)).toEqual({
      kind: 'quantity',
      feature: 'call_minutes',
      quantity: '60.5',
      expiresAt: null,
    });
  });
});

/** Days granted one after another, each at a moment of its own. */
const stacks = fc
  .array(fc.record({ days: fc.integer({ min: 1, max: 40 }), waits: fc.integer({ min: 0, max: 30 }) }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((grants) => {
    let at = now;
    const stacked: { readonly id: number; readonly days: number; readonly startsAt: Date; readonly expiresAt: Date }[] =
      [];
    for (const { days, waits } of grants) {
      at = daysAfter(at, waits);
      const startsAt = nextStart(stacked, at);
      stacked.push({ id: stacked.length, days, startsAt, expiresAt: daysAfter(startsAt, days) });
    }
    return stacked;
  });

describe('days of service', () => {
  test('never overlap, whenever they were granted', () => {
    fc.assert(
      fc.property(stacks, (stacked) => {
        for (const [index, next] of stacked.slice(1).entries()) {
          const before = stacked[index];
          expect(before && next.startsAt >= before.expiresAt).toBe(true);
        }
      }),
    );
  });

  test('that remain when one is taken back follow without a gap, in their order, each as long as before', () => {
    fc.assert(
      fc.property(stacks, fc.nat(), fc.integer({ min: 0, max: 100 }), (stacked, which, later) => {
        const at = daysAfter(now, later);
        const gone = which % stacked.length;
        const left = stacked.filter((_each, index) => index !== gone).filter(({ expiresAt }) => expiresAt > at);
        const moved = new Map(movedUp(left, at).map((each) => [each.id, each]));
        const after = left.map((each) => moved.get(each.id) ?? each);
        let free = at;
        for (const { startsAt, expiresAt, days } of after) {
          // What has begun stays; what has not begins as soon as it can.
          if (startsAt > at) expect(startsAt).toEqual(free);
          expect(daysAfter(startsAt, days)).toEqual(expiresAt);
          if (expiresAt > free) free = expiresAt;
        }
        expect(movedUp(after, at)).toEqual([]);
      }),
    );
  });

  test('move up to now where the running ones are taken back', () => {
    const second = { days: 10, startsAt: in30Days, expiresAt: daysAfter(in30Days, 10) };
    const third = { days: 5, startsAt: second.expiresAt, expiresAt: daysAfter(second.expiresAt, 5) };
    expect(movedUp([third, second], now)).toEqual([
      { days: 10, startsAt: now, expiresAt: daysAfter(now, 10) },
      { days: 5, startsAt: daysAfter(now, 10), expiresAt: daysAfter(now, 15) },
    ]);
    const running = { days: 30, startsAt: now, expiresAt: in30Days };
    expect(movedUp([running, second, third], now)).toEqual([]);
  });
});

describe('a licence as it stands', () => {
  const licence: Licence = {
    ...{ id: 'lic_1', agencyId: 'agc_1', customerId: 'cus_1', kind: 'days', feature: null, quantity: null, days: 30 },
    ...{
      startsAt: now,
      expiresAt: in30Days,
      remarks: 'r',
      source: 'granted',
      orderId: null,
      grantedBy: 'agency:key_1',
    },
    ...{ revokedAt: null, createdAt: now },
  };
  const minutes: Licence = { ...licence, kind: 'quantity', feature: 'call_minutes', quantity: '100', days: null };

  it.each([
    ['as it begins', licence, '0', now, { status: 'active', daysRemaining: 30, remaining: null }],
    ['on its last day', licence, '0', daysAfter(now, 29.5), { status: 'active', daysRemaining: 1 }],
    ['when it is over', licence, '0', in30Days, { status: 'expired', daysRemaining: 0 }],
    [
      'before it begins',
      { ...licence, startsAt: in30Days, expiresAt: daysAfter(in30Days, 7) },
      '0',
      now,
      { status: 'scheduled', daysRemaining: 7 },
    ],
    ['taken back', { ...licence, revokedAt: now }, '0', now, { status: 'revoked', daysRemaining: 0 }],
    ['used in part', minutes, '40.5', now, { status: 'active', used: '40.5', remaining: '59.5' }],
    ['used up', minutes, '100', now, { status: 'used', remaining: '0' }],
    ['without an end', { ...minutes, expiresAt: null }, '0', now, { status: 'active', daysRemaining: null }],
  ])('%s', (_when, given, used, at, expected) => {
    expect(licenceAt(given, used, at)).toMatchObject(expected);
  });
});
