import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { Money } from '../money/money.ts';
import { type Located, locate } from './place.ts';
import { costOf } from './rating.ts';
import { isKept, isRefused, type Refusable } from './refusable.ts';
import { type Draft, placeReversals } from './reversals.ts';
import { findFeatures, type PeriodTerms, termsOf, type Versions } from './terms.ts';
import type { Unit } from './unit.ts';
import { contentHashOf, type Rejection, type UsageEvent } from './usage-event.ts';

export interface PrepareDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly versions: Versions;
}

/** How far the clock of a sender may be ahead of ours, in milliseconds. */
const clockSkewMaxMs = 60_000;

/** In USD, for one event: totals, postings and balances have to hold the sum of many. */
const costMax = Money.of('1000000000', 'USD');

/** A unit before it is known whether its agency resells it. */
type OwnUnit = Omit<Unit, 'resale'> & { readonly resellerId: string | null };

/**
 * Finds where events belong and by what terms they are rated, before any lock is taken. `agencyId` limits whose clients there are;
 * null: everybody's. Answers stand in the order of the events.
 */
export async function prepare(
  dependencies: PrepareDependencies,
  agencyId: string | null,
  events: readonly UsageEvent[],
): Promise<readonly Refusable<Unit>[]> {
  const now = dependencies.clock.now();
  const ats = events.map(({ occurredAt }) => earlier(occurredAt, now));
  const located = await locate(
    dependencies,
    agencyId,
    events.map(({ customerId, feature }, index) => ({ customerId, feature, at: ats[index] ?? now })),
    now,
  );
  const own = await complete(
    dependencies,
    events.map((event, index): Refusable<Draft> => {
      const found = located[index];
      if (!found) return { refused: 'unknown_customer' };
      const refused = refusalOf(event, found, now);
      return refused ? { refused } : { event, located: found, at: ats[index] ?? now };
    }),
  );
  const resales = await resalesOf(dependencies, own, now);
  return own.map((unit): Refusable<Unit> => {
    if (isRefused(unit)) return unit;
    const resale = resales.get(unit) ?? null;
    return resale !== null && isRefused(resale) ? resale : { ...unit, resale };
  });
}

async function complete(
  { database: { pool }, versions }: PrepareDependencies,
  drafts: readonly Refusable<Draft>[],
): Promise<readonly Refusable<OwnUnit>[]> {
  const placed = await placeReversals(pool, drafts);
  const features = await findFeatures(
    pool,
    placed.flatMap((each) => (isRefused(each) ? [] : [each.place])),
  );
  const read = await versions.read(
    pool,
    placed.map((each) => (isRefused(each) ? null : each.place.version)),
  );
  return placed.map((each, index): Refusable<OwnUnit> => {
    if (isRefused(each)) return each;
    const feature = features(each.place.agencyId, each.event.feature);
    if (!feature) return { refused: 'unknown_feature' };
    const terms = termsOf(read[index] ?? null, feature, each.place.included);
    if (costsTooMuch(terms, each.event)) return { refused: 'cost_too_large' };
    return { ...each, terms, contentHash: contentHashOf(each.event) };
  });
}

/** The same usage on the plans that the clients' agencies have with the platform, where those count the feature. */
async function resalesOf(
  dependencies: PrepareDependencies,
  units: readonly Refusable<OwnUnit>[],
  now: Date,
): Promise<ReadonlyMap<OwnUnit, Refusable<Unit>>> {
  const resold = units
    .filter(isKept)
    .flatMap((unit) => (unit.resellerId === null ? [] : [{ unit, event: resaleOf(unit, unit.resellerId) }]));
  if (resold.length === 0) return new Map();
  const located = await locate(
    dependencies,
    null,
    resold.map(({ unit, event: { customerId, feature } }) => ({ customerId, feature, at: unit.at })),
    now,
  );
  const completed = await complete(
    dependencies,
    resold.map(({ unit, event }, index): Refusable<Draft> => {
      const found = located[index];
      // What the agency's plan does not count is none of the platform's business.
      return found?.covered ? { event, located: found, at: unit.at } : { refused: 'unknown_feature' };
    }),
  );
  return new Map(
    completed.flatMap((resale, index): [OwnUnit, Refusable<Unit>][] => {
      const unit = resold[index]?.unit;
      if (unit === undefined) return [];
      if (!isRefused(resale)) return [[unit, { ...resale, resale: null }]];
      return resale.refused === 'cost_too_large' ? [[unit, resale]] : [];
    }),
  );
}

function costsTooMuch(terms: PeriodTerms, { quantity }: UsageEvent): boolean {
  const { net, tax } = costOf(terms, quantity.abs());
  return net.plus(tax).compare(costMax) >= 0;
}

const earlier = (a: Date, b: Date): Date => (a < b ? a : b);

function refusalOf(
  { quantity, reverses, occurredAt }: UsageEvent,
  { createdAt }: Located,
  now: Date,
): Rejection | null {
  if (quantity.lessThan(0) && reverses === null) return 'negative_quantity';
  if (reverses !== null && !quantity.lessThan(0)) return 'reversal_not_negative';
  if (occurredAt.getTime() > now.getTime() + clockSkewMaxMs) return 'occurred_in_future';
  return occurredAt < createdAt ? 'before_customer' : null;
}

/** An agency's own usage is named after its client's, so that it is counted once too. */
const resaleOf = ({ event, place: { agencyId } }: OwnUnit, customerId: string): UsageEvent => ({
  ...event,
  id: `${agencyId}:${event.id}`,
  customerId,
  sessionId: null,
  reverses: event.reverses === null ? null : `${agencyId}:${event.reverses}`,
});
