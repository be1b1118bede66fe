import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { endUnclaimed, openCheckoutOfRequest } from './checkout.store.ts';
import { underWay } from './claim.ts';
import { storedLines } from './sold-lines.ts';
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
      lines: storedLines.nullable(),
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
            collection, lines, effective_at AS "effectiveAt"
       FROM subscription_changes WHERE agency_id = $1 AND subscription_id = $2 AND status = 'pending'`,
    [agencyId, id],
  );
  return changeRows.parse(rows)[0] ?? null;
}

const planRows = z.array(
  z
    .object({ planAgencyId: z.string(), planId: z.string(), planVersion: z.number() })
    .transform(({ planAgencyId, planId, planVersion }) => ({ plan: { agencyId: planAgencyId, planId }, planVersion })),
);

/** The plan that a change led to, whatever became of it; null where the subscription has no such change. */
export async function planOfChange(
  sql: Sql,
  { agencyId, id }: Key,
  changeId: string,
): Promise<Pick<PendingChange, 'plan' | 'planVersion'> | null> {
  const { rows } = await sql.query(
    `SELECT plan_agency_id AS "planAgencyId", plan_id AS "planId", plan_version AS "planVersion"
       FROM subscription_changes WHERE agency_id = $1 AND subscription_id = $2 AND id = $3`,
    [agencyId, id, changeId],
  );
  return planRows.parse(rows)[0] ?? null;
}

export async function insertChange(sql: Sql, change: PendingChange, now: Date): Promise<void> {
  const c = change;
  await sql.query(
    `INSERT INTO subscription_changes (agency_id, id, customer_id, subscription_id, plan_agency_id, plan_id, plan_version, cycle,
                                       add_ons, collection, lines, status, effective_at, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'pending', $12, $13)`,
    [
      ...[c.agencyId, c.id, c.customerId, c.subscriptionId, c.plan.agencyId, c.plan.planId, c.planVersion, c.cycle],
      ...[JSON.stringify(c.addOns), c.collection, c.lines && JSON.stringify(c.lines), c.effectiveAt, now],
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

/**
 * Takes back a change that waits, and with it the subscription by card that it may have begun. Throws 409 `subscription_under_way` while
 * the provider is asked for that one.
 */
export async function takeBackChange(
  sql: Sql,
  change: PendingChange,
  status: 'canceled' | 'replaced',
  now: Date,
): Promise<void> {
  const begun = await openCheckoutOfRequest(sql, change.agencyId, change.id);
  if (begun && !(await endUnclaimed(sql, begun, now))) throw underWay();
  await endPendingChange(sql, { agencyId: change.agencyId, id: change.subscriptionId }, status, now);
}

/** Says that the provider has taken the change in, and when it makes it. */
export async function saveCarried(
  sql: Sql,
  { agencyId, id }: Pick<PendingChange, 'agencyId' | 'id'>,
  effectiveAt: Date,
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE subscription_changes SET effective_at = $3, carried_at = $4
      WHERE agency_id = $1 AND id = $2 AND status = 'pending'`,
    [agencyId, id, effectiveAt, now],
  );
}

/**
 * A subscription by card that is paid outside from its next cycle on ends at its provider for that reason alone: nobody wants it to be
 * over.
 */
export const isEnding = (
  { cancelAt, collection }: Pick<Subscription, 'cancelAt' | 'collection'>,
  pending: Pick<PendingChange, 'collection'> | null,
): boolean => cancelAt !== null && !(collection === 'card' && pending?.collection === 'offline');
