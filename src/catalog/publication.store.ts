import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { type PlanInAccount, pairName } from './link.store.ts';
import type { PlanKey } from './plan.store.ts';

/**
 * `pending` is written before the first write at the provider and stays until the last: whoever finds it knows that an
 * earlier run may have left something behind. `drifted`: somebody changed the remote objects.
 */
export const publicationStatuses = ['pending', 'in_sync', 'drifted', 'blocked'] as const;
export type PublicationStatus = (typeof publicationStatuses)[number];

export interface Publication {
  readonly version: number;
  readonly status: PublicationStatus;
  readonly reason: string | null;
}

const publicationRows = z.array(
  z.object({
    planId: z.string(),
    merchantAccountId: z.string(),
    version: z.number(),
    status: z.enum(publicationStatuses),
    reason: z.string().nullable(),
  }),
);

/** `pairName` -> how far the plan is in the account; absent where it was never sent. */
export async function loadPublications(sql: Sql, plans: readonly PlanKey[]): Promise<ReadonlyMap<string, Publication>> {
  const { rows } = await sql.query(
    `SELECT plan_id AS "planId", merchant_account_id AS "merchantAccountId", version, status, reason FROM publications
     WHERE agency_id = ANY($1) AND plan_id = ANY($2)`,
    [[...new Set(plans.map(({ agencyId }) => agencyId))], plans.map(({ planId }) => planId)],
  );
  return new Map(publicationRows.parse(rows).map((row) => [pairName(row), row]));
}

export async function savePublication(sql: Sql, where: PlanInAccount, next: Publication, now: Date): Promise<void> {
  await sql.query(
    `INSERT INTO publications (agency_id, plan_id, merchant_account_id, version, status, reason, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (agency_id, plan_id, merchant_account_id)
       DO UPDATE SET version = excluded.version, status = excluded.status, reason = excluded.reason,
                     updated_at = excluded.updated_at`,
    [where.agencyId, where.planId, where.merchantAccountId, next.version, next.status, next.reason, now],
  );
}
