import { inTransaction, type Sql } from '../database/database.ts';
import { conflict } from '../errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { freezeUsage } from './account-price.ts';
import { carriersOfPlan, ratesFor } from './carriers.ts';
import { changePlanIn } from './change-plan.ts';
import { type CatalogDependencies, publishJobName } from './dependencies.ts';
import {
  type LockedPlan,
  loadVersions,
  type PlanKey,
  publishDraft,
  setPlanStatus,
  updatePlanRow,
} from './plan.store.ts';
import { type PlanDocument, type VersionDocument, withoutFrozen } from './plan-document.ts';
import { refuseWrongPlan } from './plan-facts.ts';
import { savePublication } from './publication.store.ts';

/**
 * Publishes a plan: its draft becomes the version for sale, its usage prices frozen in USD at the rate of this moment, and one
 * job per account carries it there, all in one transaction. Publishing again without a draft only sends the
 * jobs again. Throws `AppError` 409 `plan_archived`, and 422 where a rule no longer holds.
 */
export const publishPlan = (dependencies: CatalogDependencies, scope: Scope, key: PlanKey): Promise<void> =>
  inTransaction(dependencies.database.pool, (sql) => publishInTransaction(dependencies, sql, scope, key));

export const publishInTransaction = (
  dependencies: CatalogDependencies,
  sql: Sql,
  scope: Scope,
  key: PlanKey,
): Promise<void> =>
  changePlanIn(dependencies, sql, scope, key, 'plan.published', (_sql, plan) => publish(dependencies, sql, key, plan));

async function publish(
  dependencies: CatalogDependencies,
  sql: Sql,
  key: PlanKey,
  { status, own }: LockedPlan,
): Promise<void> {
  const now = dependencies.clock.now();
  if (status === 'archived')
    throw conflict('plan_archived', 'An archived plan is not sold again: duplicate it instead.');
  const { published, draft } = await loadVersions(sql, key);

  if (draft) {
    const document = await frozenPlan(dependencies, sql, key.agencyId, { ...withoutFrozen(draft.document), ...own });
    await publishDraft(sql, key, document, now);
    await updatePlanRow(sql, key, document, document, now);
    // A plan that was switched off stays off with its new version.
    if (status === 'draft') await setPlanStatus(sql, key, 'published', now);
  }
  const version = draft?.version ?? published?.version;
  if (version === undefined) throw new Error(`plan ${key.planId} has no version`);
  await announce(dependencies, sql, key, version, now);
}

/** The plan with its usage prices in USD at the rate of this moment. Throws `AppError` for each rule that it breaks. */
export async function frozenPlan(
  { providers }: Pick<CatalogDependencies, 'providers'>,
  sql: Sql,
  agencyId: string,
  plan: PlanDocument,
): Promise<VersionDocument> {
  await refuseWrongPlan(sql, providers, agencyId, plan);
  const usdRate = plan.currency === 'USD' ? '1' : (await ratesFor(sql, agencyId)).get(plan.currency);
  if (usdRate === undefined) throw new Error(`a plan in ${plan.currency} passed its checks without a rate`);
  return { ...plan, frozen: freezeUsage(plan, usdRate) };
}

/** Sends a version to every account that carries the plan: one job each, in the transaction that makes it necessary. */
export async function announce(
  { jobs }: Pick<CatalogDependencies, 'jobs'>,
  sql: Sql,
  key: PlanKey,
  version: number,
  now: Date,
): Promise<void> {
  for (const { id: merchantAccountId } of await carriersOfPlan(sql, key)) {
    const where = { ...key, merchantAccountId };
    await savePublication(sql, where, { version, status: 'pending', reason: null }, now);
    await jobs.enqueue(sql, {
      name: publishJobName,
      payload: { ...where },
      key: `${publishJobName}:${key.planId}:${merchantAccountId}`,
    });
  }
}
