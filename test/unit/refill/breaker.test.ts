import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  afterAbandonedAttempt,
  afterDecline,
  allowsCharge,
  type Breaker,
  beginAttempt,
  closedBreaker,
} from '../../../src/refill/breaker.ts';
import { type Decline, kindOfDecline } from '../../../src/refill/decline.ts';

const start = new Date('2026-03-01T00:00:00.000Z');
const later = (hours: number): Date => new Date(start.getTime() + hours * 3_600_000);

const declineOf = (declineCode: string | null, adviceCode: string | null = null): Decline => ({
  code: 'card_declined',
  declineCode,
  adviceCode,
});
const soft = declineOf('insufficient_funds');
const hard = declineOf('lost_card');

describe('a decline is', () => {
  test.each([
    [declineOf('authentication_required'), 'authentication'],
    [{ code: 'authentication_required', declineCode: null, adviceCode: null }, 'authentication'],
    [declineOf('authentication_required', 'do_not_try_again'), 'authentication'],
    [declineOf('lost_card'), 'hard'],
    [declineOf('stolen_card'), 'hard'],
    [{ code: 'expired_card', declineCode: 'expired_card', adviceCode: null }, 'hard'],
    [declineOf('do_not_honor', 'do_not_try_again'), 'hard'],
    [declineOf('generic_decline', 'do_not_try_again'), 'hard'],
    [declineOf('insufficient_funds'), 'soft'],
    [declineOf('insufficient_funds', 'try_again_later'), 'soft'],
    [declineOf('generic_decline', 'confirm_card_data'), 'soft'],
    [declineOf(null), 'soft'],
    [declineOf('a_code_of_tomorrow'), 'soft'],
  ] as const)('%j: %s', (decline, kind) => {
    expect(kindOfDecline(decline)).toBe(kind);
  });
});

describe('the breaker of a card', () => {
  test('rests 1 hour, 6 hours and 24 hours after soft declines, with one attempt each, and then stops', () => {
    let breaker = afterDecline(closedBreaker, soft, start);
    let now = start;
    for (const hours of [1, 6, 24]) {
      const due = new Date(now.getTime() + hours * 3_600_000);
      expect(breaker).toMatchObject({ state: 'open', nextAttemptAt: due });
      expect(allowsCharge(breaker, new Date(due.getTime() - 1))).toBe(false);
      expect(allowsCharge(breaker, due)).toBe(true);
      breaker = beginAttempt(breaker, due);
      expect(allowsCharge(breaker, later(1_000)), 'a second attempt beside the one under way').toBe(false);
      now = due;
      breaker = afterDecline(breaker, soft, now);
    }
    expect(breaker).toMatchObject({ state: 'stopped', nextAttemptAt: null, openedAt: start });
    expect(allowsCharge(breaker, later(100_000))).toBe(false);
  });

  test('stops at once on a hard decline, and on one that wants the client', () => {
    for (const decline of [hard, declineOf('authentication_required')]) {
      expect(afterDecline(closedBreaker, decline, start)).toMatchObject({ state: 'stopped', nextAttemptAt: null });
    }
  });

  test('stays stopped when a soft decline is heard of late', () => {
    expect(afterDecline(afterDecline(closedBreaker, hard, start), soft, later(1)).state).toBe('stopped');
  });

  test('allows the attempt again that ended without a word about the card', () => {
    const halfOpen = beginAttempt(afterDecline(closedBreaker, soft, start), later(1));
    const abandoned = afterAbandonedAttempt(halfOpen, later(2));
    expect(allowsCharge(abandoned, later(2))).toBe(true);
    expect(abandoned.softDeclines).toBe(1);
    expect(afterAbandonedAttempt(closedBreaker, start)).toBe(closedBreaker);
  });

  test('refuses to begin what it does not allow', () => {
    expect(() => beginAttempt(afterDecline(closedBreaker, hard, start), later(1))).toThrow(RangeError);
    expect(() => beginAttempt(afterDecline(closedBreaker, soft, start), start)).toThrow(RangeError);
  });

  test('allows at most four charges of a dead card, whatever declines come and however long one waits', () => {
    const declines = fc.constantFrom(soft, hard, declineOf('authentication_required'), declineOf(null));
    fc.assert(
      fc.property(fc.array(fc.tuple(declines, fc.integer({ min: 0, max: 2_000 })), { maxLength: 40 }), (story) => {
        let breaker: Breaker = closedBreaker;
        let now = start;
        let charges = 0;
        for (const [decline, hours] of story) {
          now = new Date(now.getTime() + hours * 3_600_000);
          if (!allowsCharge(breaker, now)) continue;
          charges += 1;
          breaker = afterDecline(beginAttempt(breaker, now), decline, now);
        }
        expect(charges).toBeLessThanOrEqual(4);
      }),
    );
  });
});
