import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { addOnsSchema, collectionSchema, cycleSchema, type Subscription } from './subscription.ts';

const changeRows = z.array(
  z
    .object({
      agencyId: z.string(),
      id: z.string(),
      customerId: z.string(),
      subscriptionId: z.string(),
      planAgencyId: z.string(),
      planId: z.string(),
      planVersion: z.number(),
      cycle: cycleSchema.nullable(),
      addOns: addOnsSchema,
      collection: collectionSchema,
      effectiveAt: z.date(),
    })
    .transform(({ planAgencyId, planId, ...row }) => ({ ...row, plan: { agencyId: planAgencyId, planId } })),
);

/** What a subscription becomes at its next cycle. */
export type PendingChange = z.output<typeof changeRows>[number];

type Key = Pick<Subscription, 'agencyId' | 'id'>;

export async function pendingChangeOf(sql: Sql, { agencyId, id }: Key): Promise<PendingChange | null> {
  const { rows } = await sql.query(
    `SELECT agency_id AS "agencyId", id, customer_id AS "customerId", subscription_id AS "subscriptionId",
            plan_agency_id AS "planAgencyId", plan_id AS "planId", plan_version AS "planVersion", cycle, add_ons AS "addOns",
            collection, effective_at AS "effectiveAt"
       FROM subscription_changes WHERE agency_id = $1 AND subscription_id = $2 AND status = 'pending'`,
    [agencyId, id],
  );
  return changeRows.parse(rows)[0] ?? null;
}

export async function insertChange(sql: Sql, change: PendingChange, now: Date): Promise<void> {
  const c = change;
  await sql.query(
    `INSERT INTO subscription_changes (agency_id, id, customer_id, subscription_id, plan_agency_id, plan_id, plan_version, cycle,
                                       add_ons, collection, status, effective_at, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', $11, $12)`,
    [
      ...[c.agencyId, c.id, c.customerId, c.subscriptionId, c.plan.agencyId, c.plan.planId, c.planVersion, c.cycle],
      ...[JSON.stringify(c.addOns), c.collection, c.effectiveAt, now],
    ],
  );
}

/** Answers whether there was one to end. */
export async function endPendingChange(
  sql: Sql,
  { agencyId, id }: Key,
  status: 'applied' | 'canceled' | 'replaced',
  now: Date,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `UPDATE subscription_changes SET status = $3, ended_at = $4
      WHERE agency_id = $1 AND subscription_id = $2 AND status = 'pending'`,
    [agencyId, id, status, now],
  );
  return rowCount === 1;
}
