import { Decimal } from 'decimal.js';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { decideBatch, type KnownEvent } from './decide-batch.ts';
import { drawsOf } from './draw.ts';
import type { Group, RatedGroup } from './group.ts';
import { closesAt, columns, readHistories } from './history.store.ts';
import { type Licences, openLicences, saveLicenceDraws } from './licence.store.ts';
import { type TotalsKey, totalsName } from './place.ts';
import { type Figures, needsHistory, rateBatch } from './rating.ts';
import { addEvents, ensureTotals, findEvents, lockTotals, markReversed, settleHolds } from './record.sql.ts';
import { drawnOf, readStanding, type TotalsRow } from './standing.ts';
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
  const known = care === 'look' ? await readKnown(sql, everything) : new Map<string, KnownEvent>();
  const { fresh, taken, outcomes } = decideBatch(units, known);
  if (fresh.length === 0) return outcomes;

  await rateAndSave(dependencies, sql, groupsOf(fresh, locked), { fresh, taken, known }, now);
  return outcomes;
}

/**
 * Rates totals again, by the terms of `probes`: units that take back nothing of nothing, one per totals. Nothing of them is recorded but
 * what the totals come to. In the caller's transaction, under the same locks as a batch.
 */
export async function rateAgain(dependencies: RecordDependencies, sql: Sql, probes: readonly Unit[]): Promise<void> {
  const now = dependencies.clock.now();
  const groups = groupsOf(probes, await lockAll(sql, probes, now));
  await rateAndSave(dependencies, sql, groups, { fresh: [], taken: new Map(), known: new Map() }, now);
}

const groupsOf = (units: readonly Unit[], locked: ReadonlyMap<string, TotalsRow>): readonly Group[] =>
  [...Map.groupBy(units, ({ place }) => totalsName(place))].flatMap(([name, [first, ...others]]): Group[] => {
    const row = locked.get(name);
    if (!row || !first) throw new Error(`totals ${name} were not locked`);
    return [{ key: first.place, units: [first, ...others], row }];
  });

interface Recorded {
  /** What is new of the groups' units. */
  readonly fresh: readonly Unit[];
  /** Event -> what is taken back of it now. */
  readonly taken: ReadonlyMap<string, Decimal>;
  /** Event -> what is recorded of it. */
  readonly known: ReadonlyMap<string, KnownEvent>;
}

async function rateAndSave(
  { ledger }: RecordDependencies,
  sql: Sql,
  groups: readonly Group[],
  recorded: Recorded,
  now: Date,
): Promise<void> {
  const rated = await rateAll(sql, groups, recorded.known, now);
  await save(sql, rated, recorded, now);
  const postings = drawsOf(rated);
  if (postings.length > 0) await ledger.post(sql, postings);
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

interface KnownRow extends TotalsKey {
  readonly recordedAt: Date;
  readonly id: string;
  readonly contentHash: string;
  readonly quantity: string;
  readonly reversed: string;
}

async function readKnown(sql: Sql, units: readonly Unit[]): Promise<ReadonlyMap<string, KnownEvent>> {
  const wanted = units.flatMap(({ place: { agencyId }, event: { id, reverses } }) =>
    [id, ...(reverses === null ? [] : [reverses])].map((id) => ({ agencyId, id })),
  );
  const { rows } = await sql.query<KnownRow>(findEvents, [
    wanted.map(({ agencyId }) => agencyId),
    wanted.map(({ id }) => id),
  ]);
  return new Map(
    rows.map(({ id, contentHash, recordedAt, quantity, reversed, ...key }) => [
      `${key.agencyId}|${id}`,
      {
        contentHash,
        recordedAt,
        totals: totalsName(key),
        left: Decimal.max(new Decimal(quantity).minus(reversed), 0),
      },
    ]),
  );
}

/** By what the groups of a batch are rated. */
interface Facts {
  readonly licences: Licences;
  readonly known: ReadonlyMap<string, KnownEvent>;
  readonly now: Date;
}

async function rateAll(
  sql: Sql,
  groups: readonly Group[],
  known: ReadonlyMap<string, KnownEvent>,
  now: Date,
): Promise<readonly RatedGroup[]> {
  const licences = await openLicences(sql, groups);
  const facts = { licences, known, now };
  const inOrder = [...groups].sort((a, b) => a.key.periodStart.getTime() - b.key.periodStart.getTime());
  const wanting = inOrder.flatMap((group) => {
    const batch = batchOf(group, facts);
    return needsHistory(batch) ? [{ group, place: group.units[0].place, batch }] : [];
  });
  const histories = await readHistories(sql, wanting);
  const byGroup = new Map(wanting.map(({ group }, index) => [group, histories[index]]));
  return inOrder.map((group): RatedGroup => {
    const batch = batchOf(group, facts);
    const rated = rateBatch({ ...batch, history: byGroup.get(group) ?? [] });
    licences.note(group.key, rated.draws);
    const before = drawnOf(group.row.collect, batch.standing);
    const after = drawnOf(batch.terms.collect, rated.standing);
    const draws = !after.net.equals(before.net) || !after.tax.equals(before.tax);
    return { ...group, rated, draw: draws ? drawReference(group) : null };
  });
}

function batchOf(group: Group, { licences, known, now }: Facts) {
  const { key, row, units } = group;
  const [{ place, terms }] = units;
  const closed = closesAt(place);
  return {
    terms,
    standing: readStanding(row),
    period: { from: key.periodStart, until: place.periodEnd },
    licences: licences.of(group),
    events: units.map((unit) => ({
      id: unit.event.id,
      at: unit.at,
      quantity: unit.event.quantity,
      reverses: unit.event.reverses,
      late: (known.get(reversedName(unit) ?? '')?.recordedAt ?? now) >= closed,
    })),
  };
}

const drawReference = ({ key, row }: Group): string =>
  `usage:${key.customerId}:${key.feature}:${key.holderId}:${key.periodStart.toISOString()}:${row.revision + 1}`;

const costOf = ({ net, tax }: Figures): string => net.plus(tax).amount.toFixed();

async function save(sql: Sql, groups: readonly RatedGroup[], { fresh, taken }: Recorded, now: Date): Promise<void> {
  const own = new Set(fresh.map(eventName));
  const isNew = new Set(fresh);
  const events = groups.flatMap(({ units, rated, draw }) =>
    units.flatMap((unit, index) => {
      const part = rated.parts[index];
      return part && isNew.has(unit) ? [{ ...unit, part, draw, reversed: taken.get(eventName(unit)) }] : [];
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
      groups.map(({ units }) => units.filter((unit) => isNew.has(unit)).length),
      groups.map(({ rated }) => rated.standing.through?.at ?? null),
      groups.map(({ rated }) => rated.standing.through?.id ?? null),
      groups.map(({ units: [{ place }] }) => place.version?.planAgencyId ?? null),
      groups.map(({ units: [{ place }] }) => place.version?.planId ?? null),
      groups.map(({ units: [{ place }] }) => place.version?.planVersion ?? null),
      groups.map(({ units: [{ terms }] }) => terms.collect),
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
