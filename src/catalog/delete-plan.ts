import type { Scope } from '../tenancy/scope.ts';
import { changePlan } from './change-plan.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { hidePlanForGood, type PlanKey } from './plan.store.ts';
import { refusePlanInUse } from './plan-use.ts';
import { takeOutOfSale } from './sale-in-account.ts';

/**
 * Hides a plan for good: it is in no list, answers to no id, and its name is free again. Its rows stay, for what was
 * sold on it must remain readable. Throws `AppError` 404, 409 `plan_in_use`.
 */
export const deletePlan = (dependencies: CatalogDependencies, scope: Scope, key: PlanKey): Promise<void> =>
  changePlan(dependencies, scope, key, 'plan.deleted', async (sql) => {
    await refusePlanInUse(sql, dependencies.planUses, key);
    await hidePlanForGood(sql, key, dependencies.clock.now());
    await takeOutOfSale(dependencies, sql, key);
  });
