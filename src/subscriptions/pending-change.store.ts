import { z } from 'zod';
import type { PlanKey } from '../catalog/plan.store.ts';
import { type VersionDocument, versionDocumentSchema } from '../catalog/plan-document.ts';
import type { Sql } from '../database/database.ts';
import { addOnsSchema, collectionSchema, cycleSchema, type Subscription } from './subscription.ts';

/** What a subscription becomes at its next cycle. */
export interface PendingChange extends Pick<Subscription, 'plan' | 'planVersion' | 'cycle' | 'addOns' | 'collection'> {
  readonly id: string;
  readonly effectiveAt: Date;
  readonly document: VersionDocument;
}

const changeRows = z.array(
  z
    .object({
      id: z.string(),
      planAgencyId: z.string(),
      planId: z.string(),
      planVersion: z.number(),
      cycle: cycleSchema.nullable(),
      addOns: addOnsSchema,
      collection: collectionSchema,
      effectiveAt: z.date(),
      document: versionDocumentSchema,
    })
    .transform(({ planAgencyId, planId, ...row }): PendingChange & { readonly plan: PlanKey } => ({
      ...row,
      plan: { agencyId: planAgencyId, planId },
    })),
);

type Changed = Pick<Subscription, 'agencyId' | 'id'>;

/** The change that waits for the next cycle; null without one. */
export async function loadPendingChange(sql: Sql, { agencyId, id }: Changed): Promise<PendingChange | null> {
  const { rows } = await sql.query(
    `SELECT c.id, c.plan_agency_id AS "planAgencyId", c.plan_id AS "planId", c.plan_version AS "planVersion", c.cycle,
            c.add_ons AS "addOns", c.collection, c.effective_at AS "effectiveAt", v.document
       FROM subscription_changes c
       JOIN plan_versions v ON v.agency_id = c.plan_agency_id AND v.plan_id = c.plan_id AND v.version = c.plan_version
      WHERE c.agency_id = $1 AND c.subscription_id = $2 AND c.status = 'pending'`,
    [agencyId, id],
  );
  return changeRows.parse(rows)[0] ?? null;
}

/** Ends the change that waits, if one does. */
export async function endPendingChange(
  sql: Sql,
  { agencyId, id }: Changed,
  status: 'applied' | 'canceled' | 'replaced',
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE subscription_changes SET status = $3, ended_at = $4
      WHERE agency_id = $1 AND subscription_id = $2 AND status = 'pending'`,
    [agencyId, id, status, now],
  );
}
