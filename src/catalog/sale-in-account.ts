import type { Sql } from '../database/database.ts';
import { carriersOfPlans, readyAccount } from './carriers.ts';
import { type CatalogDependencies, publishJobName } from './dependencies.ts';
import type { PlanKey } from './plan.store.ts';
import type { Pair } from './standing.ts';

/**
 * What an account should have of a plan. `sold`: its published version. `kept`: whatever it has, for it is sold there no longer
 * and somebody still lives on it. `withdrawn`: nothing that can be bought.
 */
export type SaleInAccount = 'sold' | 'kept' | 'withdrawn';

/** The accounts that a plan is sold on, ready or not; none where it is archived or deleted. A disabled one may be sold again. */
async function sellersOf(sql: Sql, key: PlanKey): Promise<ReadonlySet<string>> {
  const { rows } = await sql.query(
    `SELECT 1 FROM plans
     WHERE agency_id = $1 AND id = $2 AND deleted_at IS NULL AND status IN ('published', 'disabled')`,
    [key.agencyId, key.planId],
  );
  const carriers = rows.length === 0 ? [] : ((await carriersOfPlans(sql, [key])).get(key.planId) ?? []);
  return new Set(carriers.map(({ id }) => id));
}

async function isUsedIn(
  { database: { pool }, planUses }: Pick<CatalogDependencies, 'database' | 'planUses'>,
  { key, account }: Pair,
): Promise<boolean> {
  const owner = await readyAccount(pool, account.id);
  // On the platform's account everybody may have sold.
  const soldBy = owner === undefined || owner.isPlatform ? null : owner.agencyId;
  const counts = await Promise.all(planUses.map((use) => use.count(pool, key, soldBy)));
  return counts.some((count) => count > 0);
}

export async function saleInAccount(
  dependencies: Pick<CatalogDependencies, 'database' | 'planUses'>,
  pair: Pair,
): Promise<SaleInAccount> {
  const sellers = await sellersOf(dependencies.database.pool, pair.key);
  if (sellers.has(pair.account.id)) return 'sold';
  return (await isUsedIn(dependencies, pair)) ? 'kept' : 'withdrawn';
}

/**
 * One job for each account that had a plan and sells it no longer, in the transaction that made it so. Each decides when it
 * runs: a plan that somebody still lives on there is kept until the last one has left.
 */
export async function takeOutOfSale(
  { jobs }: Pick<CatalogDependencies, 'jobs'>,
  sql: Sql,
  key: PlanKey,
): Promise<void> {
  const { rows } = await sql.query<{ merchantAccountId: string }>(
    `SELECT merchant_account_id AS "merchantAccountId" FROM publications
     WHERE agency_id = $1 AND plan_id = $2 ORDER BY merchant_account_id`,
    [key.agencyId, key.planId],
  );
  const sellers = await sellersOf(sql, key);
  for (const { merchantAccountId } of rows.filter((row) => !sellers.has(row.merchantAccountId))) {
    await jobs.enqueue(sql, {
      name: publishJobName,
      payload: { ...key, merchantAccountId },
      key: `${publishJobName}:${key.planId}:${merchantAccountId}`,
    });
  }
}
