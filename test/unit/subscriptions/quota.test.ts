import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anniversary, cyclePeriodAt, cyclePeriodFrom, quotaPeriodAt } from '../../../src/subscriptions/quota.ts';

const day = (text: string): Date => new Date(`${text}T09:30:00.000Z`);

describe('an anniversary', () => {
  it.each([
    ['2026-01-31', 1, '2026-02-28'],
    ['2026-01-31', 2, '2026-03-31'],
    ['2028-01-31', 1, '2028-02-29'],
    ['2026-01-31', 3, '2026-04-30'],
    ['2026-11-15', 2, '2027-01-15'],
    ['2026-03-31', -1, '2026-02-28'],
    ['2028-02-29', 12, '2029-02-28'],
    ['2028-02-29', 48, '2032-02-29'],
  ])('of %s after %i months is %s', (anchor, months, expected) => {
    expect(anniversary(day(anchor), months)).toEqual(day(expected));
  });
});

const times = fc.date({
  min: new Date('2020-01-01T00:00:00Z'),
  max: new Date('2035-01-01T00:00:00Z'),
  noInvalidDate: true,
});

describe('a quota period', () => {
  it('begins at the anchor itself', () => {
    expect(quotaPeriodAt(day('2026-01-31'), day('2026-01-31'))).toEqual({
      start: day('2026-01-31'),
      end: day('2026-02-28'),
    });
  });

  it('holds its moment, is about a month long, and meets the next without a gap', () => {
    fc.assert(
      fc.property(times, times, (anchor, at) => {
        const period = quotaPeriodAt(anchor, at);
        expect(period.start <= at && at < period.end).toBe(true);
        const days = (period.end.getTime() - period.start.getTime()) / 86_400_000;
        expect(days).toBeGreaterThanOrEqual(28);
        expect(days).toBeLessThanOrEqual(31);
        expect(quotaPeriodAt(anchor, period.end).start).toEqual(period.end);
        expect(quotaPeriodAt(anchor, new Date(period.start.getTime() - 1)).end).toEqual(period.start);
      }),
    );
  });

  it('is a third of a quarter and a twelfth of a year: cycles begin where quotas begin', () => {
    fc.assert(
      fc.property(times, times, fc.constantFrom(1, 3, 12), (anchor, at, months) => {
        const cycle = cyclePeriodAt(anchor, months, at);
        expect(cycle.start <= at && at < cycle.end).toBe(true);
        let start = cycle.start;
        for (let month = 0; month < months; month += 1) start = quotaPeriodAt(anchor, start).end;
        expect(start).toEqual(cycle.end);
      }),
    );
  });
});

describe('a payment period that begins at an anniversary', () => {
  it.each([
    ['2026-01-15', 1, '2026-03-15', '2026-04-15'],
    ['2026-01-15', 3, '2026-03-15', '2026-06-15'],
    ['2026-01-31', 1, '2026-02-28', '2026-03-31'],
    ['2026-01-31', 12, '2026-02-28', '2027-02-28'],
    ['2028-01-31', 1, '2028-02-29', '2028-03-31'],
  ])('of %s, %i months from %s, ends on %s', (anchor, months, start, end) => {
    expect(cyclePeriodFrom(day(anchor), months, day(start))).toEqual({ start: day(start), end: day(end) });
  });

  it('follows the one before it without a gap, and never drifts from the anchor’s day, whatever the cycles', () => {
    fc.assert(
      fc.property(times, fc.array(fc.constantFrom(1, 3, 12), { minLength: 1, maxLength: 12 }), (anchor, cycles) => {
        let start = anchor;
        let months = 0;
        for (const cycle of cycles) {
          months += cycle;
          start = cyclePeriodFrom(anchor, cycle, start).end;
          expect(start).toEqual(anniversary(anchor, months));
        }
      }),
    );
  });
});
