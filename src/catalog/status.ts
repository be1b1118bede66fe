import type { Database } from '../database/database.ts';
import { notFound } from '../errors.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import type { PlanKey } from './plan.store.ts';
import type { PublicationStatus } from './publication.store.ts';
import { standingsOf } from './standing.ts';
import { type CatalogSelection, pairsOf } from './sync.ts';

export interface CatalogStatus {
  readonly planId: string;
  readonly merchantAccountId: string;
  readonly version: number;
  readonly status: PublicationStatus;
  readonly reason: string | null;
  /** What clients of the account get instead of what its provider lacks, as sentences for people. */
  readonly notices: readonly string[];
}

interface PlanPage {
  readonly before: string | undefined;
  readonly limit: number;
}

/**
 * The plans that a scope is shown the standing of: its own and, for an agency, those of the platform that it resells.
 * Parameters: agency (null: everybody's), plan or null, before or null, limit.
 */
const selectShown = `
SELECT agency_id AS "agencyId", id AS "planId" FROM plans
 WHERE deleted_at IS NULL AND status IN ('published', 'disabled')
   AND ($1::text IS NULL OR agency_id = $1
        OR id IN (SELECT unnest(plan_ids) FROM agency_offers WHERE agency_id = $1))
   AND ($2::text IS NULL OR id = $2) AND ($3::text IS NULL OR id < $3)
 ORDER BY id DESC LIMIT $4`;

export async function shownPlans(
  { pool }: Database,
  scope: Scope,
  { planId }: CatalogSelection,
  { before, limit }: PlanPage,
): Promise<readonly PlanKey[]> {
  if (scope.role === 'portal') throw notFound('plan');
  const values = [agencyOf(scope) ?? null, planId ?? null, before ?? null, limit];
  return (await pool.query<PlanKey>(selectShown, values)).rows;
}

/** Of a plan that an agency resells it is shown its own accounts only: others sell it too. */
export async function shownStandings(
  database: Database,
  scope: Scope,
  plans: readonly PlanKey[],
  selection: CatalogSelection,
): Promise<readonly CatalogStatus[]> {
  const standings = await catalogStatus(database, plans, selection);
  const agencyId = agencyOf(scope);
  if (agencyId === undefined) return standings;
  const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM merchant_accounts WHERE agency_id = $1', [
    agencyId,
  ]);
  const ownAccounts = new Set(rows.map(({ id }) => id));
  const ownPlans = new Set(plans.filter((plan) => plan.agencyId === agencyId).map(({ planId }) => planId));
  return standings.filter(
    ({ planId, merchantAccountId }) => ownPlans.has(planId) || ownAccounts.has(merchantAccountId),
  );
}

/** In how many accounts a plan stands where. It changes while a synchronisation runs, account by account. */
export interface PlanProgress {
  readonly planId: string;
  readonly accounts: number;
  readonly inSync: number;
  readonly pending: number;
  readonly drifted: number;
  readonly blocked: number;
}

/** Where each of the plans stands in each account that carries it; decided from what is stored. */
export async function catalogStatus(
  database: Database,
  plans: readonly PlanKey[],
  selection: CatalogSelection,
): Promise<readonly CatalogStatus[]> {
  const standings = await standingsOf(database.pool, await pairsOf(database, plans, selection));
  return standings.map(({ where: { planId, merchantAccountId }, version, status, reason, notices }) => ({
    planId,
    merchantAccountId,
    version,
    status,
    reason,
    notices,
  }));
}

const counts = {
  in_sync: 'inSync',
  pending: 'pending',
  drifted: 'drifted',
  blocked: 'blocked',
} as const satisfies Record<PublicationStatus, keyof PlanProgress>;

/** The same, counted for each plan. */
export function planProgress(standings: readonly CatalogStatus[]): readonly PlanProgress[] {
  const byPlan = new Map<string, PlanProgress>();
  for (const { planId, status } of standings) {
    const before = byPlan.get(planId) ?? { planId, accounts: 0, inSync: 0, pending: 0, drifted: 0, blocked: 0 };
    const field = counts[status];
    byPlan.set(planId, { ...before, accounts: before.accounts + 1, [field]: before[field] + 1 });
  }
  return [...byPlan.values()];
}
