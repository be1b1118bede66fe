import type { Database } from '../database/database.ts';
import { notFound } from '../errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { scoped } from '../tenancy/scoped-prisma.ts';
import { carriersOfPlans } from './carriers.ts';
import { type CarryDependencies, type Convergence, converge } from './converge.ts';
import type { CatalogOperation } from './diff.ts';
import type { PlanKey } from './plan.store.ts';
import { isSettled, type Pair, type Standing, standingsOf } from './standing.ts';

/** Which plans in which accounts; absent means all that the scope may see. */
export interface CatalogSelection {
  readonly planId?: string | undefined;
  readonly merchantAccountId?: string | undefined;
}

/** Plans that were published and may be sold again: their prices are kept as they should be. */
const carriedStatuses = ['published', 'disabled'];

interface PlanPage {
  readonly before?: string | undefined;
  readonly limit?: number;
}

export async function carriedPlans(
  database: Database,
  scope: Scope,
  { planId }: CatalogSelection,
  { before, limit }: PlanPage = {},
): Promise<readonly PlanKey[]> {
  const plans = await scoped(database.prisma, scope).plan.findMany({
    where: {
      deletedAt: null,
      status: { in: carriedStatuses },
      AND: [planId === undefined ? {} : { id: planId }, before === undefined ? {} : { id: { lt: before } }],
    },
    select: { agencyId: true, id: true },
    orderBy: { id: 'desc' },
    ...(limit === undefined ? {} : { take: limit }),
  });
  return plans.map(({ agencyId, id }) => ({ agencyId, planId: id }));
}

/** Every plan with every account that should carry it, those that are not ready too. */
export async function pairsOf(
  database: Database,
  plans: readonly PlanKey[],
  { merchantAccountId }: CatalogSelection,
): Promise<readonly Pair[]> {
  const carriers = await carriersOfPlans(database.pool, plans);
  return plans.flatMap((key) =>
    (carriers.get(key.planId) ?? [])
      .filter(({ id }) => merchantAccountId === undefined || id === merchantAccountId)
      .map((account) => ({ key, account })),
  );
}

export interface BlockedPlan {
  readonly planId: string;
  readonly merchantAccountId: string;
  readonly reason: string;
}

export interface SyncResult {
  readonly operations: readonly CatalogOperation[];
  /** True when the operations were carried out; false for a dry run, which only shows them. */
  readonly applied: boolean;
  readonly blocked: readonly BlockedPlan[];
}

/** Brings the selected plans to the accounts that carry them. A dry run asks no provider, nor does a run with nothing to do. */
export async function syncCatalog(
  dependencies: CarryDependencies,
  scope: Scope,
  selection: CatalogSelection & { readonly dryRun: boolean },
): Promise<SyncResult> {
  const { database } = dependencies;
  const plans = await carriedPlans(database, scope, selection);
  if (plans.length === 0 && selection.planId !== undefined) throw notFound('published plan');
  const pairs = await pairsOf(database, plans, selection);
  if (plans.length > 0 && pairs.length === 0 && selection.merchantAccountId !== undefined) {
    throw notFound('merchant account');
  }
  const standings = await standingsOf(database.pool, pairs);
  const outcomes = selection.dryRun ? standings.map(foreseen) : await carryAll(dependencies, standings);
  return {
    operations: outcomes.flatMap(({ operations }) => operations),
    applied: !selection.dryRun,
    blocked: standings.flatMap(({ where: { planId, merchantAccountId } }, index) => {
      const reason = outcomes[index]?.blocked ?? null;
      return reason === null ? [] : [{ planId, merchantAccountId, reason }];
    }),
  };
}

const foreseen = ({ desired, operations }: Standing): Convergence => ({ operations, blocked: desired.blocked });

/** Plans under way at once in one account; its rate limit, not this, decides how fast they go. */
const plansAtOnce = 16;

/** After so many failures in a row an account is out of reach, and each further plan would only wait for it in vain. */
const failuresInARowMax = 5;

/**
 * Every account has a lane of its own, so that one which is slow or out of reach holds nobody else back. Throws the first
 * failure once all lanes have ended.
 */
async function carryAll(
  dependencies: CarryDependencies,
  standings: readonly Standing[],
): Promise<readonly Convergence[]> {
  const outcomes: Convergence[] = standings.map(foreseen).map(({ blocked }) => ({ operations: [], blocked }));
  const lanes = new Map<string, number[]>();
  for (const [index, standing] of standings.entries()) {
    if (isSettled(standing) || standing.account.obstacle !== undefined) continue;
    const lane = lanes.get(standing.account.id);
    if (lane) lane.push(index);
    else lanes.set(standing.account.id, [index]);
  }

  const failures: unknown[] = [];
  const carryOne = async (index: number): Promise<boolean> => {
    const standing = standings[index];
    if (!standing) return true;
    const { agencyId, planId } = standing.where;
    try {
      outcomes[index] = await converge(dependencies, { key: { agencyId, planId }, account: standing.account });
      return true;
    } catch (error) {
      failures.push(error);
      return false;
    }
  };
  await Promise.all([...lanes.values()].map((lane) => runLane(lane, carryOne)));
  if (failures.length > 0) throw failures[0];
  return outcomes;
}

async function runLane(lane: readonly number[], carryOne: (index: number) => Promise<boolean>): Promise<void> {
  const queue = lane.values();
  let failuresInARow = 0;
  const work = async (): Promise<void> => {
    for (const index of queue) {
      failuresInARow = (await carryOne(index)) ? 0 : failuresInARow + 1;
      if (failuresInARow >= failuresInARowMax) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(plansAtOnce, lane.length) }, work));
}
