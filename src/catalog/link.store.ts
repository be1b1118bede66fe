import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/database.ts';
import { inTransaction } from '../database/database.ts';
import type { LinkStore } from './apply.ts';
import type { CatalogLink } from './diff.ts';

/** One plan in one account; `agencyId` is the plan's. */
export interface PlanInAccount {
  readonly agencyId: string;
  readonly planId: string;
  readonly merchantAccountId: string;
}

const linkRows = z.array(
  z.object({
    kind: z.enum(['product', 'price']),
    key: z.string(),
    remoteId: z.string(),
    fingerprint: z.string(),
    active: z.boolean(),
  }),
);

export async function loadLinks(sql: Sql, where: PlanInAccount): Promise<readonly CatalogLink[]> {
  const { rows } = await sql.query(
    `SELECT kind, key, remote_id AS "remoteId", fingerprint, active FROM catalog_links
     WHERE agency_id = $1 AND plan_id = $2 AND merchant_account_id = $3 ORDER BY created_at, remote_id`,
    [where.agencyId, where.planId, where.merchantAccountId],
  );
  return linkRows.parse(rows);
}

export const linkStore = (database: Database, clock: Clock, where: PlanInAccount): LinkStore => ({
  load: () => loadLinks(database.pool, where),

  replace: (key, made) =>
    inTransaction(database.pool, async (sql) => {
      const now = clock.now();
      const part = [where.agencyId, where.planId, where.merchantAccountId, key];
      await sql.query(
        `UPDATE catalog_links SET active = false, updated_at = $5
         WHERE agency_id = $1 AND plan_id = $2 AND merchant_account_id = $3 AND key = $4 AND active
           AND remote_id IS DISTINCT FROM $6`,
        [...part, now, made?.remoteId ?? null],
      );
      if (made === null) return;
      await sql.query(
        `INSERT INTO catalog_links
           (agency_id, plan_id, merchant_account_id, key, kind, remote_id, fingerprint, active, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, true, $8, $8)
         ON CONFLICT (agency_id, merchant_account_id, remote_id)
           DO UPDATE SET fingerprint = excluded.fingerprint, active = true, updated_at = excluded.updated_at`,
        [...part, made.kind, made.remoteId, made.fingerprint, now],
      );
    }),
});
