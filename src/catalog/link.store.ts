import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/database.ts';
import { inTransaction } from '../database/database.ts';
import type { LinkStore, StoredLink } from './apply.ts';
import type { CatalogLink } from './diff.ts';
import { partKinds } from './part.ts';
import type { PlanKey } from './plan.store.ts';
import type { PlanLocks } from './plan-lock.ts';

/** One plan in one account; `agencyId` is the plan's. */
export interface PlanInAccount {
  readonly agencyId: string;
  readonly planId: string;
  readonly merchantAccountId: string;
}

/** Names a plan in an account in maps and locks: both ids are unique by themselves. */
export const pairName = ({ planId, merchantAccountId }: Pick<PlanInAccount, 'planId' | 'merchantAccountId'>): string =>
  `${planId} ${merchantAccountId}`;

const linkRow = z.object({
  kind: z.enum(partKinds),
  key: z.string(),
  remoteId: z.string(),
  fingerprint: z.string(),
  active: z.boolean(),
});
const columns = 'kind, key, remote_id AS "remoteId", fingerprint, active';
const storedRows = z.array(linkRow.extend({ revision: z.number() }));

async function loadLinks(sql: Sql, where: PlanInAccount): Promise<readonly StoredLink[]> {
  const { rows } = await sql.query(
    `SELECT ${columns}, revision FROM catalog_links
     WHERE agency_id = $1 AND plan_id = $2 AND merchant_account_id = $3 ORDER BY created_at, remote_id`,
    [where.agencyId, where.planId, where.merchantAccountId],
  );
  return storedRows.parse(rows);
}

const linkOfPairRows = z.array(linkRow.extend({ planId: z.string(), merchantAccountId: z.string() }));

/** `pairName` -> the live links of the plan in the account. */
export async function loadLiveLinks(
  sql: Sql,
  plans: readonly PlanKey[],
): Promise<ReadonlyMap<string, readonly CatalogLink[]>> {
  const { rows } = await sql.query(
    `SELECT ${columns}, plan_id AS "planId", merchant_account_id AS "merchantAccountId" FROM catalog_links
     WHERE agency_id = ANY($1) AND plan_id = ANY($2) AND active`,
    [[...new Set(plans.map(({ agencyId }) => agencyId))], plans.map(({ planId }) => planId)],
  );
  const byPair = new Map<string, CatalogLink[]>();
  for (const { planId, merchantAccountId, ...link } of linkOfPairRows.parse(rows)) {
    const name = pairName({ planId, merchantAccountId });
    const links = byPair.get(name);
    if (links) links.push(link);
    else byPair.set(name, [link]);
  }
  return byPair;
}

export const linkStore = (database: Database, clock: Clock, locks: PlanLocks, where: PlanInAccount): LinkStore => ({
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
         ON CONFLICT (agency_id, merchant_account_id, plan_id, remote_id)
           DO UPDATE SET fingerprint = excluded.fingerprint, active = true, revision = catalog_links.revision + 1,
                         updated_at = excluded.updated_at`,
        [...part, made.kind, made.remoteId, made.fingerprint, now],
      );
    }),

  findShared: async (kind, fingerprint) => {
    const { rows } = await database.pool.query<{ remoteId: string }>(
      `SELECT remote_id AS "remoteId" FROM catalog_links
       WHERE agency_id = $1 AND merchant_account_id = $2 AND kind = $3 AND fingerprint = $4 AND active LIMIT 1`,
      [where.agencyId, where.merchantAccountId, kind, fingerprint],
    );
    return rows[0]?.remoteId ?? null;
  },

  exclusively: (name, work) => locks.hold(`catalog:${where.agencyId}:${where.merchantAccountId}:${name}`, work),
});
