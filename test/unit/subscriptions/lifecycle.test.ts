import { describe, expect, it } from 'vitest';
import { afterReading, isServed } from '../../../src/subscriptions/lifecycle.ts';
import { type SubscriptionStatus, subscriptionStatusSchema } from '../../../src/subscriptions/subscription.ts';
import { at, atProvider, subscription } from './subscriptions.ts';

const words = [
  ...['incomplete', 'incomplete_expired', 'trialing', 'active'],
  ...['past_due', 'unpaid', 'canceled', 'paused'],
] as const satisfies readonly ReturnType<typeof atProvider>['status'][];

/** What is stored -> what it becomes with each of the provider's words, in the order above. */
const becomes = {
  trialing: ['trialing', 'expired', 'trialing', 'active', 'past_due', 'paused', 'canceled', 'paused'],
  active: ['active', 'expired', 'trialing', 'active', 'past_due', 'paused', 'canceled', 'paused'],
  past_due: ['past_due', 'expired', 'trialing', 'active', 'past_due', 'paused', 'canceled', 'paused'],
  paused: ['paused', 'expired', 'trialing', 'active', 'past_due', 'paused', 'canceled', 'paused'],
  canceled: ['canceled', 'canceled', 'canceled', 'canceled', 'canceled', 'canceled', 'canceled', 'canceled'],
  expired: ['expired', 'expired', 'expired', 'expired', 'expired', 'expired', 'expired', 'expired'],
} as const satisfies Record<SubscriptionStatus, readonly SubscriptionStatus[]>;

const transitions = subscriptionStatusSchema.options.flatMap((stored) =>
  words.map((word, index) => ({ stored, word, status: becomes[stored][index] })),
);

const isOver = (status: SubscriptionStatus): boolean => status === 'canceled' || status === 'expired';
const later = at('2026-01-20');

describe('a subscription after its provider’s own was read', () => {
  it.each(transitions)('that is $stored and $word there is $status', ({ stored, word, status }) => {
    const before = subscription({ status: stored, endedAt: isOver(stored) ? at('2026-01-18') : null });
    const after = afterReading(before, atProvider({ status: word, endedAt: null }), later);
    expect(after?.status).toBe(status);
    // It has an end if, and only if, it is over.
    if (after && status) expect(after.endedAt !== null).toBe(isOver(status));
  });

  it.each([
    ['incomplete', null],
    ['incomplete_expired', 'expired'],
    ['trialing', 'trialing'],
    ['active', 'active'],
    ['past_due', 'past_due'],
    ['unpaid', 'paused'],
    ['canceled', 'canceled'],
    ['paused', 'paused'],
  ] as const)('for the first time, %s there, is %s', (word, status) => {
    const after = afterReading(subscription({ readAt: null }), atProvider({ status: word }), later);
    expect(after?.status ?? null).toBe(status);
  });

  it('says why it is paused', () => {
    const paused = (change: Parameters<typeof atProvider>[0]) =>
      afterReading(subscription(), atProvider({ status: 'paused', ...change }), later)?.pauseReason;
    expect(paused({ status: 'unpaid' })).toBe('unpaid');
    expect(paused({})).toBe('provider');
    expect(paused({ trialEndsAt: at('2026-01-19') })).toBe('trial_ended');
    expect(paused({ trialEndsAt: at('2026-01-21') })).toBe('provider');
    expect(paused({ status: 'active' })).toBeNull();
  });

  it('has been past due since the first reading that said so', () => {
    const first = afterReading(subscription(), atProvider({ status: 'past_due' }), later);
    expect(first?.pastDueSince).toEqual(later);
    const again = first && afterReading(first, atProvider({ status: 'past_due' }), at('2026-01-25'));
    expect(again?.pastDueSince).toEqual(later);
    const paid = again && afterReading(again, atProvider(), at('2026-01-26'));
    expect(paid?.pastDueSince).toBeNull();
  });

  it('is left as it is by a reading that is older than the last', () => {
    const before = subscription({ readAt: later });
    expect(afterReading(before, atProvider({ status: 'past_due' }), at('2026-01-19'))).toBe(before);
    // One of the same moment counts: a clock has its grain.
    expect(afterReading(before, atProvider({ status: 'past_due' }), later)?.status).toBe('past_due');
  });

  it('is the same whichever of two readings is heard first', () => {
    const first = [atProvider({ status: 'past_due', cancelAt: at('2026-02-15') }), at('2026-01-20')] as const;
    const second = [atProvider({ scheduleId: 'sub_sched_1' }), at('2026-01-21')] as const;
    const inOrder = [first, second].reduce((now, reading) => afterReading(now, ...reading) ?? now, subscription());
    const reversed = [second, first].reduce((now, reading) => afterReading(now, ...reading) ?? now, subscription());
    expect(reversed).toEqual(inOrder);
  });

  it('has the period of its cycle, which is the longest of its items', () => {
    const [base] = atProvider().items;
    if (!base) throw new Error('there is no item');
    const monthly = { ...base, itemId: 'si_2', quantity: null };
    const yearly = { ...base, periodEnd: at('2027-01-15') };
    for (const items of [
      [monthly, yearly],
      [yearly, monthly],
    ]) {
      expect(afterReading(subscription(), atProvider({ items }), later)).toMatchObject({
        periodStart: at('2026-01-15'),
        periodEnd: at('2027-01-15'),
      });
    }
    expect(afterReading(subscription(), atProvider({ items: [] }), later)?.periodEnd).toEqual(at('2026-02-15'));
  });

  it('ends when its provider says, and never before it began', () => {
    const ended = (endedAt: Date | null) =>
      afterReading(subscription(), atProvider({ status: 'canceled', endedAt }), later)?.endedAt;
    expect(ended(at('2026-01-19'))).toEqual(at('2026-01-19'));
    expect(ended(null)).toEqual(later);
    expect(ended(at('2026-01-01'))).toEqual(at('2026-01-15'));
  });
});

describe('the end that somebody wants', () => {
  const end = at('2026-02-15');
  const [wanted, said] = [at('2026-02-15'), at('2026-03-01')];

  it.each([
    // Nothing waits to be told: the provider's word stands, whoever gave it.
    { endWanted: null, cancelAt: null, there: said, cancelsAt: said, waits: null },
    { endWanted: null, cancelAt: wanted, there: null, cancelsAt: null, waits: null },
    // Not told yet: what we want stands.
    { endWanted: true, cancelAt: wanted, there: null, cancelsAt: wanted, waits: true },
    { endWanted: false, cancelAt: null, there: said, cancelsAt: null, waits: false },
    // Told: from now on it is the provider's.
    { endWanted: true, cancelAt: wanted, there: said, cancelsAt: said, waits: null },
    { endWanted: false, cancelAt: null, there: null, cancelsAt: null, waits: null },
  ])('$endWanted, where the provider has $there', ({ endWanted, cancelAt, there, cancelsAt, waits }) => {
    const after = afterReading(subscription({ endWanted, cancelAt }), atProvider({ cancelAt: there }), later);
    expect(after).toMatchObject({ cancelAt: cancelsAt, endWanted: waits, periodEnd: end });
  });
});

describe('service', () => {
  const now = at('2026-01-20');
  const served = (change: Parameters<typeof subscription>[0], graceDays = 3) =>
    isServed(subscription(change), graceDays, now);

  it.each([
    ['an active one', { status: 'active' }, true],
    ['a trial that runs', { status: 'trialing', trialEndsAt: at('2026-01-21') }, true],
    ['a trial in its last moment', { status: 'trialing', trialEndsAt: now }, false],
    ['one that is past due, within the days of grace', { status: 'past_due', pastDueSince: at('2026-01-18') }, true],
    ['one whose days of grace are over', { status: 'past_due', pastDueSince: at('2026-01-17') }, false],
    ['one that is paused', { status: 'paused' }, false],
    ['one that was canceled', { status: 'canceled', endedAt: now }, false],
    ['one that expired', { status: 'expired', endedAt: now }, false],
  ] as const)('of %s is given: %#', (_what, change, given) => {
    expect(served(change)).toBe(given);
  });

  it('without days of grace ends with the first failed payment', () => {
    expect(served({ status: 'past_due', pastDueSince: now }, 0)).toBe(false);
  });
});
