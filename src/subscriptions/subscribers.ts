import { findPlan } from '../catalog/read-plans.ts';
import type { Database } from '../database/database.ts';
import type { Scope } from '../tenancy/scope.ts';
import { scoped } from '../tenancy/scoped-prisma.ts';
import { type SubscriptionStatus, subscriptionStatusSchema } from './subscription.ts';

/** A client that lives on a plan, on the version that it was sold. */
export interface Subscriber {
  readonly subscriptionId: string;
  readonly customerId: string;
  /** The client's. */
  readonly agencyId: string;
  readonly name: string;
  readonly version: number;
  readonly status: SubscriptionStatus;
  readonly startedAt: Date;
}

export interface PlanSubscribers {
  /** Newest subscription first. */
  readonly subscribers: readonly Subscriber[];
  /** Every version that somebody lives on, newest first. */
  readonly versions: readonly {
    readonly version: number;
    readonly subscribers: number;
    readonly publishedAt: Date | null;
  }[];
}

/**
 * Who lives on a plan. At most `limit` subscriptions, those before the one whose id is `before`. Throws `AppError` 404 for a plan that
 * is not there for the scope.
 */
export async function readSubscribers(
  database: Database,
  scope: Scope,
  planId: string,
  page: { readonly limit: number; readonly before: string | undefined },
): Promise<PlanSubscribers> {
  const { agencyId: planAgencyId } = await findPlan(database, scope, planId);
  const prisma = scoped(database.prisma, scope);
  const onPlan = { planAgencyId, planId, endedAt: null };
  const rows = await prisma.subscription.findMany({
    where: { ...onPlan, ...(page.before === undefined ? {} : { id: { lt: page.before } }) },
    orderBy: { id: 'desc' },
    take: page.limit,
  });
  const customers = await prisma.customer.findMany({
    where: { id: { in: rows.map(({ customerId }) => customerId) } },
    select: { id: true, name: true },
  });
  const names = new Map(customers.map(({ id, name }) => [id, name]));
  const counted = await prisma.subscription.groupBy({ by: ['planVersion'], where: onPlan, _count: true });
  const published = await prisma.planVersion.findMany({
    where: { agencyId: planAgencyId, planId, version: { in: counted.map(({ planVersion }) => planVersion) } },
    select: { version: true, publishedAt: true },
  });
  const publishedAt = new Map(published.map((version) => [version.version, version.publishedAt]));
  return {
    subscribers: rows.map(({ id, customerId, agencyId, planVersion, status, startedAt }) => ({
      subscriptionId: id,
      customerId,
      agencyId,
      name: names.get(customerId) ?? customerId,
      version: planVersion,
      status: subscriptionStatusSchema.parse(status),
      startedAt,
    })),
    versions: counted
      .map(({ planVersion, _count }) => ({
        version: planVersion,
        subscribers: _count,
        publishedAt: publishedAt.get(planVersion) ?? null,
      }))
      .sort((a, b) => b.version - a.version),
  };
}
