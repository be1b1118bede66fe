import type { Sql } from '../database/database.ts';
import { Money } from '../money/money.ts';
import { type Breaker, closedBreaker } from './breaker.ts';
import { type RefillSettings, type SkipReason, skipReasons } from './decide-refill.ts';
import type { RefillDependencies } from './dependencies.ts';
import {
  type ClientKey,
  findInFlight,
  listSkips,
  loadBreaker,
  loadSettings,
  monthOf,
  type Refill,
  refilledIn,
} from './refill.store.ts';

/** What a client was not refilled for. */
export interface RefillSkip {
  readonly reason: SkipReason;
  readonly times: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

export interface AutoRefillView {
  readonly settings: RefillSettings;
  readonly refilledThisMonth: Money;
  readonly inFlight: Refill | null;
  /** Of the default card. */
  readonly breaker: Breaker;
  /** What stands against charging the default card, and what to do about it; null where nothing does. */
  readonly notice: string | null;
  /** Newest first. */
  readonly skips: readonly RefillSkip[];
}

const none: RefillSettings = {
  enabled: false,
  threshold: Money.zero('USD'),
  amount: Money.zero('USD'),
  monthlyLimit: null,
};

/** How a client's auto-refill stands. A client that never asked for one has it switched off. */
export async function showAutoRefill(
  { database, clock, findDefaultCard }: RefillDependencies,
  client: ClientKey,
): Promise<AutoRefillView> {
  const sql: Sql = database.pool;
  const card = await findDefaultCard(sql, client);
  const breaker = card ? await loadBreaker(sql, { ...client, fingerprint: card.fingerprint }) : closedBreaker;
  return {
    settings: (await loadSettings(sql, client, 'read')) ?? none,
    refilledThisMonth: await refilledIn(sql, client, monthOf(clock.now())),
    inFlight: await findInFlight(sql, client),
    breaker,
    notice: noticeOf(breaker),
    skips: await listSkips(sql, client),
  };
}

export function noticeOf({ state, kind, cause, nextAttemptAt }: Breaker): string | null {
  if (state === 'closed') return null;
  if (state === 'half_open') return 'The card is being tried again.';
  if (state === 'open') {
    return `The card was declined (${cause}). It is tried again at ${nextAttemptAt?.toISOString()}, or at once when another card becomes the default.`;
  }
  return kind === 'authentication'
    ? 'The bank wants to see you: top up once by hand, and refills go on.'
    : `The card was declined (${cause}) and is not tried again: add another card, or top up once by hand.`;
}

export const skipSentence = (reason: SkipReason): string => skipReasons[reason];
