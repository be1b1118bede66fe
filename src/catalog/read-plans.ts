import type { Database } from '../database/database.ts';
import { notFound } from '../errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { scoped } from '../tenancy/scoped-prisma.ts';
import type { PlanKey, PlanStatus } from './plan.store.ts';
import type { PlanDocument } from './plan-document.ts';
import { type PlanView, planView } from './plan-view.ts';

export interface PlanFilter {
  /** Part of the name or the display name, in any case. */
  readonly q?: string | undefined;
  readonly type?: PlanDocument['type'] | undefined;
  readonly status?: PlanStatus | undefined;
  readonly visibility?: PlanDocument['visibility'] | undefined;
}

/** The owner of a plan that the scope may see. Throws `AppError` 404 for any other. */
export async function findPlan(database: Database, scope: Scope, planId: string): Promise<PlanKey> {
  const plan = await scoped(database.prisma, scope).plan.findFirst({
    where: { id: planId, deletedAt: null },
    select: { agencyId: true },
  });
  if (!plan) throw notFound('plan');
  return { agencyId: plan.agencyId, planId };
}

/** A search looks for what is written: Prisma hands `%` and `_` to LIKE, where they would match anything. */
const written = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

const current = { status: { not: 'superseded' } };

/** Throws `AppError` 404. */
export async function getPlan(database: Database, scope: Scope, planId: string): Promise<PlanView> {
  const prisma = scoped(database.prisma, scope);
  const plan = await prisma.plan.findFirst({ where: { id: planId, deletedAt: null } });
  if (!plan) throw notFound('plan');
  return planView(plan, await prisma.planVersion.findMany({ where: { agencyId: plan.agencyId, planId, ...current } }));
}

/** Newest first, at most `limit`, of those made before the plan `before`. */
export async function listPlans(
  database: Database,
  scope: Scope,
  filter: PlanFilter,
  page: { readonly limit: number; readonly before: string | undefined },
): Promise<readonly PlanView[]> {
  const { q, type, status, visibility } = filter;
  const text = q === undefined ? undefined : ({ contains: written(q), mode: 'insensitive' } as const);
  const prisma = scoped(database.prisma, scope);
  const plans = await prisma.plan.findMany({
    where: {
      deletedAt: null,
      ...(page.before === undefined ? {} : { id: { lt: page.before } }),
      ...(text === undefined ? {} : { OR: [{ name: text }, { displayName: text }] }),
      ...(type === undefined ? {} : { type }),
      ...(status === undefined ? {} : { status }),
      ...(visibility === undefined ? {} : { visibility }),
    },
    orderBy: { id: 'desc' },
    take: page.limit,
  });
  const planIds = plans.map(({ id }) => id);
  const versions = await prisma.planVersion.findMany({ where: { planId: { in: planIds }, ...current } });
  return plans.map((plan) =>
    planView(
      plan,
      versions.filter(({ planId }) => planId === plan.id),
    ),
  );
}
