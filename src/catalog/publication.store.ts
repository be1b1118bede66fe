import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import type { PlanInAccount } from './link.store.ts';

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

const publicationRow = z.object({
  version: z.number(),
  status: z.enum(publicationStatuses),
  reason: z.string().nullable(),
});

export async function loadPublication(sql: Sql, where: PlanInAccount): Promise<Publication | null> {
  const { rows } = await sql.query(
    `SELECT version, status, reason FROM publications
     WHERE agency_id = $1 AND plan_id = $2 AND merchant_account_id = $3`,
    [where.agencyId, where.planId, where.merchantAccountId],
  );
  return rows.length === 0 ? null : publicationRow.parse(rows[0]);
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
