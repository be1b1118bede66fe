import type { Database } from '../database/database.ts';
import { notFound } from '../errors.ts';
import { ProviderError } from '../providers/errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { scoped } from '../tenancy/scoped-prisma.ts';
import { carriersOf } from './carriers.ts';
import { converge, standingOf } from './converge.ts';
import type { CatalogDependencies } from './dependencies.ts';
import type { CarrierAccount } from './desired.ts';
import type { CatalogOperation } from './diff.ts';
import type { PlanKey } from './plan.store.ts';
import type { Publication } from './publication.store.ts';

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

interface Pair {
  readonly key: PlanKey;
  readonly account: CarrierAccount;
}

async function pairsOf(
  database: Database,
  plans: readonly PlanKey[],
  { merchantAccountId }: CatalogSelection,
): Promise<readonly Pair[]> {
  const carriers = new Map<string, readonly CarrierAccount[]>();
  for (const { agencyId } of plans) {
    if (!carriers.has(agencyId)) carriers.set(agencyId, await carriersOf(database.pool, agencyId));
  }
  return plans.flatMap((key) =>
    (carriers.get(key.agencyId) ?? [])
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
  dependencies: CatalogDependencies,
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

  const operations: CatalogOperation[] = [];
  const blocked: BlockedPlan[] = [];
  const failures: ProviderError[] = [];
  for (const { key, account } of pairs) {
    try {
      const outcome = selection.dryRun
        ? await foreseen(database, key, account)
        : await converge(dependencies, key, account);
      operations.push(...outcome.operations);
      if (outcome.blocked !== null) {
        blocked.push({ planId: key.planId, merchantAccountId: account.id, reason: outcome.blocked });
      }
    } catch (error) {
      // One account that is out of reach must not keep the others from their prices.
      if (!(error instanceof ProviderError)) throw error;
      failures.push(error);
    }
  }
  const [failure] = failures;
  if (failure) throw failure;
  return { operations, applied: !selection.dryRun, blocked };
}

async function foreseen(database: Database, key: PlanKey, account: CarrierAccount) {
  const standing = await standingOf(database.pool, key, account);
  return {
    operations: standing?.operations ?? [],
    blocked: standing && standing.desired.blocked !== null ? standing.desired.blocked : null,
  };
}

export interface CatalogStatus {
  readonly planId: string;
  readonly merchantAccountId: string;
  readonly version: number;
  readonly status: Publication['status'];
  readonly reason: string | null;
}

/** Where each of the plans stands in each account that carries it; decided from what is stored. */
export async function catalogStatus(
  database: Database,
  plans: readonly PlanKey[],
  selection: CatalogSelection,
): Promise<readonly CatalogStatus[]> {
  const found: CatalogStatus[] = [];
  for (const { key, account } of await pairsOf(database, plans, selection)) {
    const standing = await standingOf(database.pool, key, account);
    if (!standing) continue;
    const { version, status, reason } = standing;
    found.push({ planId: key.planId, merchantAccountId: account.id, version, status, reason });
  }
  return found;
}
