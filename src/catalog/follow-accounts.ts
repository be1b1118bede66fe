import type { Sql } from '../database/database.ts';
import type { AccountListener } from '../merchant-accounts/mirror-account.ts';
import { carriersOfPlans } from './carriers.ts';
import { type CatalogDependencies, publishJobName } from './dependencies.ts';
import type { PlanKey } from './plan.store.ts';
import { savePublication } from './publication.store.ts';
import { takeOutOfSale } from './sale-in-account.ts';
import { isSettled, standingsOf } from './standing.ts';

/**
 * The agency's own plans and those of the platform that it resells, published or switched off for a while; for the platform, which
 * carries them, those of agencies without an active account too.
 */
const selectPlans = `
SELECT p.agency_id AS "agencyId", p.id AS "planId" FROM plans p
 WHERE p.deleted_at IS NULL AND p.status IN ('published', 'disabled')
   AND (p.agency_id = $1 OR p.id IN (SELECT unnest(plan_ids) FROM agency_offers WHERE agency_id = $1)
        OR (EXISTS (SELECT FROM agencies WHERE id = $1 AND is_platform)
            AND NOT EXISTS (SELECT FROM merchant_accounts WHERE agency_id = p.agency_id AND status = 'active')))
 ORDER BY p.id`;

/** Does an account sell now, and by what: what its prices were made from. */
const saleOf = (account: { status: string; effectiveCurrency: string; chargeCurrency: string; usdRate: unknown }) =>
  `${account.status === 'active'} ${account.effectiveCurrency} ${account.chargeCurrency} ${String(account.usdRate)}`;

/**
 * When an account begins or ceases to take payments, or its terms change, the agency's plans are sent to the accounts that carry them
 * now, in the transaction of the change; accounts that carry them no longer take them out of sale.
 */
export const followAccounts =
  (dependencies: Pick<CatalogDependencies, 'clock' | 'jobs'>): AccountListener =>
  async (sql, { before, after }) => {
    if (before && saleOf(before) === saleOf(after)) return;
    const { rows } = await sql.query<PlanKey>(selectPlans, [after.agencyId]);
    await announceAll(dependencies, sql, rows);
    for (const plan of rows) await takeOutOfSale(dependencies, sql, plan);
  };

/** One job for each plan and account where something is left to do. */
async function announceAll(
  { clock, jobs }: Pick<CatalogDependencies, 'clock' | 'jobs'>,
  sql: Sql,
  plans: readonly PlanKey[],
): Promise<void> {
  if (plans.length === 0) return;
  const carriers = await carriersOfPlans(sql, plans);
  const pairs = plans.flatMap((key) => (carriers.get(key.planId) ?? []).map((account) => ({ key, account })));
  for (const standing of await standingsOf(sql, pairs)) {
    if (standing.account.obstacle !== undefined || isSettled(standing)) continue;
    const { where, version } = standing;
    await savePublication(sql, where, { version, status: 'pending', reason: null }, clock.now());
    await jobs.enqueue(sql, {
      name: publishJobName,
      payload: { ...where },
      key: `${publishJobName}:${where.planId}:${where.merchantAccountId}`,
    });
  }
}
