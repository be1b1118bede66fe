/**
 * When quotas begin (RULES 15): at each monthly anniversary of an anchor, in UTC, whatever the payment cycle. A day that a month does
 * not have is its last one, and the next month goes back to the anchor's own day.
 */

export interface Period {
  readonly start: Date;
  /** Not in it any more. */
  readonly end: Date;
}

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month + 1, 0)).getUTCDate();

/** The anchor, `months` whole months later (or earlier, where negative), clipped to the month's length. */
export function anniversary(anchor: Date, months: number): Date {
  const index = anchor.getUTCFullYear() * 12 + anchor.getUTCMonth() + months;
  const year = Math.floor(index / 12);
  const month = index - year * 12;
  const day = Math.min(anchor.getUTCDate(), daysIn(year, month));
  const time = anchor.getTime() - Date.UTC(anchor.getUTCFullYear(), anchor.getUTCMonth(), anchor.getUTCDate());
  return new Date(Date.UTC(year, month, day) + time);
}

const monthsBetween = (anchor: Date, at: Date): number =>
  (at.getUTCFullYear() - anchor.getUTCFullYear()) * 12 + at.getUTCMonth() - anchor.getUTCMonth();

/** The monthly period that a moment lies in. Before the anchor, periods go backwards the same way. */
export function quotaPeriodAt(anchor: Date, at: Date): Period {
  const guess = monthsBetween(anchor, at);
  const months = anniversary(anchor, guess) > at ? guess - 1 : guess;
  return { start: anniversary(anchor, months), end: anniversary(anchor, months + 1) };
}

/** The payment period of `cycleMonths` months that a moment lies in. */
export function cyclePeriodAt(anchor: Date, cycleMonths: number, at: Date): Period {
  const guess = monthsBetween(anchor, at);
  const months = anniversary(anchor, guess) > at ? guess - 1 : guess;
  const first = Math.floor(months / cycleMonths) * cycleMonths;
  return { start: anniversary(anchor, first), end: anniversary(anchor, first + cycleMonths) };
}

/** The payment period of `cycleMonths` months that begins at `start`, one of the anchor's monthly anniversaries. */
export function cyclePeriodFrom(anchor: Date, cycleMonths: number, start: Date): Period {
  const guess = monthsBetween(anchor, start);
  const months = anniversary(anchor, guess) > start ? guess - 1 : guess;
  return { start, end: anniversary(anchor, months + cycleMonths) };
}
