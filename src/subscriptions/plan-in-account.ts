import { z } from 'zod';
import type { PlanKey } from '../catalog/plan.store.ts';
import type { Sql } from '../database/database.ts';

const linkRows = z.array(z.object({ key: z.string(), remoteId: z.string(), active: z.boolean() }));

/** What an account has of a plan, as it was published there. */
export interface PlanAtProvider {
  /** The version that is for sale there now; null where the plan is not in the account. */
  readonly version: number | null;
  readonly inSync: boolean;
  readonly reason: string | null;
  /** Part -> the provider's id, of what is for sale now. */
  readonly remoteIds: ReadonlyMap<string, string>;
}

const publicationRows = z.array(z.object({ version: z.number(), status: z.string(), reason: z.string().nullable() }));

export async function planAtProvider(
  sql: Sql,
  { agencyId, planId }: PlanKey,
  merchantAccountId: string,
): Promise<PlanAtProvider> {
  const where = [agencyId, planId, merchantAccountId];
  const publication = await sql.query(
    'SELECT version, status, reason FROM publications WHERE agency_id = $1 AND plan_id = $2 AND merchant_account_id = $3',
    where,
  );
  const [published] = publicationRows.parse(publication.rows);
  const { rows } = await sql.query(
    `SELECT key, remote_id AS "remoteId", active FROM catalog_links
      WHERE agency_id = $1 AND plan_id = $2 AND merchant_account_id = $3 ORDER BY created_at, remote_id`,
    where,
  );
  const links = linkRows.parse(rows);
  return {
    version: published?.version ?? null,
    inSync: published?.status === 'in_sync' || published?.status === 'drifted',
    reason: published?.reason ?? null,
    remoteIds: new Map(links.filter(({ active }) => active).map(({ key, remoteId }) => [key, remoteId])),
  };
}

/**
 * Those of the prices that overage of any plan is invoiced by in the account, or ever was: the last overage of a plan comes on the first
 * invoice of the next.
 */
export async function overagePricesAmong(
  sql: Sql,
  merchantAccountId: string,
  priceIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await sql.query<{ remoteId: string }>(
    `SELECT remote_id AS "remoteId" FROM catalog_links
      WHERE merchant_account_id = $1 AND remote_id = ANY ($2) AND key LIKE 'overage:%'`,
    [merchantAccountId, priceIds],
  );
  return new Set(rows.map(({ remoteId }) => remoteId));
}
