import { inTransaction, type Sql } from '../database/database.ts';
import { conflict } from '../errors.ts';
import { insertWholePlan, isPlanThere, planIdOf } from './create-plan.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { loadVersions, lockPlan, type PlanKey, type PlanStatus, setPlanStatus } from './plan.store.ts';
import { type PlanDocument, withoutFrozen } from './plan-document.ts';

export type PlanSwitch = 'enable' | 'disable' | 'hide' | 'show';

/** From each status to the next; a status that is missing refuses. */
const statusAfter = {
  enable: { published: 'published', disabled: 'published' },
  disable: { published: 'disabled', disabled: 'disabled' },
} as const satisfies Record<string, Partial<Record<PlanStatus, PlanStatus>>>;

const refusals: Partial<Record<PlanStatus, { readonly code: string; readonly message: string }>> = {
  draft: { code: 'plan_not_published', message: 'A draft is not for sale: publish it first.' },
  archived: { code: 'plan_archived', message: 'An archived plan is not for sale again: duplicate it instead.' },
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
 * Turns one of a plan's switches; turning it twice is turning it once. Disabled stops new sales, hidden only
 * takes the plan off the list. Throws `AppError` 409 `plan_not_published`, `plan_archived`.
 */
export function switchPlan({ database, clock }: CatalogDependencies, key: PlanKey, turn: PlanSwitch): Promise<void> {
  return inTransaction(database.pool, async (sql) => {
    const now = clock.now();
    const { status } = await lockPlan(sql, key);
    if (turn === 'hide' || turn === 'show') return setVisibility(sql, key, turn === 'hide' ? 'hidden' : 'visible', now);
    const moves: Partial<Record<PlanStatus, PlanStatus>> = statusAfter[turn];
    const next = moves[status];
    if (next === undefined) {
      const refusal = refusals[status];
      throw conflict(refusal?.code ?? 'plan_state', refusal?.message ?? `A ${status} plan cannot ${turn}.`);
    }
    if (next !== status) await setPlanStatus(sql, key, next, now);
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

/** A new draft with everything of the plan's latest version but its name. The platform's revenue share is kept as it is. */
export function duplicatePlan(
  { database, clock }: CatalogDependencies,
  key: PlanKey,
  requestId: string | undefined,
): Promise<PlanKey> {
  const copy = { agencyId: key.agencyId, planId: planIdOf(requestId) };
  return inTransaction(database.pool, async (sql) => {
    if (await isPlanThere(sql, copy)) return copy;
    const { own } = await lockPlan(sql, key);
    const { draft, published } = await loadVersions(sql, key);
    const latest = draft ?? published;
    if (!latest) throw new Error(`plan ${key.planId} has no version`);
    const plan = withoutFrozen(latest.document);
    const name = await freeCopyName(sql, key.agencyId, own.name);
    await insertWholePlan(sql, copy, { ...plan, ...own, name }, clock.now());
    return copy;
  });
}
