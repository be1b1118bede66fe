import { inTransaction, type Sql } from '../database/database.ts';
import { AppError, notFound } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Scope } from '../tenancy/scope.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { insertDraft, insertPlan, type PlanKey } from './plan.store.ts';
import type { NewPlan, PlanDocument } from './plan-document.ts';
import { refuseWrongPlan } from './plan-facts.ts';
import { publishInTransaction } from './publish-plan.ts';

const platformId = 'SELECT id FROM agencies WHERE is_platform';

/** Whose plan it will be: an agency's own; for the platform the one it names, else itself. */
async function ownerOf(sql: Sql, scope: Scope, agencyId: string | undefined): Promise<string> {
  if (scope.role !== 'platform' && agencyId !== undefined && agencyId !== scope.agencyId) throw notFound('agency');
  const asked = scope.role === 'platform' ? agencyId : scope.agencyId;
  const { rows } = await sql.query<{ id: string }>(
    asked === undefined ? platformId : 'SELECT id FROM agencies WHERE id = $1',
    asked === undefined ? [] : [asked],
  );
  const [owner] = rows;
  if (!owner) throw notFound('agency');
  return owner.id;
}

/** Percentages are the platform's to set: an agency would otherwise decide what it owes. Throws `AppError` 403. */
export function refuseForeignShare(scope: Scope, revenueShare: PlanDocument['revenueShare'] | undefined): void {
  if (scope.role === 'platform' || revenueShare === undefined || revenueShare === null) return;
  const message = 'Only the platform sets a revenue share: leave revenueShare out, or ask the platform for the plan.';
  throw new AppError(403, 'revenue_share_platform_only', message, [{ path: 'revenueShare', message }]);
}

/** A plan and its first version, a draft; null `document.frozen` until it is published. */
export async function insertWholePlan(sql: Sql, agencyId: string, plan: PlanDocument, now: Date): Promise<PlanKey> {
  const key = { agencyId, planId: newId('plan') };
  await insertPlan(sql, key, plan, now);
  await insertDraft(sql, key, { id: newId('planVersion'), version: 1, document: { ...plan, frozen: null } }, now);
  return key;
}

/** Drafts a plan and, where `publish` is set, publishes it in the same transaction: both or neither. */
export function createPlan(dependencies: CatalogDependencies, scope: Scope, body: NewPlan): Promise<PlanKey> {
  const { agencyId, publish, ...plan } = body;
  refuseForeignShare(scope, plan.revenueShare);
  return inTransaction(dependencies.database.pool, async (sql) => {
    const owner = await ownerOf(sql, scope, agencyId);
    await refuseWrongPlan(sql, dependencies.providers, owner, plan);
    const key = await insertWholePlan(sql, owner, plan, dependencies.clock.now());
    if (publish) await publishInTransaction(dependencies, sql, key);
    return key;
  });
}
