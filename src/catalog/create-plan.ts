import { inTransaction, type Sql } from '../database/database.ts';
import { AppError, notFound } from '../errors.ts';
import { idOfRequest, newId } from '../ids.ts';
import type { Scope } from '../tenancy/scope.ts';
import { recordNewPlan } from './change-plan.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { insertDraft, insertPlan, loadVersions, type PlanKey } from './plan.store.ts';
import type { NewPlan, PlanDocument, VersionDocument } from './plan-document.ts';
import { refuseWrongPlan } from './plan-facts.ts';
import { frozenPlan, publishInTransaction } from './publish-plan.ts';

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

/** Percentages are the platform's to set or to drop: an agency would otherwise decide what it owes. Throws `AppError` 403. */
export function refuseChangedShare(
  scope: Scope,
  before: PlanDocument['revenueShare'],
  after: PlanDocument['revenueShare'],
): void {
  if (scope.role === 'platform' || before?.agencyPercent === after?.agencyPercent) return;
  const message =
    'Only the platform sets a revenue share: leave revenueShare as it is, or ask the platform for the plan.';
  throw new AppError(403, 'platform_only', message, [{ path: 'revenueShare', message }]);
}

/** The plan that a request makes: the same request, resumed after a crash, names the same plan. */
export const planIdOf = (requestId: string | undefined): string =>
  requestId === undefined ? newId('plan') : idOfRequest('plan', requestId);

export async function isPlanThere(sql: Sql, { agencyId, planId }: PlanKey): Promise<boolean> {
  const { rows } = await sql.query('SELECT 1 FROM plans WHERE agency_id = $1 AND id = $2', [agencyId, planId]);
  return rows.length > 0;
}

/** A plan and its first version, a draft. */
export async function insertWholePlan(sql: Sql, key: PlanKey, plan: PlanDocument, now: Date): Promise<void> {
  await insertPlan(sql, key, plan, now);
  await insertDraft(sql, key, { id: newId('planVersion'), version: 1, document: { ...plan, frozen: null } }, now);
}

/**
 * Drafts a plan and, where `publish` is set, publishes it in the same transaction: both or neither. `requestId` is the
 * idempotent request behind it, if there is one: it makes its plan once.
 */
export function createPlan(
  dependencies: CatalogDependencies,
  scope: Scope,
  body: NewPlan,
  requestId: string | undefined,
): Promise<PlanKey> {
  const { agencyId, publish, ...plan } = body;
  refuseChangedShare(scope, null, plan.revenueShare);
  return inTransaction(dependencies.database.pool, async (sql) => {
    const owner = await ownerOf(sql, scope, agencyId);
    const key = { agencyId: owner, planId: planIdOf(requestId) };
    if (await isPlanThere(sql, key)) return key;
    await refuseWrongPlan(sql, dependencies.providers, owner, plan);
    await insertWholePlan(sql, key, plan, dependencies.clock.now());
    await recordNewPlan(dependencies, sql, scope, key);
    if (publish) await publishInTransaction(dependencies, sql, scope, key);
    return key;
  });
}

/**
 * Throws what `createPlan` would throw for this plan or, where its name is taken, what changing that plan to this one would; makes
 * nothing.
 */
export const refuseWrongNewPlan = async (
  dependencies: CatalogDependencies,
  scope: Scope,
  body: NewPlan,
): Promise<void> => {
  await foreseeVersion(dependencies, scope, body);
};

/** As `refuseWrongNewPlan`; answers what publishing the plan at this moment would sell. */
export function foreseeVersion(
  dependencies: CatalogDependencies,
  scope: Scope,
  body: NewPlan,
): Promise<VersionDocument> {
  const { agencyId, publish: _, ...plan } = body;
  return inTransaction(dependencies.database.pool, async (sql) => {
    const owner = await ownerOf(sql, scope, agencyId);
    refuseChangedShare(scope, await shareOf(sql, owner, plan.name), plan.revenueShare);
    return frozenPlan(dependencies, sql, owner, plan);
  });
}

/** Of the plan that has the name now; null where none has it. */
async function shareOf(sql: Sql, agencyId: string, name: string): Promise<PlanDocument['revenueShare']> {
  const { rows } = await sql.query<{ id: string }>(
    'SELECT id FROM plans WHERE agency_id = $1 AND name = $2 AND deleted_at IS NULL',
    [agencyId, name],
  );
  const [plan] = rows;
  if (!plan) return null;
  const { draft, published } = await loadVersions(sql, { agencyId, planId: plan.id });
  return (draft ?? published)?.document.revenueShare ?? null;
}
