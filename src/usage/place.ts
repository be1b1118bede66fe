import { type Database, inTransaction, type Sql } from '../database/database.ts';
import type { ProviderName } from '../providers/port.ts';
import { type AwaitedQuotas, openDue } from '../subscriptions/open-quotas.ts';
import { quotaPeriodAt } from '../subscriptions/quota.ts';
import { quotasOf } from '../subscriptions/quota-period.store.ts';
import { findLiveSubscriptions, locateEvents } from './place.sql.ts';
import type { VersionKey } from './terms.ts';

/** Names the totals that an event counts in. */
export interface TotalsKey {
  readonly agencyId: string;
  readonly customerId: string;
  readonly feature: string;
  /** The subscription or trial; empty where nothing covered the client. */
  readonly holderId: string;
  readonly periodStart: Date;
}

/** The period that holds an event's time. */
export interface Place extends TotalsKey {
  readonly periodEnd: Date;
  readonly version: VersionKey | null;
  readonly included: string;
  /** Whether the client has ever had a quantity of the feature beside its plan. */
  readonly licensed: boolean;
  /** Whether its totals were there when it was looked for. */
  readonly counted: boolean;
  /** The account in whose books its draws are; null where there is none. */
  readonly accountId: string | null;
}

/** One text per totals; texts sort as rows are locked. */
export const totalsName = (key: TotalsKey): string =>
  [key.agencyId, key.customerId, key.feature, key.holderId, key.periodStart.toISOString()].join('|');

export interface PeriodColumns {
  readonly holderId: string;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly planAgencyId: string | null;
  readonly planId: string | null;
  readonly planVersion: number | null;
  readonly carrier: ProviderName | null;
  readonly included: string;
}

interface LocatedRow {
  readonly place: number;
  readonly agencyId: string;
  readonly createdAt: Date;
  readonly licensed: boolean;
  readonly counted: boolean;
  readonly accountId: string | null;
  readonly resellerId: string | null;
}
type FoundRow = LocatedRow & (PeriodColumns | { readonly [Column in keyof PeriodColumns]: null });

interface LiveRow extends VersionKey {
  readonly agencyId: string;
  readonly customerId: string;
  readonly id: string;
  readonly anchorAt: Date;
  readonly quotaDueAt: Date | null;
  readonly daysLicensed: boolean;
}

/** A client's live subscription, and what its period will be on whose time has come; null where none is awaited. */
interface Live extends LiveRow {
  readonly awaited: AwaitedQuotas | null;
}

/** What is looked for: a feature of a client at a time. */
export interface Wanted {
  readonly customerId: string;
  readonly feature: string;
  readonly at: Date;
}

export interface Located {
  readonly place: Place;
  readonly createdAt: Date;
  /** False where no quota covers the time. */
  readonly covered: boolean;
  /** The client of the platform's that its agency is; null where it is none. */
  readonly resellerId: string | null;
}

export const versionOf = (
  row: Pick<PeriodColumns, 'planAgencyId' | 'planId' | 'planVersion' | 'carrier'>,
): VersionKey | null =>
  row.planAgencyId === null || row.planId === null || row.planVersion === null
    ? null
    : { planAgencyId: row.planAgencyId, planId: row.planId, planVersion: row.planVersion, carrier: row.carrier };

const isCovered = (row: FoundRow): row is LocatedRow & PeriodColumns => row.holderId !== null;

interface Dependencies {
  readonly database: Pick<Database, 'pool'>;
}

/**
 * The period of each feature, client and time that is asked for, in that order; null for a client that is not there. A quota period
 * whose anniversary has come is opened first; one that a change of plan or a renewal is about to open counts as what it will be. Where none
 * covers the time, a live subscription charges without a quota, and what no subscription covers is counted by UTC month and costs nothing.
 */
export async function locate(
  { database }: Dependencies,
  agencyId: string | null,
  wanted: readonly Wanted[],
  now: Date,
): Promise<readonly (Located | null)[]> {
  const first = await find(database.pool, agencyId, wanted);
  const uncovered = [...first.values()].filter((row) => !isCovered(row));
  const live = new Map<string, Live>();
  let opened = false;
  for (const row of uncovered.length === 0 ? [] : await findLive(database.pool, wanted, uncovered, now)) {
    const due = asksForQuotas(row, now) ? await inTransaction(database.pool, (sql) => openDue(sql, row, now)) : null;
    opened ||= due?.opened === true;
    live.set(`${row.agencyId}|${row.customerId}`, { ...row, awaited: due?.opened === false ? due.awaited : null });
  }
  const found = opened ? await find(database.pool, agencyId, wanted) : first;
  return wanted.map(({ customerId, feature, at }, index): Located | null => {
    const row = found.get(index);
    if (!row) return null;
    const { createdAt, resellerId, agencyId, licensed, counted, accountId } = row;
    const facts = { agencyId, customerId, feature, licensed, counted, accountId };
    if (isCovered(row)) {
      const { holderId, periodStart, periodEnd, included } = row;
      const period = { holderId, periodStart, periodEnd, included, version: versionOf(row) };
      return { createdAt, resellerId, covered: true, place: { ...facts, ...period } };
    }
    return {
      createdAt,
      resellerId,
      covered: false,
      place: { ...facts, ...uncoveredPeriod(live.get(`${row.agencyId}|${customerId}`), feature, at) },
    };
  });
}

async function find(
  sql: Sql,
  agencyId: string | null,
  wanted: readonly Wanted[],
): Promise<ReadonlyMap<number, FoundRow>> {
  const { rows } = await sql.query<FoundRow>({
    name: 'usage-locate',
    text: locateEvents,
    values: [
      wanted.map(({ customerId }) => customerId),
      wanted.map(({ feature }) => feature),
      wanted.map(({ at }) => at),
      agencyId,
    ],
  });
  return new Map(rows.map((row) => [row.place - 1, row]));
}

async function findLive(
  sql: Sql,
  wanted: readonly Wanted[],
  rows: readonly FoundRow[],
  now: Date,
): Promise<readonly LiveRow[]> {
  const { rows: found } = await sql.query<LiveRow>(findLiveSubscriptions, [
    rows.map(({ agencyId }) => agencyId),
    rows.map(({ place }) => wanted[place - 1]?.customerId),
    now,
  ]);
  return found;
}

/** A sweep opens them too; usage does not wait for it. Days of service open a period even where none is due. */
const asksForQuotas = ({ quotaDueAt, daysLicensed }: LiveRow, now: Date): boolean =>
  quotaDueAt === null ? daysLicensed : quotaDueAt <= now;

export interface AwaitedPeriod {
  readonly version: VersionKey;
  readonly included: string;
}

/** What a period that somebody is about to open will include of a feature; null where that is none of its features. */
export function awaitedPeriod(
  { plan, planVersion, document }: AwaitedQuotas,
  feature: string,
  carrier: ProviderName | null,
): AwaitedPeriod | null {
  const quota = quotasOf(document).find((each) => each.feature === feature);
  if (!quota) return null;
  return {
    version: { planAgencyId: plan.agencyId, planId: plan.planId, planVersion, carrier },
    included: quota.included,
  };
}

const calendar = new Date('2000-01-01T00:00:00.000Z');

function uncoveredPeriod(
  live: Live | undefined,
  feature: string,
  at: Date,
): Pick<Place, 'holderId' | 'periodStart' | 'periodEnd' | 'version' | 'included'> {
  const covering = live && live.anchorAt <= at ? live : undefined;
  const { start, end } = quotaPeriodAt(covering?.anchorAt ?? calendar, at);
  const period = { holderId: covering?.id ?? '', periodStart: start, periodEnd: end };
  if (!covering) return { ...period, version: null, included: '0' };
  const { awaited, quotaDueAt, carrier } = covering;
  const isAwaited = awaited !== null && (quotaDueAt === null || start >= quotaDueAt);
  const coming = isAwaited ? awaitedPeriod(awaited, feature, carrier) : null;
  return { ...period, ...(coming ?? { version: versionOf(covering), included: '0' }) };
}
