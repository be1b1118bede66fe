import { Decimal } from 'decimal.js';
import { Money } from '../money/money.ts';

/** What a provider's meter is told of a period's overage (RULES 16 to 18): pure. */

/** A meter counts the feature's units, or chargeable steps of money at `rate` charge currency per USD. */
export interface Counting {
  readonly counts: 'units' | 'steps';
  readonly currency: string;
  readonly rate: Decimal;
}

const zero = new Decimal(0);
const storedStep = new Decimal('0.000001');

const stepOf = (currency: string): Decimal => new Decimal(Money.zero(currency).currency.chargeableStep);

/** What the meter should have counted: cumulative, so that neither order nor batches of usage matter. */
export const targetOf = (
  { counts, currency, rate }: Counting,
  totals: { readonly overage: Decimal; readonly cost: Money },
): Decimal =>
  counts === 'units'
    ? totals.overage
    : totals.cost.amount.times(rate).div(stepOf(currency)).toDecimalPlaces(0, Decimal.ROUND_HALF_UP);

/** USD that so many counted steps ask for, to what is stored. */
export const worthOfSteps = ({ currency, rate }: Counting, steps: Decimal): Money =>
  Money.of(steps.times(stepOf(currency)).div(rate), 'USD').roundedTo(storedStep);

export type DeliveryState = 'pending' | 'delivered' | 'canceling' | 'canceled' | 'withdrawn' | 'refused' | 'unbillable';

export interface MadeDelivery {
  readonly identifier: string;
  readonly value: Decimal;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly deliveredAt: Date | null;
}

/** The subscription is over; or it went over to a plan that does not invoice this, and no period of the old one is left. */
export type Uninvoiced = 'subscription_ended' | 'plan_changed';

export interface WindowFacts {
  readonly target: Decimal;
  readonly credited: Decimal;
  readonly periodEnd: Date;
  /** When the provider makes the period's invoice, where that is before the end. */
  readonly endsAt: Date;
  /** Why no invoice of the provider's would ask for an event that counts now; null where one would. */
  readonly uninvoiced: Uninvoiced | null;
  readonly blockedUntil: Date | null;
  /** When the latest event was made. */
  readonly madeAt: Date | null;
  readonly deliveries: readonly MadeDelivery[];
}

export interface WindowPlan {
  /** Never sent, and not to be. */
  readonly withdraw: readonly string[];
  /** To be taken back at the provider. */
  readonly cancel: readonly string[];
  /** What a new event carries; null for none now. */
  readonly make: Decimal | null;
  /** The new event cannot be sent any more, and why. */
  readonly unbillable: 'too_old' | Uninvoiced | null;
  /** More than should be was counted, and nothing can be taken back: to be given back on the balance. */
  readonly credit: Decimal;
  /** When to look again though nothing more is used. */
  readonly nextAt: Date | null;
}

const hour = 3_600_000;

/** Usage between two events of a window is one event. */
export const aggregateMs = hour;
/** Before a period ends everything is sent at once: events are counted minutes after they arrive. */
export const flushMs = hour;
/** The last look before the end. */
export const lastFlushMs = 10 * 60_000;
/** Stripe takes an event back for 24 hours: an hour is left for the call to get through. */
const cancelableMs = 23 * hour;
/** Stripe takes no event older than this (api/billing/meter-event/create). */
export const takenMs = 35 * 24 * hour;
/** When a period takes usage in time no more (72 hours), and nothing of it can be taken back (24 more). */
const settledMs = 96 * hour;

const counting: ReadonlySet<DeliveryState> = new Set(['pending', 'delivered', 'canceling', 'unbillable']);

const sumOf = (deliveries: readonly MadeDelivery[]): Decimal =>
  deliveries.reduce((sum, { value }) => sum.plus(value), zero);

const nothing: WindowPlan = { withdraw: [], cancel: [], make: null, unbillable: null, credit: zero, nextAt: null };

const laterOf = (first: Date, second: Date | null): Date => (second !== null && second > first ? second : first);

/** What is to be done about a window now. */
export function planWindow(facts: WindowFacts, now: Date): WindowPlan {
  const told = sumOf(facts.deliveries.filter(({ state }) => counting.has(state))).minus(facts.credited);
  const missing = facts.target.minus(told);
  if (missing.isZero()) return nothing;
  if (missing.isNegative()) return takeBack(facts, missing.negated(), now);
  // What is being taken back may stay after all, and counts until that is known.
  if (facts.deliveries.some(({ state }) => state === 'canceling')) return nothing;
  if (facts.uninvoiced) return { ...nothing, make: missing, unbillable: facts.uninvoiced };
  if (now.getTime() > facts.periodEnd.getTime() + takenMs) return { ...nothing, make: missing, unbillable: 'too_old' };
  const dueAt = laterOf(makeAt(facts, now), facts.blockedUntil);
  return dueAt > now ? { ...nothing, nextAt: dueAt } : { ...nothing, make: missing };
}

/** One event an hour, and at once where the period is about to end or is over. */
function makeAt({ madeAt, endsAt }: WindowFacts, now: Date): Date {
  if (madeAt === null) return now;
  const flushAt = new Date(endsAt.getTime() - flushMs);
  if (now < flushAt) return new Date(Math.min(madeAt.getTime() + aggregateMs, flushAt.getTime()));
  return now;
}

/**
 * The newest first, and whole, for an event is taken back whole: what came off too much is made anew. Only before the period's invoice
 * is made, which would not become less.
 */
function takeBack({ deliveries, periodEnd, endsAt }: WindowFacts, excess: Decimal, now: Date): WindowPlan {
  const withdraw: string[] = [];
  const cancel: string[] = [];
  const isInvoiced = now.getTime() >= endsAt.getTime() - lastFlushMs;
  const isTakenBack = (deliveredAt: Date | null): boolean =>
    !isInvoiced && deliveredAt !== null && now.getTime() - deliveredAt.getTime() < cancelableMs;
  let left = excess;
  for (const { identifier, state, attempts, deliveredAt, value } of deliveries.toReversed()) {
    if (!left.isPositive() || left.isZero()) break;
    if (state === 'pending' && attempts === 0) withdraw.push(identifier);
    else if (state === 'delivered' && isTakenBack(deliveredAt)) cancel.push(identifier);
    else if (state !== 'canceling') continue;
    left = left.minus(value);
  }
  const waits = deliveries.some(({ state }) => state === 'pending' || state === 'canceling');
  const settledAt = new Date(periodEnd.getTime() + settledMs);
  if (withdraw.length > 0 || cancel.length > 0 || waits) return { ...nothing, withdraw, cancel };
  return now < settledAt ? { ...nothing, nextAt: settledAt } : { ...nothing, credit: excess };
}

/** When an event counts: now, within the period where that lasts; what comes later is on the next invoice. */
export function countsAt(
  { periodStart, endsAt }: { readonly periodStart: Date; readonly endsAt: Date },
  now: Date,
): Date {
  const last = new Date(endsAt.getTime() - 1_000);
  if (now < periodStart) return periodStart;
  return now > last && now < endsAt ? last : now;
}

/** At most 100 characters, and the same for the same fact (RULES 17). */
export const identifierOf = (customerId: string, meterId: string, periodStart: Date, revision: number): string =>
  `${customerId}:${meterId}:${Math.floor(periodStart.getTime() / 1_000)}:${revision}`;
