import type { Sql } from '../database/database.ts';
import type { EventType, OutgoingEvent } from '../outgoing/event-types.ts';
import type { BillingDependencies } from './dependencies.ts';
import type { Subscription } from './subscription.ts';

type SubscriptionEventType = Extract<EventType, `subscription.${string}`>;

/** What is told when a subscription comes to a status. */
const told: Readonly<Record<Subscription['status'], SubscriptionEventType>> = {
  trialing: 'subscription.created',
  active: 'subscription.activated',
  past_due: 'subscription.past_due',
  paused: 'subscription.paused',
  canceled: 'subscription.canceled',
  expired: 'subscription.expired',
};

export const subscriptionEvent = (
  type: SubscriptionEventType,
  subscription: Subscription,
  fact: string,
): Extract<OutgoingEvent, { type: SubscriptionEventType }> => ({
  type,
  agencyId: subscription.agencyId,
  fact: `${type}:${subscription.id}:${fact}`,
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

/** Tells the agency's systems what became of a subscription, and the client that its trial ends. Nothing changed: nothing is told. */
export async function tellOfChange(
  { outgoing, notify }: Pick<BillingDependencies, 'outgoing' | 'notify'>,
  sql: Sql,
  before: Subscription | null,
  after: Subscription,
  { trialWillEnd }: { readonly trialWillEnd: boolean },
): Promise<void> {
  const events: OutgoingEvent[] = [];
  // A fact is named by the period that it happened in: the same status a month later is another fact.
  const fact = `${after.planVersion}:${(after.pastDueSince ?? after.endedAt ?? after.periodStart ?? after.startedAt).getTime()}`;
  if (before?.status !== after.status) {
    const resumed = before?.status === 'paused' && (after.status === 'active' || after.status === 'trialing');
    events.push(subscriptionEvent(resumed ? 'subscription.resumed' : told[after.status], after, fact));
  } else if (
    before.plan.planId !== after.plan.planId ||
    before.planVersion !== after.planVersion ||
    before.cycle !== after.cycle ||
    before.cancelAt?.getTime() !== after.cancelAt?.getTime()
  ) {
    events.push(
      subscriptionEvent('subscription.updated', after, `${fact}:${after.cycle}:${after.cancelAt?.getTime()}`),
    );
  }
  const endsAt = after.trialEndsAt;
  if (trialWillEnd && endsAt !== null) {
    events.push(subscriptionEvent('subscription.trial_will_end', after, String(endsAt.getTime())));
    await notify(sql, [
      {
        kind: 'trial_ending',
        agencyId: after.agencyId,
        customerId: after.customerId,
        fact: `${after.id}:${endsAt.getTime()}`,
        facts: { endsOn: endsAt.toISOString().slice(0, 10) },
      },
    ]);
  }
  if (events.length > 0) await outgoing.emit(sql, events);
}
