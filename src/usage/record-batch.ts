import { Decimal } from 'decimal.js';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { decideBatch, type KnownEvent } from './decide-batch.ts';
import { drawsOf } from './draw.ts';
import type { Group, RatedGroup } from './group.ts';
import { licencesOf, saveLicenceDraws } from './licence.store.ts';
import { type TotalsKey, totalsName } from './place.ts';
import { type Contribution, type Figures, needsHistory, rateBatch } from './rating.ts';
import {
  addEvents,
  ensureTotals,
  findEvents,
  lockTotals,
  markReversed,
  readHistory,
  settleHolds,
} from './record.sql.ts';
import { readStanding, type TotalsRow } from './standing.ts';
import { eventName, type Outcome, reversedName, type Unit } from './unit.ts';

export interface RecordDependencies {
  readonly clock: Clock;
  readonly ledger: Pick<Ledger, 'post'>;
}

/** An event of the batch that was taken for a new one is there already: run the batch again, and look first. */
export class OvertakenBatch extends Error {}

/**
 * `look`: which events are there already is read before anything is decided. `assume_new`: it is not, which saves a round trip where
 * the insert finds that all of them are new, and else costs a second try.
 */
export type Care = 'assume_new' | 'look';

/** A period takes usage in time for so long after its end, in milliseconds. */
export const periodClosesAfterMs = 72 * 3_600_000;

const columns = (keys: readonly TotalsKey[]) => [
  keys.map(({ agencyId }) => agencyId),
  keys.map(({ customerId }) => customerId),
  keys.map(({ feature }) => feature),
  keys.map(({ holderId }) => holderId),
  keys.map(({ periodStart }) => periodStart),
];

/**
 * Records, rates and draws a batch in the caller's transaction: one lock per totals and one per balance, whatever the number of events.
 * The locks are taken in one order by everybody: totals, licences, events, the ledger. Throws `OvertakenBatch`.
 */
export async function recordBatch(
  dependencies: RecordDependencies,
  sql: Sql,
  units: readonly Unit[],
  care: Care,
): Promise<ReadonlyMap<Unit, Outcome>> {
  const now = dependencies.clock.now();
  const everything = units.flatMap((unit) => (unit.resale ? [unit, unit.resale] : [unit]));
  const locked = await lockAll(sql, everything, now);
  const { fresh, taken, outcomes } = decideBatch(
    units,
    care === 'look' ? await readKnown(sql, everything) : new Map<string, KnownEvent>(),
  );
  if (fresh.length === 0) return outcomes;

  const groups = [...Map.groupBy(fresh, ({ place }) => totalsName(place))].flatMap(
    ([name, [first, ...others]]): Group[] => {
      const row = locked.get(name);
      if (!row || !first) throw new Error(`totals ${name} were not locked`);
      return [{ key: first.place, units: [first, ...others], row }];
    },
  );
  const rated = await rateAll(sql, groups, now);
  await save(sql, rated, fresh, taken, now);
  const postings = drawsOf(rated);
  if (postings.length > 0) await dependencies.ledger.post(sql, postings);
  return outcomes;
}

async function lockAll(sql: Sql, units: readonly Unit[], now: Date): Promise<ReadonlyMap<string, TotalsRow>> {
  const distinct = [...new Map(units.map((unit) => [totalsName(unit.place), unit])).values()];
  const missing = distinct.filter(({ place }) => !place.counted);
  if (missing.length > 0) await ensure(sql, missing, now);
  const places = distinct.map(({ place }) => place);
  const { rows } = await sql.query<TotalsRow & { place: number }>({
    name: 'usage-lock',
    text: lockTotals,
    values: columns(places),
  });
  return new Map(
    rows.flatMap((row) => {
      const place = places[row.place - 1];
      return place ? [[totalsName(place), row] as const] : [];
    }),
  );
}

async function ensure(sql: Sql, units: readonly Unit[], now: Date): Promise<void> {
  const places = units.map(({ place }) => place);
  await sql.query(ensureTotals, [
    ...columns(places),
    places.map(({ periodEnd }) => periodEnd),
    places.map(({ version }) => version?.planAgencyId ?? null),
    places.map(({ version }) => version?.planId ?? null),
    places.map(({ version }) => version?.planVersion ?? null),
    units.map(({ terms }) => terms.collect),
    places.map(({ included }) => included),
    now,
  ]);
}

async function readKnown(sql: Sql, units: readonly Unit[]): Promise<ReadonlyMap<string, KnownEvent>> {
  const wanted = units.flatMap(({ place: { agencyId }, event: { id, reverses } }) =>
    [id, ...(reverses === null ? [] : [reverses])].map((id) => ({ agencyId, id })),
  );
  const { rows } = await sql.query<{
    agencyId: string;
    id: string;
    contentHash: string;
    quantity: string;
    reversed: string;
  }>(findEvents, [wanted.map(({ agencyId }) => agencyId), wanted.map(({ id }) => id)]);
  return new Map(
    rows.map(({ agencyId, id, contentHash, quantity, reversed }) => [
      `${agencyId}|${id}`,
      { contentHash, left: Decimal.max(new Decimal(quantity).minus(reversed), 0) },
    ]),
  );
}

async function rateAll(sql: Sql, groups: readonly Group[], now: Date): Promise<readonly RatedGroup[]> {
  const licences = await licencesOf(sql, groups);
  const batches = groups.map((group) => {
    const [{ place, terms }] = group.units;
    return {
      terms,
      standing: readStanding(group.row),
      closed: now.getTime() >= place.periodEnd.getTime() + periodClosesAfterMs,
      licences: licences(group),
      events: group.units.map(({ event, at }) => ({
        id: event.id,
        at,
        quantity: event.quantity,
        reverses: event.reverses,
      })),
    };
  });
  const history = await readHistories(
    sql,
    groups.filter((_, index) => batches[index] && needsHistory(batches[index])),
  );
  return groups.flatMap((group, index): RatedGroup[] => {
    const batch = batches[index];
    if (!batch) return [];
    const rated = rateBatch({ ...batch, history: history.get(totalsName(group.key)) ?? [] });
    const { standing } = rated;
    const moved = !standing.net.equals(batch.standing.net) || !standing.tax.equals(batch.standing.tax);
    const draws = moved && batch.terms.collect === 'balance';
    return [{ ...group, rated, draw: draws ? drawReference(group) : null }];
  });
}

const drawReference = ({ key, row }: Group): string =>
  `usage:${key.customerId}:${key.feature}:${key.holderId}:${key.periodStart.toISOString()}:${row.revision + 1}`;

async function readHistories(
  sql: Sql,
  groups: readonly Group[],
): Promise<ReadonlyMap<string, readonly Contribution[]>> {
  if (groups.length === 0) return new Map();
  const { rows } = await sql.query<{ place: number; id: string; at: Date; quantity: string }>(readHistory, [
    ...columns(groups.map(({ key }) => key)),
    groups.map(({ units: [{ place }] }) => place.periodEnd),
  ]);
  const found = new Map<string, Contribution[]>();
  for (const { place, id, at, quantity } of rows) {
    const group = groups[place - 1];
    if (!group) continue;
    const name = totalsName(group.key);
    const list = found.get(name) ?? [];
    list.push({ id, at, quantity: new Decimal(quantity) });
    found.set(name, list);
  }
  return found;
}

const costOf = ({ net, tax }: Figures): string => net.plus(tax).amount.toFixed();

async function save(
  sql: Sql,
  groups: readonly RatedGroup[],
  fresh: readonly Unit[],
  taken: ReadonlyMap<string, Decimal>,
  now: Date,
): Promise<void> {
  const own = new Set(fresh.map(eventName));
  const events = groups.flatMap(({ units, rated, draw }) =>
    units.flatMap((unit, index) => {
      const part = rated.parts[index];
      return part ? [{ ...unit, part, draw, reversed: taken.get(eventName(unit)) }] : [];
    }),
  );
  const { rows } = await sql.query<{ added: number }>({
    name: 'usage-add',
    text: addEvents,
    values: [
      events.map(({ place }) => place.agencyId),
      events.map(({ event }) => event.id),
      events.map(({ place }) => place.customerId),
      events.map(({ event }) => event.feature),
      events.map(({ event }) => event.quantity.toFixed()),
      events.map(({ event }) => event.occurredAt),
      events.map(({ event }) => event.sessionId),
      events.map(({ event }) => event.reverses),
      events.map(({ contentHash }) => contentHash),
      events.map(({ at }) => at),
      events.map(({ place }) => place.holderId),
      events.map(({ place }) => place.periodStart),
      events.map(({ part }) => part.free.toFixed()),
      events.map(({ part }) => part.addOn.toFixed()),
      events.map(({ part }) => part.overage.toFixed()),
      events.map(({ part }) => costOf(part)),
      events.map(({ part }) => part.tax.amount.toFixed()),
      events.map(({ reversed }) => reversed?.toFixed() ?? '0'),
      events.map(({ draw }) => draw),
      now,
      ...columns(groups.map(({ key }) => key)),
      groups.map(({ units: [{ place }] }) => place.included),
      groups.map(({ rated }) => rated.standing.used.toFixed()),
      groups.map(({ rated }) => rated.standing.late.toFixed()),
      groups.map(({ rated }) => rated.standing.free.toFixed()),
      groups.map(({ rated }) => rated.standing.addOn.toFixed()),
      groups.map(({ rated }) => rated.standing.overage.toFixed()),
      groups.map(({ rated }) => costOf(rated.standing)),
      groups.map(({ rated }) => rated.standing.tax.amount.toFixed()),
      groups.map(({ row }) => row.revision + 1),
      groups.map(({ units }) => units.length),
      groups.map(({ rated }) => rated.standing.through?.at ?? null),
      groups.map(({ rated }) => rated.standing.through?.id ?? null),
    ],
  });
  if (rows[0]?.added !== events.length) throw new OvertakenBatch('another transaction recorded one of these events');
  await saveLicenceDraws(sql, groups);

  const earlier = fresh.flatMap((unit) => {
    const name = reversedName(unit);
    const quantity = name === null ? undefined : taken.get(name);
    return name === null || quantity === undefined || own.has(name)
      ? []
      : [{ name, agencyId: unit.place.agencyId, id: unit.event.reverses, quantity }];
  });
  const reversed = [...new Map(earlier.map((each) => [each.name, each])).values()];
  if (reversed.length > 0) {
    await sql.query(markReversed, [
      reversed.map(({ agencyId }) => agencyId),
      reversed.map(({ id }) => id),
      reversed.map(({ quantity }) => quantity.toFixed()),
    ]);
  }
  await settle(sql, events);
}

/** Takes off what calls hold what they have used by now. */
async function settle(sql: Sql, events: readonly (Unit & { readonly part: Figures })[]): Promise<void> {
  const bySession = Map.groupBy(
    events.filter(({ event }) => event.sessionId !== null),
    ({ place, event }) => `${place.agencyId}|${place.customerId}|${event.sessionId}`,
  );
  if (bySession.size === 0) return;
  const used = [...bySession]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, [first, ...others]]) => (first ? [{ ...first, all: [first, ...others] }] : []));
  await sql.query(settleHolds, [
    used.map(({ place }) => place.agencyId),
    used.map(({ place }) => place.customerId),
    used.map(({ event }) => event.sessionId),
    used.map(({ all }) =>
      all.reduce((sum, { part }) => sum.plus(part.free).plus(part.addOn), new Decimal(0)).toFixed(),
    ),
    used.map(({ all }) => all.reduce((sum, { part }) => sum.plus(costOf(part)), new Decimal(0)).toFixed()),
  ]);
}
