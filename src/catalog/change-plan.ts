import { inTransaction, type Sql } from '../database/database.ts';
import { type AuditedFields, recordChange } from '../tenancy/audit.ts';
import type { Scope } from '../tenancy/scope.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { fingerprint } from './part.ts';
import { type LockedPlan, loadPlanRow, loadVersions, lockPlan, type PlanKey } from './plan.store.ts';
import { withoutFrozen } from './plan-document.ts';

/** Everything about a plan that somebody can change, as the audit trail shows it. */
async function auditedPlan(sql: Sql, key: PlanKey): Promise<AuditedFields> {
  const { status, deleted, own } = await loadPlanRow(sql, key);
  const { published, draft } = await loadVersions(sql, key);
  const latest = draft ?? published;
  return {
    ...(latest && withoutFrozen(latest.document)),
    ...own,
    status,
    deleted,
    publishedVersion: published?.version ?? null,
    draftVersion: draft?.version ?? null,
    frozen: published?.document.frozen ?? null,
  };
}

const isSame = (a: unknown, b: unknown): boolean => fingerprint({ of: a }) === fingerprint({ of: b });

/** Both sides of what differs, and nothing else: a plan is long and a change is small. */
export function differences(
  before: AuditedFields,
  after: AuditedFields,
): { readonly before: AuditedFields; readonly after: AuditedFields } {
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (field) => !isSame(before[field], after[field]),
  );
  const only = (side: AuditedFields) => Object.fromEntries(changed.map((field) => [field, side[field] ?? null]));
  return { before: only(before), after: only(after) };
}

export type PlanAction =
  | 'plan.changed'
  | 'plan.published'
  | 'plan.draft_discarded'
  | 'plan.deleted'
  | `plan.switched_${'enable' | 'disable' | 'archive' | 'hide' | 'show'}`;

type Change = (sql: Sql, plan: LockedPlan) => Promise<void>;

/**
 * The one way to change a plan: locks it, lets `change` do it, and writes who changed what in the same transaction. A
 * change that leaves everything as it was writes nothing. Throws `AppError` 404 for a plan that is not there, and what `change` throws.
 */
export const changePlan = (
  dependencies: CatalogDependencies,
  scope: Scope,
  key: PlanKey,
  action: PlanAction,
  change: Change,
): Promise<void> =>
  inTransaction(dependencies.database.pool, (sql) => changePlanIn(dependencies, sql, scope, key, action, change));

/** The same inside a transaction that is open already. */
export async function changePlanIn(
  { clock }: Pick<CatalogDependencies, 'clock'>,
  sql: Sql,
  scope: Scope,
  key: PlanKey,
  action: PlanAction,
  change: Change,
): Promise<void> {
  const plan = await lockPlan(sql, key);
  const before = await auditedPlan(sql, key);
  await change(sql, plan);
  const changed = differences(before, await auditedPlan(sql, key));
  if (Object.keys(changed.after).length === 0) return;
  await recordChange(sql, clock, scope, { agencyId: key.agencyId, action, subject: key.planId, ...changed });
}

/** Writes that a plan has come to be, whole. */
export async function recordNewPlan(
  { clock }: Pick<CatalogDependencies, 'clock'>,
  sql: Sql,
  scope: Scope,
  key: PlanKey,
  origin: { readonly copyOf?: string } = {},
): Promise<void> {
  const after = { ...(await auditedPlan(sql, key)), ...origin };
  const action = origin.copyOf === undefined ? 'plan.created' : 'plan.duplicated';
  await recordChange(sql, clock, scope, { agencyId: key.agencyId, action, subject: key.planId, before: null, after });
}
