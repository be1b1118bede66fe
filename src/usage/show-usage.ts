import { Decimal } from 'decimal.js';
import { findClient } from '../catalog/offer.store.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { invalidField } from '../errors.ts';
import { Money } from '../money/money.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type Forecast, forecastOf } from './forecast.ts';
import { type PeriodColumns, versionOf } from './place.ts';
import { selectEvents, selectLicencesLeft, selectUsage } from './show-usage.sql.ts';
import { findFeatures, termsOf, type Versions } from './terms.ts';

export interface ShowDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly versions: Versions;
}

/** What a client has used of a feature in a period. Quantities are in the feature's unit. */
export interface FeatureUsage {
  readonly feature: string;
  readonly unit: string;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly planId: string | null;
  readonly planVersion: number | null;
  readonly used: Decimal;
  readonly free: { readonly included: Decimal; readonly used: Decimal };
  /** `granted`: what licences that are valid now gave in all, with what this period drew. */
  readonly addOn: { readonly granted: Decimal; readonly used: Decimal };
  /** What is left of both before anything is charged. */
  readonly remaining: Decimal;
  readonly overage: Decimal;
  /** USD, tax in it. */
  readonly cost: Money;
  readonly tax: Money;
  /** USD per unit beyond what is included; null: nothing more is sold. */
  readonly price: Money | null;
  readonly collect: 'balance' | 'invoice';
  readonly events: number;
  readonly forecast: Forecast;
}

interface UsageRow extends PeriodColumns {
  readonly feature: string;
  readonly used: string;
  readonly late: string;
  readonly free: string;
  readonly addOn: string;
  readonly overage: string;
  readonly cost: string;
  readonly tax: string;
  readonly events: number;
}

interface LeftRow {
  readonly feature: string;
  readonly granted: string;
  readonly left: string;
}

export interface UsageQuery {
  /** The moment whose periods are shown; left out: now. */
  readonly at?: Date | undefined;
  readonly feature?: string | undefined;
}

const zero = new Decimal(0);

/** What a client has used in the periods that hold a moment. Throws `AppError` 404. */
export async function showUsage(
  { database, clock, versions }: ShowDependencies,
  scope: Scope,
  customerId: string,
  { at, feature }: UsageQuery,
): Promise<readonly FeatureUsage[]> {
  const { pool } = database;
  const { agencyId } = await findClient(pool, scope, customerId, 'none');
  const now = clock.now();
  const moment = at ?? now;
  const { rows } = await pool.query<UsageRow>(selectUsage, [agencyId, customerId, moment, feature ?? null]);
  const { rows: left } = await pool.query<LeftRow>(selectLicencesLeft, [agencyId, customerId, moment]);
  const licences = new Map(left.map((row) => [row.feature, row]));
  const read = await versions.read(pool, rows.map(versionOf));
  const features = await findFeatures(
    pool,
    rows.map((row) => ({ agencyId, feature: row.feature })),
  );
  return rows.flatMap((row, index): FeatureUsage[] => {
    const known = features(agencyId, row.feature);
    if (!known) return [];
    const terms = termsOf(read[index] ?? null, known, row.included);
    const used = new Decimal(row.used);
    const late = new Decimal(row.late);
    const addOn = new Decimal(row.addOn);
    const addOnLeft = Decimal.max(licences.get(row.feature)?.left ?? 0, zero);
    const free = new Decimal(row.free);
    const { periodStart, periodEnd, planId, planVersion, events } = row;
    return [
      {
        feature: row.feature,
        unit: known.unit,
        periodStart,
        periodEnd,
        planId,
        planVersion,
        used: used.plus(late),
        free: { included: terms.included, used: free },
        addOn: { granted: addOn.plus(addOnLeft), used: addOn },
        remaining: terms.included.minus(free).plus(addOnLeft),
        overage: new Decimal(row.overage),
        cost: Money.of(row.cost, 'USD'),
        tax: Money.of(row.tax, 'USD'),
        price: terms.price,
        collect: terms.collect,
        events,
        forecast: forecastOf({ terms, used, late, addOn, addOnLeft, periodStart, periodEnd, now }),
      },
    ];
  });
}

/** One event and what it made of its period's figures. */
export interface ExplainedEvent {
  readonly id: string;
  readonly feature: string;
  readonly quantity: string;
  readonly occurredAt: Date;
  readonly sessionId: string | null;
  readonly reverses: string | null;
  readonly periodStart: Date;
  readonly free: string;
  readonly addOn: string;
  readonly overage: string;
  readonly cost: Money;
  /** The reference of the draw on the balance that carries its cost. */
  readonly draw: string | null;
  readonly recordedAt: Date;
}

export interface EventsQuery {
  /** Left out: every one. */
  readonly feature?: string | undefined;
  /** Left out: the last 31 days. */
  readonly from?: Date | undefined;
  /** Left out: now. */
  readonly until?: Date | undefined;
  readonly limit: number;
  /** The `next` of the page before. */
  readonly after: string | undefined;
}

export interface EventsPage {
  readonly data: readonly ExplainedEvent[];
  readonly next: string | null;
}

/** Longer than a month, in milliseconds. */
const shownMs = 31 * 86_400_000;

type EventRow = Omit<ExplainedEvent, 'cost'> & { readonly cost: string; readonly ratedAt: Date };

/** The events behind a feature's figures, newest first: their parts sum to the period's. Throws `AppError` 404. */
export async function explainUsage(
  { database: { pool }, clock }: ShowDependencies,
  scope: Scope,
  customerId: string,
  { feature, from, until, limit, after }: EventsQuery,
): Promise<EventsPage> {
  const { agencyId } = await findClient(pool, scope, customerId, 'none');
  const before = after === undefined ? null : placeOf(after);
  const { rows } = await pool.query<EventRow>(selectEvents, [
    agencyId,
    customerId,
    feature ?? null,
    from ?? new Date(clock.now().getTime() - shownMs),
    until ?? new Date(clock.now().getTime() + 1),
    before?.at ?? null,
    before?.id ?? null,
    limit + 1,
  ]);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    data: page.map(({ cost, ratedAt: _, ...event }) => ({ ...event, cost: Money.of(cost, 'USD') })),
    next: rows.length > limit && last ? `${last.ratedAt.toISOString()} ${last.id}` : null,
  };
}

function placeOf(cursor: string): { readonly at: Date; readonly id: string } {
  const [time = '', ...rest] = cursor.split(' ');
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) throw invalidField('after', 'invalid_request', 'Not a cursor of this list.');
  return { at, id: rest.join(' ') };
}
