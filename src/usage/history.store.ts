import { Decimal } from 'decimal.js';
import type { Sql } from '../database/database.ts';
import { spansOf } from './licences.ts';
import type { Place, TotalsKey } from './place.ts';
import type { Batch, Contribution } from './rating.ts';
import { readEvents, readSpans } from './record.sql.ts';

/** A period takes usage in time for so long after its end, in milliseconds. */
const closesAfterMs = 72 * 3_600_000;

/** What comes from then on is late. */
export const closesAt = ({ periodEnd }: Pick<Place, 'periodEnd'>): Date =>
  new Date(periodEnd.getTime() + closesAfterMs);

/** A batch that cannot be rated without its period's earlier events. */
interface Wanting {
  readonly place: Place;
  readonly batch: Omit<Batch, 'history'>;
}

/** What still counts of the earlier events of periods, in the order of the batches: see `Batch`. */
export async function readHistories(
  sql: Sql,
  wanting: readonly Wanting[],
): Promise<readonly (readonly Contribution[])[]> {
  const isSum = ({ batch }: Wanting): boolean => batch.terms.aggregation === 'sum';
  const sums = await readSums(sql, wanting.filter(isSum));
  const states = await readStates(
    sql,
    wanting.filter((each) => !isSum(each)),
  );
  return wanting.map((each) => (isSum(each) ? sums : states).get(each) ?? []);
}

interface StateRow {
  readonly place: number;
  readonly id: string;
  readonly at: Date;
  readonly quantity: string;
  readonly late: boolean;
}

async function readStates(
  sql: Sql,
  wanting: readonly Wanting[],
): Promise<ReadonlyMap<Wanting, readonly Contribution[]>> {
  if (wanting.length === 0) return new Map();
  const { rows } = await sql.query<StateRow>(readEvents, [
    ...columns(wanting.map(({ place }) => place)),
    wanting.map(({ place }) => place.periodEnd),
    wanting.map(({ place }) => closesAt(place)),
  ]);
  const byPlace = Map.groupBy(rows, ({ place }) => place);
  return new Map(
    wanting.map((each, index) => [
      each,
      (byPlace.get(index + 1) ?? []).map(({ id, at, quantity, late }) => ({
        id,
        at,
        quantity: new Decimal(quantity),
        late,
      })),
    ]),
  );
}

/** The database sums: a busy period has more events than a request can wait for. */
async function readSums(sql: Sql, wanting: readonly Wanting[]): Promise<ReadonlyMap<Wanting, readonly Contribution[]>> {
  if (wanting.length === 0) return new Map();
  const spans = wanting.flatMap((each) =>
    spansOf(each.batch.period, each.batch.licences).map((span) => ({ each, place: each.place, span })),
  );
  const { rows } = await sql.query<{ place: number; quantity: string }>(readSpans, [
    ...columns(spans.map(({ place }) => place)),
    spans.map(({ span }) => span.from),
    spans.map(({ span }) => span.until),
    spans.map(({ place }) => closesAt(place)),
  ]);
  const sums = new Map(rows.map(({ place, quantity }) => [place, new Decimal(quantity)]));
  const contributions = spans.flatMap(({ each, span }, index) => {
    const quantity = sums.get(index + 1);
    return quantity === undefined ? [] : [{ each, id: '', at: span.from, quantity, late: false }];
  });
  return Map.groupBy(contributions, ({ each }) => each);
}

export const columns = (keys: readonly TotalsKey[]) => [
  keys.map(({ agencyId }) => agencyId),
  keys.map(({ customerId }) => customerId),
  keys.map(({ feature }) => feature),
  keys.map(({ holderId }) => holderId),
  keys.map(({ periodStart }) => periodStart),
];
