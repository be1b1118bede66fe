import type { OutgoingEvent } from '../outgoing/event-types.ts';
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

/** What the agency's own systems are told of a subscription. */
export type SubscriptionEvent = Extract<
  OutgoingEvent,
  { type: 'subscription.activated' | 'subscription.updated' | 'subscription.canceled' }
>;

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
