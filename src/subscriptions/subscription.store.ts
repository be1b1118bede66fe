import { z } from 'zod';
import type { CustomerKey } from '../catalog/offer.store.ts';
import type { PlanKey } from '../catalog/plan.store.ts';
import { versionDocumentSchema } from '../catalog/plan-document.ts';
import type { Sql } from '../database/database.ts';
import { cycleSchema, type Subscription, subscriptionStatusSchema } from './subscription.ts';

const subscriptionRows = z.array(
  z
    .object({
      id: z.string(),
      agencyId: z.string(),
      customerId: z.string(),
      planAgencyId: z.string(),
      planId: z.string(),
      planVersion: z.number(),
      status: subscriptionStatusSchema,
      cycle: cycleSchema.nullable(),
      merchantAccountId: z.string().nullable(),
      startedAt: z.date(),
      endedAt: z.date().nullable(),
      document: versionDocumentSchema,
    })
    .transform(
      ({ planAgencyId, planId, ...row }): Subscription => ({ ...row, plan: { agencyId: planAgencyId, planId } }),
    ),
);

const selectSubscriptions = `
  SELECT s.id, s.agency_id AS "agencyId", s.customer_id AS "customerId", s.plan_agency_id AS "planAgencyId",
         s.plan_id AS "planId", s.plan_version AS "planVersion", s.status, s.cycle,
         s.merchant_account_id AS "merchantAccountId", s.started_at AS "startedAt", s.ended_at AS "endedAt", v.document
  FROM subscriptions s
  JOIN plan_versions v ON v.agency_id = s.plan_agency_id AND v.plan_id = s.plan_id AND v.version = s.plan_version
  WHERE s.agency_id = $1 AND s.customer_id = $2`;

/** The client's live subscription; null without one. */
export async function loadLive(sql: Sql, { agencyId, customerId }: CustomerKey): Promise<Subscription | null> {
  const { rows } = await sql.query(`${selectSubscriptions} AND s.ended_at IS NULL`, [agencyId, customerId]);
  return subscriptionRows.parse(rows)[0] ?? null;
}

/** The live one, else the one that ended last; null where there never was one. */
export async function loadLatest(sql: Sql, { agencyId, customerId }: CustomerKey): Promise<Subscription | null> {
  const { rows } = await sql.query(`${selectSubscriptions} ORDER BY s.ended_at DESC NULLS FIRST, s.id DESC LIMIT 1`, [
    agencyId,
    customerId,
  ]);
  return subscriptionRows.parse(rows)[0] ?? null;
}

/** One of the client's by its id, live or over. */
export async function loadSubscription(
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  id: string,
): Promise<Subscription | null> {
  const { rows } = await sql.query(`${selectSubscriptions} AND s.id = $3`, [agencyId, customerId, id]);
  return subscriptionRows.parse(rows)[0] ?? null;
}

export async function insertSubscription(sql: Sql, subscription: Subscription): Promise<void> {
  const { agencyId, id, customerId, plan, planVersion, status, cycle, merchantAccountId, startedAt } = subscription;
  await sql.query(
    `INSERT INTO subscriptions (agency_id, id, customer_id, plan_agency_id, plan_id, plan_version, status, cycle,
                                merchant_account_id, started_at, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10)`,
    [
      ...[agencyId, id, customerId, plan.agencyId, plan.planId, planVersion],
      ...[status, cycle, merchantAccountId, startedAt],
    ],
  );
}

export async function endSubscription(
  sql: Sql,
  { agencyId, id }: Pick<Subscription, 'agencyId' | 'id'>,
  status: 'canceled' | 'expired',
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE subscriptions SET status = $3, ended_at = $4, updated_at = $4
     WHERE agency_id = $1 AND id = $2 AND ended_at IS NULL`,
    [agencyId, id, status, now],
  );
}

/** The live ones on any version of a plan: everybody's or, where `soldBy` names one, those of that agency's clients. */
export async function countLiveOn(sql: Sql, { agencyId, planId }: PlanKey, soldBy: string | null): Promise<number> {
  const { rows } = await sql.query<{ live: number }>(
    `SELECT count(*)::int AS live FROM subscriptions
     WHERE plan_agency_id = $1 AND plan_id = $2 AND ended_at IS NULL AND ($3::text IS NULL OR agency_id = $3)`,
    [agencyId, planId, soldBy],
  );
  return rows[0]?.live ?? 0;
}
