import { causeOfDecline, type Decline, type DeclineKind, kindOfDecline } from './decline.ts';

/**
 * - `closed`: the card may be charged.
 * - `open`: not before `nextAttemptAt`.
 * - `half_open`: the one attempt that was allowed is under way.
 * - `stopped`: not again until the card changes, the client pays in person, or the agency resets it.
 */
export type BreakerState = 'closed' | 'open' | 'half_open' | 'stopped';

/** Of one client and one card, by the card's fingerprint: the same card saved again is the same breaker. */
export interface Breaker {
  readonly state: BreakerState;
  /** What opened it last; null while it was never opened. */
  readonly cause: string | null;
  readonly kind: DeclineKind | null;
  /** Soft declines in a row, the first one among them. */
  readonly softDeclines: number;
  readonly openedAt: Date | null;
  /** Set while it is open. */
  readonly nextAttemptAt: Date | null;
}

export const closedBreaker: Breaker = {
  state: 'closed',
  cause: null,
  kind: null,
  softDeclines: 0,
  openedAt: null,
  nextAttemptAt: null,
};

const hourMs = 3_600_000;

/** After the first soft decline, the second and the third; after the fourth it stops. */
const waitsMs = [1 * hourMs, 6 * hourMs, 24 * hourMs];

/** What a decline makes of it. It opens on declines only: an error of ours or of the line says nothing of the card. */
export function afterDecline(breaker: Breaker, decline: Decline, now: Date): Breaker {
  const kind = kindOfDecline(decline);
  const cause = causeOfDecline(decline);
  const openedAt = breaker.state === 'closed' ? now : breaker.openedAt;
  const softDeclines = kind === 'soft' ? breaker.softDeclines + 1 : breaker.softDeclines;
  const waitMs = kind === 'soft' && breaker.state !== 'stopped' ? waitsMs[softDeclines - 1] : undefined;
  if (waitMs === undefined) return { state: 'stopped', cause, kind, softDeclines, openedAt, nextAttemptAt: null };
  return { state: 'open', cause, kind, softDeclines, openedAt, nextAttemptAt: new Date(now.getTime() + waitMs) };
}

/** Whether a charge may begin now. */
export const allowsCharge = (breaker: Breaker, now: Date): boolean =>
  breaker.state === 'closed' ||
  (breaker.state === 'open' && breaker.nextAttemptAt !== null && breaker.nextAttemptAt <= now);

/** The one attempt of an open breaker whose time has come begins. Throws `RangeError` where none is allowed. */
export function beginAttempt(breaker: Breaker, now: Date): Breaker {
  if (!allowsCharge(breaker, now)) throw new RangeError(`a ${breaker.state} breaker allows no charge now`);
  return breaker.state === 'closed' ? breaker : { ...breaker, state: 'half_open', nextAttemptAt: null };
}

/** The attempt ended without a word about the card (the account was refused, the order expired): it may be made again. */
export const afterAbandonedAttempt = (breaker: Breaker, now: Date): Breaker =>
  breaker.state === 'half_open' ? { ...breaker, state: 'open', nextAttemptAt: now } : breaker;
