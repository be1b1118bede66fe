import type { Sql } from '../database/database.ts';
import { conflict } from '../errors.ts';
import type { PlanKey } from './plan.store.ts';

/**
 * A room that keeps something alive on a plan, such as subscriptions. The catalog asks each of them before it lets go of
 * a plan, inside the transaction that holds the plan's lock. A room that starts something on a plan takes the plan by
 * `requireBuyable` or `requireAssignable` in its own transaction, so that the two cannot miss each other.
 */
export interface PlanUse {
  /** What is counted, in the plural: `live subscriptions`. */
  readonly name: string;
  /** How many live ones stand on any version of the plan: of everybody's clients or, where `soldBy` names one, of that agency's. */
  count(sql: Sql, key: PlanKey, soldBy: string | null): Promise<number>;
}

/** Throws `AppError` 409 `plan_in_use`, naming every use. */
export async function refusePlanInUse(sql: Sql, uses: readonly PlanUse[], key: PlanKey): Promise<void> {
  const standing: string[] = [];
  for (const use of uses) {
    const count = await use.count(sql, key, null);
    if (count > 0) standing.push(`${use.name}: ${count}`);
  }
  if (standing.length === 0) return;
  throw conflict(
    'plan_in_use',
    `The plan is in use (${standing.join(', ')}). Archive it instead: nobody new gets it, and those who have it keep it.`,
  );
}
