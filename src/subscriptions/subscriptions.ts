import type { CustomerKey } from '../catalog/offer.store.ts';
import { findClient } from '../catalog/offer.store.ts';
import type { Sql } from '../database/database.ts';
import type { ScheduledJob } from '../delivery/jobs.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type AgencyLimits, readAgencyLimits } from './agency-plan.ts';
import {
  type ApplyDependencies,
  type ApplySubscriptionEvents,
  createApplySubscriptionEvents,
} from './apply-subscription-events.ts';
import { type AssignedPlan, type AssignRequest, assign } from './assign.ts';
import { cancelSubscription } from './cancel-subscription.ts';
import { carry, carryWhatWaits, enqueueCarry } from './carry.ts';
import { pendingChangeOf } from './change.store.ts';
import {
  type ChangedSubscription,
  type ChangeRequest,
  cancelAtPeriodEnd,
  cancelChange,
  requestChange,
  resume,
} from './change-subscription.ts';
import { createFromSetup } from './create-by-card.ts';
import { carryJobName, createJobName, refuseTrialJobName } from './dependencies.ts';
import { endLapsedCheckouts } from './end-lapsed.ts';
import { findSubscription } from './find-subscription.ts';
import { openDueQuotas, openQuotasJobName } from './open-quotas.ts';
import { refuseTrial } from './refuse-trial.ts';
import { type StartedSession, type SubscribeRequest, subscribe } from './subscribe.ts';
import { loadLive } from './subscription.store.ts';

/** What clients live on. Every call is limited to its scope: another tenant's id is `AppError` 404. */
export interface Subscriptions {
  /** A hosted session in which a client subscribes. */
  subscribe(scope: Scope, request: SubscribeRequest): Promise<StartedSession>;
  assign(scope: Scope, request: AssignRequest): Promise<AssignedPlan>;
  /** At once where nothing was paid ahead, else with the period. */
  cancel(scope: Scope, customerId: string): Promise<ChangedSubscription>;
  resume(scope: Scope, customerId: string): Promise<ChangedSubscription>;
  change(scope: Scope, request: ChangeRequest): Promise<ChangedSubscription>;
  cancelChange(scope: Scope, customerId: string): Promise<ChangedSubscription>;
  find(scope: Scope, customerId: string): Promise<ChangedSubscription>;
  agencyLimits(scope: Scope, agencyId: string): Promise<AgencyLimits | null>;
  readonly apply: ApplySubscriptionEvents;
  /** The client's default card is another one: its renewals are charged to it. */
  onDefaultChanged(sql: Sql, client: CustomerKey): Promise<void>;
  /** Whether a client's card is needed: a live subscription is charged to it. */
  needsCard(sql: Sql, client: CustomerKey): Promise<boolean>;
  readonly jobs: Readonly<Record<string, ScheduledJob>>;
  /** What falls due by the clock. */
  sweep(): Promise<void>;
}

export function createSubscriptions(dependencies: ApplyDependencies): Subscriptions {
  const { pool } = dependencies.database;
  const sweep = async (): Promise<void> => {
    await openDueQuotas(dependencies);
    await carryWhatWaits(dependencies);
    await endLapsedCheckouts(dependencies);
  };
  return {
    subscribe: (scope, request) => subscribe(dependencies, scope, request),
    assign: (scope, request) => assign(dependencies, scope, request),
    cancel: async (scope, customerId) => {
      const live = await loadLive(pool, await findClient(pool, scope, customerId, 'none'));
      if (live && live.collection !== 'none') return cancelAtPeriodEnd(dependencies, scope, customerId);
      return { subscription: await cancelSubscription(dependencies, scope, customerId), pending: null };
    },
    resume: (scope, customerId) => resume(dependencies, scope, customerId),
    change: (scope, request) => requestChange(dependencies, scope, request),
    cancelChange: (scope, customerId) => cancelChange(dependencies, scope, customerId),
    find: async (scope, customerId) => {
      const subscription = await findSubscription(pool, scope, customerId);
      return { subscription, pending: await pendingChangeOf(pool, subscription) };
    },
    agencyLimits: (scope, agencyId) => readAgencyLimits(pool, scope, agencyId),
    apply: createApplySubscriptionEvents(dependencies),
    onDefaultChanged: async (sql, client) => {
      const live = await loadLive(sql, client);
      if (live) await enqueueCarry(dependencies, sql, live);
    },
    needsCard: async (sql, client) => (await loadLive(sql, client))?.collection === 'card',
    jobs: {
      [openQuotasJobName]: { handle: sweep, cron: '* * * * *' },
      [carryJobName]: { handle: (payload) => carry(dependencies, payload) },
      [refuseTrialJobName]: { handle: (payload) => refuseTrial(dependencies, payload) },
      [createJobName]: { handle: (payload) => createFromSetup(dependencies, payload) },
    },
    sweep,
  };
}
