import type Stripe from 'stripe';
import { ProviderError } from '../errors.ts';
import { metadataKeys } from '../metadata.ts';
import type {
  CardSubscriptionsPort,
  ProviderSubscription,
  ProviderSubscriptionItem,
  ProviderSubscriptionStatus,
  SchedulesPort,
  SubscriptionLine,
  SubscriptionsPort,
} from '../subscription-ports.ts';
import { toSession } from './checkout.ts';
import { on, pageSize, type StripeCalls, writeOn } from './stripe-calls.ts';

const idOf = (reference: string | { readonly id: string } | null | undefined): string | null =>
  typeof reference === 'string' ? reference : (reference?.id ?? null);

const at = (seconds: number): Date => new Date(seconds * 1000);
const orNull = (seconds: number | null): Date | null => (seconds === null ? null : at(seconds));

const statuses: Readonly<Record<string, ProviderSubscriptionStatus>> = {
  incomplete: 'incomplete',
  incomplete_expired: 'incomplete_expired',
  trialing: 'trialing',
  active: 'active',
  past_due: 'past_due',
  unpaid: 'unpaid',
  canceled: 'canceled',
  paused: 'paused',
};

function toItem(item: Stripe.SubscriptionItem): ProviderSubscriptionItem {
  return {
    itemId: item.id,
    priceId: item.price.id,
    quantity: item.price.recurring?.usage_type === 'metered' ? null : (item.quantity ?? 1),
    taxRateIds: (item.tax_rates ?? []).map(({ id }) => id),
    periodStart: at(item.current_period_start),
    periodEnd: at(item.current_period_end),
  };
}

/** A word that is not known counts as paused: no service is given for what nobody understands. */
export function toSubscription(subscription: Stripe.Subscription): ProviderSubscription {
  return {
    id: subscription.id,
    status: statuses[subscription.status] ?? 'paused',
    providerCustomerId: idOf(subscription.customer) ?? '',
    metadata: subscription.metadata,
    items: subscription.items.data.map(toItem),
    defaultCardId: idOf(subscription.default_payment_method),
    startedAt: at(subscription.start_date),
    anchorAt: at(subscription.billing_cycle_anchor),
    trialEndsAt: orNull(subscription.trial_end),
    cancelAt: orNull(subscription.cancel_at),
    endedAt: orNull(subscription.ended_at),
    scheduleId: idOf(subscription.schedule),
  };
}

const itemOf = ({ priceId, quantity, taxRateIds }: SubscriptionLine) => ({
  price: priceId,
  ...(quantity === null ? {} : { quantity }),
  ...(taxRateIds.length === 0 ? {} : { tax_rates: [...taxRateIds] }),
});

const feeOf = (percent: string | null) => (percent === null ? {} : { application_fee_percent: Number(percent) });

/** Without a card a trial must not turn into debt. */
const trialOf = (days: number | null) =>
  days === null
    ? {}
    : {
        trial_period_days: days,
        trial_settings: { end_behavior: { missing_payment_method: 'pause' as const } },
      };

/** Nothing is charged or given back for a part of a period. */
const unprorated = 'none' as const;

type Phase = Stripe.SubscriptionSchedule.Phase;

/** The phase that a schedule is in; the first of one that has not begun. */
const presentPhase = ({ current_phase: current, phases }: Stripe.SubscriptionSchedule): Partial<Phase> | undefined =>
  (current && phases.find((phase) => phase.start_date === current.start_date)) ?? current ?? phases[0];

/** Left out, the phase has no trial: the one that runs would be over, and charged for. */
const runningTrial = ({ start_date: start = 0, trial_end: end = null }: Partial<Phase>) =>
  end !== null && end > start ? { trial_end: end } : {};

const discountOf = ({ discount, promotion_code: promotionCode, coupon }: Phase['discounts'][number]) => {
  const [reused, promoted, redeemed] = [discount, promotionCode, coupon].map(idOf);
  if (reused) return { discount: reused };
  return promoted ? { promotion_code: promoted } : redeemed ? { coupon: redeemed } : {};
};

/** Left out, those of the customer would take their place. */
const givenDiscounts = ({ discounts = [] }: Partial<Phase>) =>
  discounts.length === 0 ? {} : { discounts: discounts.map(discountOf) };

export function createSubscriptions(
  stripe: Stripe,
  calls: StripeCalls,
): SubscriptionsPort & CardSubscriptionsPort & SchedulesPort {
  const retrieve: SubscriptionsPort['retrieve'] = async (account, id) =>
    toSubscription(await calls.read('subscription', () => stripe.subscriptions.retrieve(id, {}, on(account))));

  const update = async (
    account: Parameters<SubscriptionsPort['retrieve']>[0],
    id: string,
    params: Stripe.SubscriptionUpdateParams,
    options: { readonly idempotencyKey: string },
  ): Promise<ProviderSubscription> =>
    toSubscription(
      await calls.write('subscription', () => stripe.subscriptions.update(id, params, writeOn(account, options))),
    );

  return {
    retrieve,

    async createSession(account, request, options) {
      const params = {
        mode: 'subscription',
        ui_mode: 'hosted_page',
        customer: request.providerCustomerId,
        client_reference_id: request.reference,
        allowed_payment_method_types: ['card'],
        line_items: request.lines.map(itemOf),
        metadata: { ...request.metadata },
        subscription_data: {
          metadata: { ...request.metadata, [metadataKeys.subscription]: request.subscriptionId },
          ...feeOf(request.applicationFeePercent),
          ...trialOf(request.trialDays),
        },
        success_url: request.successUrl,
        cancel_url: request.cancelUrl,
        expires_at: Math.floor(request.expiresAt.getTime() / 1000),
      } satisfies Stripe.Checkout.SessionCreateParams;
      return toSession(
        await calls.write('checkout.session', () => stripe.checkout.sessions.create(params, writeOn(account, options))),
      );
    },

    async findSession(account, providerCustomerId, reference) {
      const sessions = await calls.list(() =>
        stripe.checkout.sessions.list({ customer: providerCustomerId, limit: pageSize }, on(account)),
      );
      const found = sessions.find((session) => session.client_reference_id === reference);
      return found ? toSession(found) : null;
    },

    async create(account, request, options) {
      const params = {
        customer: request.providerCustomerId,
        default_payment_method: request.cardId,
        items: request.lines.map(itemOf),
        metadata: { ...request.metadata, [metadataKeys.subscription]: request.subscriptionId },
        off_session: true,
        payment_behavior: 'error_if_incomplete',
        proration_behavior: unprorated,
        ...feeOf(request.applicationFeePercent),
        ...trialOf(request.trialDays),
      } satisfies Stripe.SubscriptionCreateParams;
      return toSubscription(
        await calls.write('subscription', () => stripe.subscriptions.create(params, writeOn(account, options))),
      );
    },

    async find(account, providerCustomerId, subscriptionId) {
      const found = await calls.list(() =>
        stripe.subscriptions.list({ customer: providerCustomerId, status: 'all', limit: pageSize }, on(account)),
      );
      const own = found.find(({ metadata }) => metadata[metadataKeys.subscription] === subscriptionId);
      return own ? toSubscription(own) : null;
    },

    // Not `cancel_at_period_end`, which means the shortest period of several: months that are paid for would be lost
    // (docs.stripe.com/changelog/basil/2025-07-30/cancel-at-enums).
    endWithPeriod: (account, id, cancel, options) =>
      update(account, id, { cancel_at: cancel ? 'max_period_end' : '', proration_behavior: unprorated }, options),

    setDefaultCard: (account, id, cardId, options) => update(account, id, { default_payment_method: cardId }, options),

    async cancel(account, id, options) {
      try {
        return toSubscription(
          await calls.write('subscription', () =>
            stripe.subscriptions.cancel(id, { invoice_now: false, prorate: false }, writeOn(account, options)),
          ),
        );
      } catch (error) {
        if (!(error instanceof ProviderError) || error.kind !== 'invalid') throw error;
        const subscription = await retrieve(account, id);
        if (subscription.endedAt === null) throw error;
        return subscription;
      }
    },

    async beginSchedule(account, id, options) {
      const known = await retrieve(account, id);
      if (known.scheduleId !== null) return { scheduleId: known.scheduleId };
      // Nothing else may be given beside it (docs.stripe.com/api/subscription_schedules/create, `from_subscription`).
      const made = await calls.write('subscription_schedule', () =>
        stripe.subscriptionSchedules.create({ from_subscription: id }, writeOn(account, options)),
      );
      return { scheduleId: made.id };
    },

    async schedule(account, scheduleId, change, options) {
      const schedule = await calls.read('subscription_schedule', () =>
        stripe.subscriptionSchedules.retrieve(scheduleId, {}, on(account)),
      );
      const present = presentPhase(schedule);
      if (present?.start_date === undefined) {
        throw new ProviderError({ kind: 'invalid', message: `schedule ${scheduleId} has no phase to go on from` });
      }
      const end = Math.floor(change.periodEnd.getTime() / 1000);
      const params = {
        end_behavior: 'release',
        proration_behavior: unprorated,
        metadata: { ...change.metadata },
        phases: [
          {
            items: change.current.map(itemOf),
            start_date: present.start_date,
            end_date: end,
            ...runningTrial(present),
            ...givenDiscounts(present),
            proration_behavior: unprorated,
          },
          {
            items: change.next.map(itemOf),
            start_date: end,
            duration: { interval: 'month', interval_count: change.nextMonths },
            // A fee that a phase leaves out goes on as it was: none any more has to be said.
            ...(account.platform ? {} : feeOf(change.applicationFeePercent ?? '0')),
            ...givenDiscounts(present),
            proration_behavior: unprorated,
            metadata: { ...change.metadata },
          },
        ],
      } satisfies Stripe.SubscriptionScheduleUpdateParams;
      await calls.write('subscription_schedule', () =>
        stripe.subscriptionSchedules.update(scheduleId, params, writeOn(account, options)),
      );
      return retrieve(account, change.id);
    },

    async scheduledChange(account, scheduleId) {
      const { metadata, phases } = await calls.read('subscription_schedule', () =>
        stripe.subscriptionSchedules.retrieve(scheduleId, {}, on(account)),
      );
      const changeId = metadata?.[metadataKeys.subscriptionChange];
      const next = phases.at(-1);
      return changeId === undefined || next === undefined ? null : { changeId, at: at(next.start_date) };
    },

    async releaseSchedule(account, scheduleId, options) {
      try {
        await calls.write('subscription_schedule', () =>
          stripe.subscriptionSchedules.release(scheduleId, {}, writeOn(account, options)),
        );
      } catch (error) {
        if (!(error instanceof ProviderError) || error.kind !== 'invalid') throw error;
        const schedule = await calls.read('subscription_schedule', () =>
          stripe.subscriptionSchedules.retrieve(scheduleId, {}, on(account)),
        );
        if (schedule.status === 'active' || schedule.status === 'not_started') throw error;
      }
    },
  };
}
