import type Stripe from 'stripe';

/** Unix seconds: `start` is in the period, `end` is not. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

export type Recurrence = Pick<Stripe.Price.Recurring, 'interval' | 'interval_count'>;

const secondsPerDay = 86_400;

const daysPer: Readonly<Record<string, number>> = { day: 1, week: 7 };

const monthsPer: Readonly<Record<string, number>> = { month: 1, year: 12 };

/** The same time of day `months` later; on the month's last day where it is too short (Jan 31 -> Feb 28). */
function addMonths(seconds: number, months: number): number {
  const from = new Date(seconds * 1000);
  const firstOfMonth = Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months, 1);
  const timeOfDay = seconds % secondsPerDay;
  const target = new Date(firstOfMonth);
  const lastDay = new Date(Date.UTC(target.getUTCFullYear(), target.getUTCMonth() + 1, 0)).getUTCDate();
  const day = Math.min(from.getUTCDate(), lastDay);
  return firstOfMonth / 1000 + (day - 1) * secondsPerDay + timeOfDay;
}

/** `count` recurrences after `seconds`, before it where negative. */
export function addRecurrences(seconds: number, { interval, interval_count: each }: Recurrence, count: number): number {
  const months = monthsPer[interval];
  if (months !== undefined) return addMonths(seconds, months * each * count);
  return seconds + (daysPer[interval] ?? 1) * secondsPerDay * each * count;
}

const secondsOf = (recurrence: Recurrence): number => addRecurrences(0, recurrence, 1);

/**
 * The first boundary after `start`, counted from the anchor, so that a subscription of the 31st comes back to the 31st
 * after a short month.
 */
export function nextBoundary(anchor: number, start: number, recurrence: Recurrence): number {
  let count = Math.floor((start - anchor) / secondsOf(recurrence)) - 1;
  while (addRecurrences(anchor, recurrence, count) <= start) count += 1;
  return addRecurrences(anchor, recurrence, count);
}

export const sameRecurrence = (one: Recurrence, other: Recurrence): boolean =>
  one.interval === other.interval && one.interval_count === other.interval_count;
