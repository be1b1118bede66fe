import { Decimal } from 'decimal.js';
import type { Sql } from '../database/database.ts';
import type { Group, RatedGroup } from './group.ts';
import type { LicenceLeft } from './licences.ts';
import type { TotalsKey } from './place.ts';
import { lockLicences, readDraws, saveDraws } from './record.sql.ts';

interface LicenceRow {
  readonly agencyId: string;
  readonly customerId: string;
  readonly feature: string;
  readonly id: string;
  readonly startsAt: Date;
  readonly endsAt: Date | null;
  readonly quantity: string;
}

interface Draw {
  readonly licenceId: string;
  readonly holderId: string;
  readonly periodStart: Date;
  readonly quantity: Decimal;
}

const zero = new Decimal(0);

/** The licences of a batch's groups. */
export interface Licences {
  /** Those that a group may draw on, less what other periods drew. */
  of(group: Group): readonly LicenceLeft[];
  /** Groups that share licences are rated one after the other: what one draws, the next no longer finds. */
  note(key: TotalsKey, draws: ReadonlyMap<string, Decimal>): void;
}

/** Locks the licences that groups may draw on, until the transaction ends. */
export async function openLicences(sql: Sql, groups: readonly Group[]): Promise<Licences> {
  const { licences, draws: stored } = await readLicences(sql, groups);
  let draws = stored;
  return {
    of: ({ key, units: [{ place }] }) =>
      licences
        .filter(
          (each) =>
            each.agencyId === key.agencyId &&
            each.customerId === key.customerId &&
            each.feature === key.feature &&
            each.startsAt < place.periodEnd &&
            (each.endsAt === null || each.endsAt > key.periodStart),
        )
        .map(({ id, startsAt, endsAt, quantity }): LicenceLeft => {
          const ofLicence = draws.filter(({ licenceId }) => licenceId === id);
          const own = sumOf(ofLicence.filter((draw) => isOf(key, draw)));
          const others = sumOf(ofLicence.filter((draw) => !isOf(key, draw)));
          return { id, startsAt, endsAt, left: new Decimal(quantity).minus(others), drawn: own };
        }),
    note: (key, drawn) => {
      const { holderId, periodStart } = key;
      draws = [
        ...draws.filter((draw) => !drawn.has(draw.licenceId) || !isOf(key, draw)),
        ...[...drawn].map(([licenceId, quantity]) => ({ licenceId, holderId, periodStart, quantity })),
      ];
    },
  };
}

const isOf = (key: TotalsKey, { holderId, periodStart }: Draw): boolean =>
  holderId === key.holderId && periodStart.getTime() === key.periodStart.getTime();

const sumOf = (draws: readonly Draw[]): Decimal => draws.reduce((total, { quantity }) => total.plus(quantity), zero);

async function readLicences(
  sql: Sql,
  groups: readonly Group[],
): Promise<{ readonly licences: readonly LicenceRow[]; readonly draws: readonly Draw[] }> {
  const licensed = groups.filter(({ units: [{ place }] }) => place.licensed);
  if (licensed.length === 0) return { licences: [], draws: [] };
  const { rows: licences } = await sql.query<LicenceRow>(lockLicences, [
    licensed.map(({ key }) => key.agencyId),
    licensed.map(({ key }) => key.customerId),
    licensed.map(({ key }) => key.feature),
    licensed.map(({ key }) => key.periodStart),
    licensed.map(({ units: [{ place }] }) => place.periodEnd),
  ]);
  if (licences.length === 0) return { licences, draws: [] };
  const { rows } = await sql.query<Omit<Draw, 'quantity'> & { quantity: string }>(readDraws, [
    licences.map(({ agencyId }) => agencyId),
    licences.map(({ id }) => id),
  ]);
  return { licences, draws: rows.map((row) => ({ ...row, quantity: new Decimal(row.quantity) })) };
}

export async function saveLicenceDraws(sql: Sql, groups: readonly RatedGroup[]): Promise<void> {
  const draws = groups.flatMap(({ key, rated }) =>
    [...rated.draws].map(([licenceId, quantity]) => ({ ...key, licenceId, quantity })),
  );
  if (draws.length === 0) return;
  await sql.query(saveDraws, [
    draws.map(({ agencyId }) => agencyId),
    draws.map(({ licenceId }) => licenceId),
    draws.map(({ customerId }) => customerId),
    draws.map(({ holderId }) => holderId),
    draws.map(({ periodStart }) => periodStart),
    draws.map(({ quantity }) => quantity.toFixed()),
  ]);
}
