import { conflict } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Scope } from '../tenancy/scope.ts';
import { changePlan } from './change-plan.ts';
import { refuseChangedShare } from './create-plan.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { fingerprint } from './part.ts';
import { insertDraft, loadVersions, type PlanKey, updateDraft, updatePlanRow } from './plan.store.ts';
import { type PlanDocument, type PlanPatch, planDocumentSchema, withoutFrozen } from './plan-document.ts';
import { refuseWrongPlan } from './plan-facts.ts';

const isSame = (a: object, b: object): boolean => fingerprint(a) === fingerprint(b);

/** What only lists and switches show: it is the plan's, not a version's, and changing it drafts nothing. */
const versioned = ({ name: _, visibility: __, ...rest }: PlanDocument): object => rest;

/**
 * Changes a plan. A draft is edited in place; a plan that is for sale keeps selling its version, and the change is
 * drafted as the next one. Throws `AppError`: 404, 409 `plan_archived` or `plan_name_taken`, 422 with the rule's own code.
 */
export function patchPlan(
  dependencies: CatalogDependencies,
  scope: Scope,
  key: PlanKey,
  patch: PlanPatch,
): Promise<void> {
  return changePlan(dependencies, scope, key, 'plan.changed', async (sql, { status, own }) => {
    const now = dependencies.clock.now();
    if (status === 'archived')
      throw conflict('plan_archived', 'An archived plan does not change: duplicate it instead.');
    const { published, draft } = await loadVersions(sql, key);
    const latest = draft ?? published;
    if (!latest) throw new Error(`plan ${key.planId} has no version`);

    const before = { ...withoutFrozen(latest.document), ...own };
    const after = planDocumentSchema.parse({ ...before, ...patch });
    refuseChangedShare(scope, before.revenueShare, after.revenueShare);
    await refuseWrongPlan(sql, dependencies.providers, key.agencyId, after);

    const document = { ...after, frozen: null };
    if (draft) await updateDraft(sql, key, document, now);
    else if (!isSame(versioned(before), versioned(after))) {
      await insertDraft(sql, key, { id: newId('planVersion'), version: latest.version + 1, document }, now);
    }
    await updatePlanRow(sql, key, after, published?.document ?? after, now);
  });
}
