import type { ScheduledJob } from '../delivery/jobs.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type AgencyLimits, readAgencyLimits } from './agency-plan.ts';
import { cancelSubscription } from './cancel-subscription.ts';
import { findSubscription } from './find-subscription.ts';
import { openDueQuotas, openQuotasJobName } from './open-quotas.ts';
import {
  type StartedSubscription,
  type SubscriptionDependencies,
  type SubscriptionRequest,
  startSubscription,
} from './start-subscription.ts';
import type { Subscription } from './subscription.ts';

/** What clients live on. Every call is limited to its scope: another tenant's id is `AppError` 404. */
export interface Subscriptions {
  start(scope: Scope, request: SubscriptionRequest): Promise<StartedSubscription>;
  cancel(scope: Scope, customerId: string): Promise<Subscription>;
  find(scope: Scope, customerId: string): Promise<Subscription>;
  agencyLimits(scope: Scope, agencyId: string): Promise<AgencyLimits | null>;
  readonly jobs: Readonly<Record<string, ScheduledJob>>;
  /** What falls due by the clock. */
  sweep(): Promise<void>;
}

export function createSubscriptions(dependencies: SubscriptionDependencies): Subscriptions {
  const { pool } = dependencies.database;
  return {
    start: (scope, request) => startSubscription(dependencies, scope, request),
    cancel: (scope, customerId) => cancelSubscription(dependencies, scope, customerId),
    find: (scope, customerId) => findSubscription(pool, scope, customerId),
    agencyLimits: (scope, agencyId) => readAgencyLimits(pool, scope, agencyId),
    jobs: { [openQuotasJobName]: { handle: () => openDueQuotas(dependencies), cron: '* * * * *' } },
    sweep: () => openDueQuotas(dependencies),
  };
}
