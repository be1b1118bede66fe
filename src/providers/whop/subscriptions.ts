import type Whop from '@whop/sdk';
import { metadataKeys } from '../metadata.ts';
import type { AccountRef, CheckoutPort } from '../port.ts';
import type {
  ProviderSubscription,
  ProviderSubscriptionStatus,
  SubscriptionSessionRequest,
  SubscriptionsPort,
} from '../subscription-ports.ts';
import { openSession } from './checkout.ts';
import { keptKeys, ownMetadata, textMetadata } from './metadata.ts';
import { toDate } from './times.ts';
import { keyed, pageSize, refused, type WhopCalls } from './whop-calls.ts';

/** Whop's words for a membership. One that is to end with its period is `canceling` or `active` until then. */
const statuses = {
  drafted: 'incomplete',
  trialing: 'trialing',
  active: 'active',
  canceling: 'active',
  past_due: 'past_due',
  unresolved: 'past_due',
  completed: 'canceled',
  canceled: 'canceled',
  expired: 'canceled',
} as const satisfies Record<Whop.MembershipStatus, ProviderSubscriptionStatus>;

/**
 * A membership as a subscription: one price, once. Whop charges whom it wants on its own page and tells of no card; our own id
 * stands for its client, as it does before anybody has paid.
 */
export function toSubscription(membership: Whop.Membership): ProviderSubscription {
  const { id, plan, created_at, updated_at, renewal_period_start, renewal_period_end } = membership;
  const startedAt = toDate(created_at);
  const periodEnd = renewal_period_end === null ? startedAt : toDate(renewal_period_end);
  const status = statuses[membership.status];
  const metadata = ownMetadata(membership.metadata);
  return {
    id,
    status: status === 'active' && membership.payment_collection_paused ? 'paused' : status,
    providerCustomerId: metadata[metadataKeys.customer] ?? membership.user?.id ?? '',
    metadata,
    items: [
      {
        itemId: id,
        priceId: plan.id,
        quantity: 1,
        taxRateIds: [],
        periodStart: renewal_period_start === null ? startedAt : toDate(renewal_period_start),
        periodEnd,
      },
    ],
    defaultCardId: null,
    startedAt,
    anchorAt: startedAt,
    trialEndsAt: status === 'trialing' ? periodEnd : null,
    cancelAt: membership.cancel_at_period_end ? periodEnd : null,
    // `canceled_at` is when somebody said so, which may have been weeks before the end.
    endedAt: status === 'canceled' ? toDate(updated_at) : null,
    scheduleId: null,
  };
}

/**
 * Subscriptions are Whop's memberships. They begin on its page with a plan of the catalogue; a saved card, a trial of one client, a
 * part for the platform and a change at the next cycle are not there, and are refused before anything is made.
 */
export function createSubscriptions(
  calls: WhopCalls,
  { retrieveSession }: Pick<CheckoutPort, 'retrieveSession'>,
): SubscriptionsPort {
  const retrieve: SubscriptionsPort['retrieve'] = async (account, id) =>
    toSubscription(await calls.read(account, (whop) => whop.memberships.retrieve(id)));

  return {
    retrieve,

    async createSession(account, request, options) {
      const params = paramsOf(account, request);
      return openSession(
        await calls.write(account, (whop) => whop.checkoutConfigurations.create(params, keyed(options))),
      );
    },

    async findSession(account, _providerCustomerId, reference) {
      const query = { account_id: account.id, first: pageSize };
      const configurations = await calls.list(account, (whop) => whop.checkoutConfigurations.list(query));
      const found = configurations.find(({ metadata }) => textMetadata(metadata)[keptKeys.reference] === reference);
      return found ? retrieveSession(account, found.id) : null;
    },

    endWithPeriod: async (account, id, cancel, options) =>
      toSubscription(
        await calls.write(account, (whop) =>
          cancel
            ? whop.memberships.cancel(id, { cancellation_mode: 'at_period_end' }, keyed(options))
            : whop.memberships.uncancel(id, keyed(options)),
        ),
      ),

    async cancel(account, id, options) {
      const there = await retrieve(account, id);
      if (there.endedAt !== null) return there;
      return toSubscription(
        await calls.write(account, (whop) =>
          whop.memberships.cancel(id, { cancellation_mode: 'immediate' }, keyed(options)),
        ),
      );
    },
  };
}

function paramsOf(account: AccountRef, request: SubscriptionSessionRequest): Whop.CheckoutConfigurationCreateParams {
  const { lines, trialDays, applicationFeePercent, metadata, subscriptionId, reference, expiresAt } = request;
  const [line, ...others] = lines;
  if (!line || others.length > 0 || line.quantity !== 1 || line.taxRateIds.length > 0) {
    throw refused('one_price_only', 'a subscription has one price, once, and no tax rate of ours');
  }
  if (trialDays !== null) throw refused('trial_not_possible', 'a trial is the plan’s, not a client’s');
  if (applicationFeePercent !== null) {
    throw refused('application_fee_not_possible', 'no percentage of a renewal is taken for another account');
  }
  return {
    account_id: account.id,
    mode: 'payment',
    plan_id: line.priceId,
    // Copied to the membership and its first payment, which so name the subscription.
    metadata: {
      ...metadata,
      [metadataKeys.subscription]: subscriptionId,
      [keptKeys.reference]: reference,
      [keptKeys.expiresAt]: expiresAt.toISOString(),
    },
    redirect_url: request.successUrl,
  };
}
