import { Decimal } from 'decimal.js';
import type { Sql } from '../database/database.ts';
import type { Group, RatedGroup } from './group.ts';
import type { LicenceLeft } from './licences.ts';
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

interface DrawRow {
  readonly licenceId: string;
  readonly holderId: string;
  readonly periodStart: Date;
  readonly quantity: string;
}

const zero = new Decimal(0);

/** The licences that each group may draw on, locked until the transaction ends, for periods share them. */
export async function licencesOf(
  sql: Sql,
  groups: readonly Group[],
): Promise<(group: Group) => readonly LicenceLeft[]> {
  const licensed = groups.filter(({ units: [{ place }] }) => place.licensed);
  if (licensed.length === 0) return () => [];
  const { rows: licences } = await sql.query<LicenceRow>(lockLicences, [
    licensed.map(({ key }) => key.agencyId),
    licensed.map(({ key }) => key.customerId),
    licensed.map(({ key }) => key.feature),
    licensed.map(({ key }) => key.periodStart),
    licensed.map(({ units: [{ place }] }) => place.periodEnd),
  ]);
  if (licences.length === 0) return () => [];
  const { rows: draws } = await sql.query<DrawRow>(readDraws, [
    licences.map(({ agencyId }) => agencyId),
    licences.map(({ id }) => id),
  ]);
  return ({ key, units: [{ place }] }) =>
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
        const isOwn = (draw: DrawRow): boolean =>
          draw.holderId === key.holderId && draw.periodStart.getTime() === key.periodStart.getTime();
        const sum = (list: readonly DrawRow[]): Decimal =>
          list.reduce((total, draw) => total.plus(draw.quantity), zero);
        const own = sum(ofLicence.filter(isOwn));
        const others = sum(ofLicence.filter((draw) => !isOwn(draw)));
        return { id, startsAt, endsAt, left: new Decimal(quantity).minus(others), drawn: own };
      });
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
