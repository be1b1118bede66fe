import type { Sql } from '../database/database.ts';
import type { AuditedFields } from '../tenancy/audit.ts';
import type { Subscription } from './subscription.ts';

/** A subscription as the audit trail shows it. */
export const auditedSubscription = (subscription: Subscription): AuditedFields => ({
  customerId: subscription.customerId,
  planId: subscription.plan.planId,
  planVersion: subscription.planVersion,
  status: subscription.status,
  endedAt: subscription.endedAt,
});

/** What the agency's own systems are told of a subscription. `fact` names what happened: told once, however often it is emitted. */
export interface SubscriptionEvent {
  readonly type: 'subscription.activated' | 'subscription.canceled';
  readonly agencyId: string;
  readonly fact: string;
  readonly data: {
    readonly subscriptionId: string;
    readonly customerId: string;
    readonly planId: string;
    readonly planVersion: number;
    readonly status: Subscription['status'];
    readonly startedAt: string;
    readonly endedAt: string | null;
  };
}

/** Where they are told, in the transaction of what they tell. */
export interface SubscriptionEvents {
  emit(sql: Sql, events: readonly SubscriptionEvent[]): Promise<void>;
}

export const eventOf = (type: SubscriptionEvent['type'], subscription: Subscription): SubscriptionEvent => ({
  type,
  agencyId: subscription.agencyId,
  fact: `${type}:${subscription.id}`,
  data: {
    subscriptionId: subscription.id,
    customerId: subscription.customerId,
    planId: subscription.plan.planId,
    planVersion: subscription.planVersion,
    status: subscription.status,
    startedAt: subscription.startedAt.toISOString(),
    endedAt: subscription.endedAt?.toISOString() ?? null,
  },
});
