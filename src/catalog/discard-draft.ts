import { conflict } from '../errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { changePlan } from './change-plan.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { deleteDraft, loadVersions, type PlanKey } from './plan.store.ts';

/**
 * Drops the next version of a plan that is for sale; what is sold stays as it is. Throws `AppError` 404, and 409
 * `plan_without_draft` or `plan_not_published`.
 */
export const discardDraft = (dependencies: CatalogDependencies, scope: Scope, key: PlanKey): Promise<void> =>
  changePlan(dependencies, scope, key, 'plan.draft_discarded', async (sql) => {
    const { published, draft } = await loadVersions(sql, key);
    if (!draft) throw conflict('plan_without_draft', 'There is no draft to discard: PATCH the plan to make one.');
    if (!published) {
      throw conflict('plan_not_published', 'The plan is nothing but this draft: delete the plan instead.');
    }
    await deleteDraft(sql, key);
  });
