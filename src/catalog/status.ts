import type { Database } from '../database/database.ts';
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
  return standings.map(({ where: { planId, merchantAccountId }, version, status, reason }) => ({
    planId,
    merchantAccountId,
    version,
    status,
    reason,
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
