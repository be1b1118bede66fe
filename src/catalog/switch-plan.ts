import { inTransaction, type Sql } from '../database/database.ts';
import { conflict } from '../errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { changePlan, recordNewPlan } from './change-plan.ts';
import { insertWholePlan, isPlanThere, planIdOf, refuseChangedShare } from './create-plan.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { loadVersions, lockPlan, type PlanKey, type PlanStatus, setPlanStatus } from './plan.store.ts';
import { type PlanDocument, withoutFrozen } from './plan-document.ts';
import { takeOutOfSale } from './sale-in-account.ts';

export const planSwitches = ['enable', 'disable', 'archive', 'hide', 'show'] as const;
export type PlanSwitch = (typeof planSwitches)[number];

interface SwitchRefusal {
  readonly code: string;
  readonly message: string;
}

const notPublished: SwitchRefusal = {
  code: 'plan_not_published',
  message: 'A draft is not for sale yet: publish it first, or delete it.',
};
const forGood: SwitchRefusal = {
  code: 'plan_archived',
  message: 'An archived plan is not for sale again: duplicate it instead.',
};

/** From each status to the next, or why not. Nothing leads out of `archived`. */
const moves: Readonly<
  Record<'enable' | 'disable' | 'archive', Readonly<Record<PlanStatus, PlanStatus | SwitchRefusal>>>
> = {
  enable: { draft: notPublished, published: 'published', disabled: 'published', archived: forGood },
  disable: { draft: notPublished, published: 'disabled', disabled: 'disabled', archived: forGood },
  archive: { draft: notPublished, published: 'archived', disabled: 'archived', archived: 'archived' },
};

async function setVisibility(sql: Sql, key: PlanKey, visibility: PlanDocument['visibility'], now: Date): Promise<void> {
  await sql.query('UPDATE plans SET visibility = $3, updated_at = $4 WHERE agency_id = $1 AND id = $2', [
    key.agencyId,
    key.planId,
    visibility,
    now,
  ]);
}

/**
 * Turns one of a plan's switches; turning it twice is turning it once. Disabled stops new sales until it is enabled again,
 * archived stops them for good, hidden only takes the plan off the list; what was sold goes on under each of
 * them. Throws `AppError` 409 `plan_not_published`, `plan_archived`.
 */
export function switchPlan(
  dependencies: CatalogDependencies,
  scope: Scope,
  key: PlanKey,
  turn: PlanSwitch,
): Promise<void> {
  return changePlan(dependencies, scope, key, `plan.switched_${turn}`, async (sql, { status, own }) => {
    const now = dependencies.clock.now();
    if (turn === 'hide' || turn === 'show') {
      const visibility = turn === 'hide' ? 'hidden' : 'visible';
      if (visibility !== own.visibility) await setVisibility(sql, key, visibility, now);
      return;
    }
    const next = moves[turn][status];
    if (typeof next !== 'string') throw conflict(next.code, next.message);
    if (next === status) return;
    await setPlanStatus(sql, key, next, now);
    if (next === 'archived') await takeOutOfSale(dependencies, sql, key);
  });
}

const copyName = (name: string, number: number): string => {
  const suffix = number === 1 ? '-copy' : `-copy-${number}`;
  return `${name.slice(0, 100 - suffix.length)}${suffix}`;
};

async function freeCopyName(sql: Sql, agencyId: string, name: string): Promise<string> {
  const { rows } = await sql.query<{ name: string }>(
    'SELECT name FROM plans WHERE agency_id = $1 AND deleted_at IS NULL',
    [agencyId],
  );
  const taken = new Set(rows.map((row) => row.name));
  for (let number = 1; ; number += 1) {
    const candidate = copyName(name, number);
    if (!taken.has(candidate)) return candidate;
  }
}

/**
 * A new draft with everything of the plan's latest version but its name. A plan that shares revenue is the platform's to duplicate: the
 * copy would keep its percentage whatever the platform later makes of the original's. Throws `AppError` 403 `platform_only`.
 */
export function duplicatePlan(
  dependencies: CatalogDependencies,
  scope: Scope,
  key: PlanKey,
  requestId: string | undefined,
): Promise<PlanKey> {
  const copy = { agencyId: key.agencyId, planId: planIdOf(requestId) };
  return inTransaction(dependencies.database.pool, async (sql) => {
    if (await isPlanThere(sql, copy)) return copy;
    const { own } = await lockPlan(sql, key);
    const { draft, published } = await loadVersions(sql, key);
    const latest = draft ?? published;
    if (!latest) throw new Error(`plan ${key.planId} has no version`);
    const plan = withoutFrozen(latest.document);
    refuseChangedShare(scope, null, plan.revenueShare);
    const name = await freeCopyName(sql, key.agencyId, own.name);
    await insertWholePlan(sql, copy, { ...plan, ...own, name }, dependencies.clock.now());
    await recordNewPlan(dependencies, sql, scope, copy, { copyOf: key.planId });
    return copy;
  });
}
