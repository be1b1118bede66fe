import type { Sql } from '../database/database.ts';
import { locateReversed } from './place.sql.ts';
import { type Located, type PeriodColumns, type Place, versionOf } from './place.ts';
import { isRefused, type Refusable } from './refusable.ts';
import type { UsageEvent } from './usage-event.ts';

/** An event with the place that its own time gives it. */
export interface Draft {
  readonly event: UsageEvent;
  readonly located: Located;
  readonly at: Date;
}

/** An event with the place that it counts in. */
export interface Placed {
  readonly event: UsageEvent;
  readonly place: Place;
  readonly at: Date;
  /** The client of the platform's that its agency is; null where it is none. */
  readonly resellerId: string | null;
}

interface ReversedRow extends PeriodColumns {
  readonly agencyId: string;
  readonly id: string;
  readonly customerId: string;
  readonly feature: string;
  readonly ratedAt: Date;
}

/** A reversal belongs where the event is that it reverses: recorded before, or else in the same batch. */
export async function placeReversals(
  sql: Sql,
  drafts: readonly Refusable<Draft>[],
): Promise<readonly Refusable<Placed>[]> {
  const placed = drafts.map(
    (draft): Refusable<Placed> =>
      isRefused(draft)
        ? draft
        : { event: draft.event, place: draft.located.place, at: draft.at, resellerId: draft.located.resellerId },
  );
  const originals = new Map<string, Placed>();
  for (const each of placed) {
    if (isRefused(each) || each.event.reverses !== null) continue;
    const name = `${each.place.agencyId}|${each.event.id}`;
    // Of several with one id the first is recorded.
    if (!originals.has(name)) originals.set(name, each);
  }
  const reversed = placed.flatMap((each) =>
    isRefused(each) || each.event.reverses === null ? [] : [{ agencyId: each.place.agencyId, id: each.event.reverses }],
  );
  const recorded = new Map<string, ReversedRow>();
  if (reversed.length > 0) {
    const { rows } = await sql.query<ReversedRow>(locateReversed, [
      reversed.map(({ agencyId }) => agencyId),
      reversed.map(({ id }) => id),
    ]);
    for (const row of rows) recorded.set(`${row.agencyId}|${row.id}`, row);
  }
  return placed.map((each): Refusable<Placed> => {
    if (isRefused(each) || each.event.reverses === null) return each;
    const { event, place, resellerId } = each;
    const name = `${place.agencyId}|${event.reverses}`;
    const row = recorded.get(name);
    // One of the batch under the id of a recorded one will be refused, or is the same.
    const original = row ? placedRow(row, each) : originals.get(name);
    const same = original?.place.customerId === event.customerId && original.place.feature === event.feature;
    return original && same
      ? { event, place: original.place, at: original.at, resellerId }
      : { refused: 'reversed_event_unknown' };
  });
}

const placedRow = (row: ReversedRow, { event, resellerId, place: { licensed, accountId } }: Placed): Placed => ({
  event,
  resellerId,
  at: row.ratedAt,
  place: {
    agencyId: row.agencyId,
    customerId: row.customerId,
    feature: row.feature,
    holderId: row.holderId,
    periodStart: row.periodStart,
    periodEnd: row.periodEnd,
    included: row.included,
    version: versionOf(row),
    licensed,
    counted: true,
    accountId,
  },
});
