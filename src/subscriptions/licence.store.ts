import { z } from 'zod';
import type { CustomerKey } from '../catalog/offer.store.ts';
import type { Sql } from '../database/database.ts';
import { type Licence, licenceKindSchema, licenceSourceSchema } from './licence.ts';

const licenceRows = z.array(
  z.object({
    id: z.string(),
    agencyId: z.string(),
    customerId: z.string(),
    kind: licenceKindSchema,
    feature: z.string().nullable(),
    quantity: z.string().nullable(),
    days: z.number().nullable(),
    startsAt: z.date(),
    expiresAt: z.date().nullable(),
    remarks: z.string(),
    source: licenceSourceSchema,
    orderId: z.string().nullable(),
    grantedBy: z.string(),
    revokedAt: z.date().nullable(),
    createdAt: z.date(),
  }),
);

const columns = `id, agency_id AS "agencyId", customer_id AS "customerId", kind, feature, trim_scale(quantity)::text AS quantity, days,
  starts_at AS "startsAt", expires_at AS "expiresAt", remarks, source, order_id AS "orderId", granted_by AS "grantedBy",
  revoked_at AS "revokedAt", created_at AS "createdAt"`;

/** A licence that is there already, by its id or by its order, stays as it is. */
export async function insertLicence(sql: Sql, licence: Licence): Promise<void> {
  const l = licence;
  await sql.query(
    `INSERT INTO licences (agency_id, id, customer_id, kind, feature, quantity, days, starts_at, expires_at, remarks, source,
                           order_id, granted_by, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14) ON CONFLICT DO NOTHING`,
    [
      ...[l.agencyId, l.id, l.customerId, l.kind, l.feature, l.quantity, l.days, l.startsAt, l.expiresAt],
      ...[l.remarks, l.source, l.orderId, l.grantedBy, l.createdAt],
    ],
  );
}

/** What moves in a licence: when it stands, what is said of it, and whether it was taken back. */
export async function saveLicence(sql: Sql, licence: Licence, now: Date): Promise<void> {
  const { agencyId, id, startsAt, expiresAt, remarks, revokedAt } = licence;
  await sql.query(
    `UPDATE licences SET starts_at = $3, expires_at = $4, remarks = $5, revoked_at = $6, updated_at = $7
      WHERE agency_id = $1 AND id = $2`,
    [agencyId, id, startsAt, expiresAt, remarks, revokedAt, now],
  );
}

/** One of the client's; null where it is not there. */
export async function loadLicence(
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  id: string,
): Promise<Licence | null> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM licences WHERE agency_id = $1 AND customer_id = $2 AND id = $3`,
    [agencyId, customerId, id],
  );
  return licenceRows.parse(rows)[0] ?? null;
}

/** Newest first. */
export async function listLicences(
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
): Promise<readonly Licence[]> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM licences WHERE agency_id = $1 AND customer_id = $2 AND ($3::text IS NULL OR id < $3)
      ORDER BY id DESC LIMIT $4`,
    [agencyId, customerId, after ?? null, limit],
  );
  return licenceRows.parse(rows);
}

/** The client's days that are not over at a moment, in the order in which they are lived. */
export async function standingDays(
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  at: Date,
): Promise<readonly Licence[]> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM licences
      WHERE agency_id = $1 AND customer_id = $2 AND kind = 'days' AND revoked_at IS NULL AND expires_at > $3
      ORDER BY starts_at, id`,
    [agencyId, customerId, at],
  );
  return licenceRows.parse(rows);
}

/** The client's quantities of a feature at a moment, in the order in which they are used: the first to expire first (RULES 13). */
export async function standingQuantities(
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  feature: string,
  at: Date,
): Promise<readonly Licence[]> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM licences
      WHERE agency_id = $1 AND customer_id = $2 AND kind = 'quantity' AND feature = $3 AND revoked_at IS NULL
        AND starts_at <= $4 AND (expires_at IS NULL OR expires_at > $4)
      ORDER BY expires_at NULLS LAST, id`,
    [agencyId, customerId, feature, at],
  );
  return licenceRows.parse(rows);
}

/** Whether a client is served by days of service at a moment, whatever it lives on. */
export async function hasServiceDays(sql: Sql, customer: CustomerKey, at: Date): Promise<boolean> {
  return (await standingDays(sql, customer, at)).some(({ startsAt }) => startsAt <= at);
}
