import type { ProviderSubscription, ProviderSubscriptionStatus } from '../providers/subscription-ports.ts';
import type { PauseReason, Subscription, SubscriptionStatus } from './subscription.ts';

interface Standing {
  readonly status: SubscriptionStatus;
  readonly pauseReason: PauseReason | null;
}

/**
 * What each word of a provider means here (docs.stripe.com/api/subscriptions/object, `status`). Null: nothing was sold yet, for its
 * first payment is still open.
 */
export const standings: Readonly<Record<ProviderSubscriptionStatus, Standing | null>> = {
  incomplete: null,
  incomplete_expired: { status: 'expired', pauseReason: null },
  trialing: { status: 'trialing', pauseReason: null },
  active: { status: 'active', pauseReason: null },
  past_due: { status: 'past_due', pauseReason: null },
  unpaid: { status: 'paused', pauseReason: 'unpaid' },
  canceled: { status: 'canceled', pauseReason: null },
  paused: { status: 'paused', pauseReason: 'provider' },
};

/** What may follow what. What is over stays over; everything else may become everything else, for a provider may jump. */
export const transitions: Readonly<Record<SubscriptionStatus, readonly SubscriptionStatus[]>> = {
  trialing: ['trialing', 'active', 'past_due', 'paused', 'canceled', 'expired'],
  active: ['active', 'past_due', 'paused', 'canceled', 'expired', 'trialing'],
  past_due: ['past_due', 'active', 'paused', 'trialing', 'canceled', 'expired'],
  paused: ['paused', 'active', 'past_due', 'trialing', 'canceled', 'expired'],
  canceled: ['canceled'],
  expired: ['expired'],
};

/** The item that the cycle is: the one with the longest period. Metered ones may be billed more often. */
export const cycleItem = ({ items }: ProviderSubscription) =>
  items.reduce<ProviderSubscription['items'][number] | undefined>((longest, item) => {
    const length = item.periodEnd.getTime() - item.periodStart.getTime();
    const best = longest ? longest.periodEnd.getTime() - longest.periodStart.getTime() : -1;
    return length > best ? item : longest;
  }, undefined);

/** A trial that ended without a card is paused by the provider: a client may add one. */
const endedTrial = ({ status, trialEndsAt }: ProviderSubscription, readAt: Date): boolean =>
  status === 'paused' && trialEndsAt !== null && trialEndsAt <= readAt;

/**
 * A subscription after its provider's own was read. Null while nothing was sold. A reading that is older than the last, and one that
 * would take back an end, change nothing.
 */
export function afterReading(
  subscription: Subscription,
  read: ProviderSubscription,
  readAt: Date,
): Subscription | null {
  const standing = standings[read.status];
  if (standing === null) return subscription.readAt === null ? null : subscription;
  if (subscription.readAt !== null && subscription.readAt > readAt) return subscription;
  if (subscription.readAt !== null && !transitions[subscription.status].includes(standing.status)) return subscription;
  const item = cycleItem(read);
  const isOver = standing.status === 'canceled' || standing.status === 'expired';
  return {
    ...subscription,
    status: standing.status,
    pauseReason: endedTrial(read, readAt) ? 'trial_ended' : standing.pauseReason,
    pastDueSince: standing.status === 'past_due' ? (subscription.pastDueSince ?? readAt) : null,
    providerSubscriptionId: read.id,
    providerCustomerId: read.providerCustomerId,
    providerScheduleId: read.scheduleId,
    periodStart: item?.periodStart ?? subscription.periodStart,
    periodEnd: item?.periodEnd ?? subscription.periodEnd,
    trialEndsAt: read.trialEndsAt,
    ...endOf(subscription, read),
    readAt,
    endedAt: isOver ? laterOf(read.endedAt ?? readAt, subscription.startedAt) : null,
  };
}

/** What we want of the end stands until the provider says the same; from then on it is the provider's. */
function endOf({ endWanted, cancelAt }: Subscription, read: ProviderSubscription) {
  const isTold = endWanted === null || endWanted === (read.cancelAt !== null);
  return isTold ? { cancelAt: read.cancelAt, endWanted: null } : { cancelAt, endWanted };
}

const laterOf = (a: Date, b: Date): Date => (a > b ? a : b);

/** Whether service is given: a payment that failed leaves it on for the agency's days of grace. */
export function isServed(
  { status, pastDueSince, trialEndsAt }: Pick<Subscription, 'status' | 'pastDueSince' | 'trialEndsAt'>,
  graceDays: number,
  now: Date,
): boolean {
  if (status === 'active') return true;
  if (status === 'trialing') return trialEndsAt === null || now < trialEndsAt;
  return (
    status === 'past_due' && pastDueSince !== null && now.getTime() < pastDueSince.getTime() + graceDays * 86_400_000
  );
}
