import { inTransaction, type Sql } from '../database/database.ts';
import { conflict, notFound } from '../errors.ts';
import { recordChange } from '../tenancy/audit.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { loadAgencyOffers, platformPlansOf, saveAgencyOffers } from './offer.store.ts';
import { distinct, isSameList, problemsOf, refuseProblems } from './offer-problems.ts';
import { loadVersions } from './plan.store.ts';
import { announce } from './publish-plan.ts';
import { takeOutOfSale } from './sale-in-account.ts';

/** The platform's plans that an agency may resell or buy. Throws `AppError` 404 for an agency that is not there for the scope. */
export async function readAgencyOffers(sql: Sql, scope: Scope, agencyId: string): Promise<readonly string[]> {
  if ((agencyOf(scope) ?? agencyId) !== agencyId) throw notFound('agency');
  const { rows } = await sql.query('SELECT 1 FROM agencies WHERE id = $1', [agencyId]);
  if (rows.length === 0) throw notFound('agency');
  const planIds = await loadAgencyOffers(sql, agencyId);
  const there = new Set((await platformPlansOf(sql, planIds, 'none')).map(({ id }) => id));
  return planIds.filter((id) => there.has(id));
}

async function lockReseller(sql: Sql, agencyId: string): Promise<void> {
  const { rows } = await sql.query<{ isPlatform: boolean }>(
    'SELECT is_platform AS "isPlatform" FROM agencies WHERE id = $1 FOR NO KEY UPDATE',
    [agencyId],
  );
  const [agency] = rows;
  if (!agency) throw notFound('agency');
  if (!agency.isPlatform) return;
  const message = 'The platform sells its own plans: offer them to its customers by PUT /v1/customers/:id/offers.';
  throw conflict('platform_agency', message);
}

/** Offering a plan carries it to new accounts, so that offers send jobs too. */
export type OfferDependencies = Pick<CatalogDependencies, 'database' | 'clock' | 'jobs'>;

/**
 * Replaces what an agency may resell or buy of the platform's plans, sends what is new to its accounts and takes out of sale there what
 * is withdrawn. The platform's to decide. Throws `AppError` 404,
 * 409 `platform_agency` for the platform itself, and 422 with a code of its own for a plan that cannot be offered.
 */
export function setAgencyOffers(
  dependencies: OfferDependencies,
  scope: Scope,
  agencyId: string,
  planIds: readonly string[],
): Promise<readonly string[]> {
  const { database, clock } = dependencies;
  if (scope.role !== 'platform') throw notFound('agency');
  return inTransaction(database.pool, async (sql) => {
    await lockReseller(sql, agencyId);
    const before = await loadAgencyOffers(sql, agencyId);
    // Held, or a version published meanwhile would be announced by its old number.
    const plans = await platformPlansOf(sql, planIds, 'hold');
    const problems = problemsOf(planIds, plans, (path, { id, customerId }) => {
      if (customerId === null) return null;
      const message = `${id} was made for one client of the platform: leave it out, or duplicate it for everyone.`;
      return { code: 'offered_plan_custom', path, message };
    });
    refuseProblems(problems);
    const after = distinct(planIds);
    if (isSameList(before, after)) return after;
    await saveAgencyOffers(sql, agencyId, after, clock.now());
    const change = { agencyId, action: 'agency_offers.set', subject: agencyId };
    await recordChange(sql, clock, scope, { ...change, before: { planIds: before }, after: { planIds: after } });
    const withdrawnIds = before.filter((id) => !after.includes(id));
    const withdrawn = await platformPlansOf(sql, withdrawnIds, 'none');
    for (const { agencyId: owner, id: planId } of plans.filter(({ id }) => !before.includes(id))) {
      const key = { agencyId: owner, planId };
      const { published } = await loadVersions(sql, key);
      if (published) await announce(dependencies, sql, key, published.version, clock.now());
    }
    for (const { agencyId: owner, id: planId } of withdrawn) {
      await takeOutOfSale(dependencies, sql, { agencyId: owner, planId });
    }
    return after;
  });
}
