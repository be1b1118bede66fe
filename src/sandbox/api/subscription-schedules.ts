import type Stripe from 'stripe';
import { z } from 'zod';
import { addRecurrences } from '../billing-periods.ts';
import type { Call } from '../call.ts';
import { previousOf } from '../changes.ts';
import { clientIdOf } from '../connections.ts';
import { idOf } from '../document-links.ts';
import { invalidRequest } from '../failure.ts';
import { newStripeId } from '../identifiers.ts';
import { listDocuments } from '../lists.ts';
import {
  created,
  emptyable,
  flag,
  integer,
  list,
  mergeMetadata,
  metadata,
  paging,
  parameters,
  type Rules,
  text,
} from '../parameters.ts';
import { type Route, route } from '../route.ts';
import { endSchedule } from '../schedule-endings.ts';
import { changeOfPhase } from '../schedule-phases.ts';
import { changeSubscription, endSubscription, isOver, lockLiving, planWake } from '../subscription-changes.ts';
import { recurringOf } from '../subscription-items.ts';
import { plannedItem, plannedItemsOf, requireSubscribable, taxRates, taxRatesOf } from './planned-items.ts';
import { percent, requireFeePercent } from './subscription-rules.ts';
import { updateSubscription } from './subscription-updates.ts';

type Schedule = Stripe.SubscriptionSchedule;
type Phase = Stripe.SubscriptionSchedule.Phase;

const prorationBehavior = z.enum(['none', 'create_prorations', 'always_invoice']);

const phaseRule = z.strictObject({
  application_fee_percent: percent.optional(),
  billing_cycle_anchor: z.enum(['automatic', 'phase_start']).optional(),
  collection_method: z.literal('charge_automatically').optional(),
  currency: text.optional(),
  default_payment_method: text.optional(),
  default_tax_rates: taxRates.optional(),
  description: emptyable(text).optional(),
  duration: z
    .strictObject({
      interval: z.enum(['day', 'week', 'month', 'year']),
      interval_count: integer.optional(),
    } satisfies Rules<Stripe.SubscriptionScheduleUpdateParams.Phase.Duration>)
    .optional(),
  end_date: integer.optional(),
  items: list(plannedItem),
  metadata: metadata.optional(),
  proration_behavior: prorationBehavior.optional(),
  start_date: z.union([z.literal('now'), integer]).optional(),
  trial_end: integer.optional(),
} satisfies Rules<Stripe.SubscriptionScheduleUpdateParams.Phase>);

const scheduleCreate = parameters({
  from_subscription: text,
} satisfies Rules<Stripe.SubscriptionScheduleCreateParams>);

const scheduleUpdate = parameters({
  end_behavior: z.enum(['cancel', 'release']).optional(),
  metadata: emptyable(metadata).optional(),
  phases: list(phaseRule).optional(),
  proration_behavior: prorationBehavior.optional(),
} satisfies Rules<Stripe.SubscriptionScheduleUpdateParams>);

const scheduleCancel = parameters({
  invoice_now: flag.optional(),
  prorate: flag.optional(),
} satisfies Rules<Stripe.SubscriptionScheduleCancelParams>);

const scheduleRelease = parameters({
  preserve_cancel_date: flag.optional(),
} satisfies Rules<Stripe.SubscriptionScheduleReleaseParams>);

const scheduleList = parameters({
  ...paging,
  created: created.optional(),
  customer: text.optional(),
} satisfies Rules<Stripe.SubscriptionScheduleListParams>);

const phaseDefaults = {
  add_invoice_items: [],
  billing_thresholds: null,
  collection_method: null,
  description: null,
  discounts: [],
  invoice_settings: null,
  on_behalf_of: null,
  transfer_data: null,
} satisfies Partial<Phase>;

/** The phase that a subscription is in when a schedule takes it over: what it has, until its period ends. */
const presentPhase = (subscription: Stripe.Subscription): Phase => ({
  ...phaseDefaults,
  application_fee_percent: subscription.application_fee_percent,
  billing_cycle_anchor: null,
  currency: subscription.currency,
  default_payment_method: subscription.default_payment_method,
  default_tax_rates: subscription.default_tax_rates ?? [],
  end_date: Math.max(...subscription.items.data.map((item) => item.current_period_end)),
  items: subscription.items.data.map((item) => ({
    billing_thresholds: null,
    discounts: [],
    metadata: item.metadata,
    plan: item.price.id,
    price: item.price.id,
    ...(item.quantity === undefined ? {} : { quantity: item.quantity }),
    tax_rates: item.tax_rates ?? [],
  })),
  metadata: {},
  proration_behavior: 'create_prorations',
  start_date: Math.min(...subscription.items.data.map((item) => item.current_period_start)),
  trial_end: subscription.status === 'trialing' ? subscription.trial_end : null,
});

async function createSchedule(call: Call, params: z.output<typeof scheduleCreate>): Promise<Schedule> {
  const subscription = await lockLiving(call, params.from_subscription);
  if (subscription.schedule !== null) {
    throw invalidRequest('You cannot migrate a subscription that is already attached to a schedule.', {
      param: 'from_subscription',
    });
  }
  const phase = presentPhase(subscription);
  const schedule: Schedule = {
    id: newStripeId('sub_sched'),
    object: 'subscription_schedule',
    application: call.onPlatform ? null : clientIdOf(call.platform.account.id),
    billing_mode: subscription.billing_mode,
    canceled_at: null,
    completed_at: null,
    created: call.nowSeconds,
    current_phase: { start_date: phase.start_date, end_date: phase.end_date },
    customer: subscription.customer,
    customer_account: null,
    default_settings: {
      application_fee_percent: subscription.application_fee_percent,
      billing_cycle_anchor: 'automatic',
      billing_thresholds: null,
      collection_method: 'charge_automatically',
      default_payment_method: null,
      description: null,
      invoice_settings: {
        account_tax_ids: null,
        custom_fields: null,
        days_until_due: null,
        description: null,
        footer: null,
        issuer: { type: 'self' },
      },
      on_behalf_of: null,
      transfer_data: null,
    },
    end_behavior: 'release',
    livemode: false,
    metadata: {},
    pause_schedules: [],
    phases: [phase],
    released_at: null,
    released_subscription: null,
    status: 'active',
    subscription: subscription.id,
    test_clock: null,
  };
  call.store.save('subscription_schedule', schedule);
  call.emit('subscription_schedule.created', schedule, subscription.id);
  const scheduled = changeSubscription(call, subscription, { schedule: schedule.id }, subscription.id);
  await planWake(call, scheduled);
  return schedule;
}

/** Locks the schedule after its subscription. Throws 400 for one that is over. */
async function lockActive(call: Call, id: string) {
  const known = await call.store.get('subscription_schedule', id, 'schedule');
  if (known.status !== 'active') {
    throw invalidRequest(`You cannot change a subscription schedule that is ${known.status}.`);
  }
  const subscription = await call.store.lock('subscription', idOf(known.subscription) ?? '', 'subscription');
  const schedule = await call.store.lock('subscription_schedule', id, 'schedule');
  return { schedule, subscription };
}

const required = (what: string) =>
  invalidRequest(`Missing required param: ${what}.`, { code: 'parameter_missing', param: what });

interface PhaseSetting {
  readonly startsAt: number;
  readonly behavior: Phase['proration_behavior'] | undefined;
  readonly param: string;
  /** Prices that the subscription has: archived ones go on. */
  readonly held: ReadonlySet<string>;
}

async function phaseOf(call: Call, asked: z.output<typeof phaseRule>, setting: PhaseSetting): Promise<Phase> {
  const { startsAt, param } = setting;
  const items = await plannedItemsOf(call, asked.items, `${param}[items]`, setting.held);
  requireSubscribable(items, `${param}[items]`);
  const [first] = items;
  if (!first) throw required(`${param}[items]`);
  if (asked.end_date !== undefined && asked.duration !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: duration, end_date.', { param });
  }
  requireFeePercent(call, asked.application_fee_percent, `${param}[application_fee_percent]`);
  const duration = asked.duration && { ...asked.duration, interval_count: asked.duration.interval_count ?? 1 };
  const endsAt = asked.end_date ?? addRecurrences(startsAt, duration ?? recurringOf(first.price), 1);
  if (endsAt <= startsAt) throw invalidRequest('A phase must end after it starts.', { param: `${param}[end_date]` });
  const trialEnd = asked.trial_end ?? null;
  if (trialEnd !== null && (trialEnd < startsAt || trialEnd > endsAt)) {
    throw invalidRequest('The trial of a phase must end within it.', { param: `${param}[trial_end]` });
  }
  return {
    ...phaseDefaults,
    application_fee_percent: asked.application_fee_percent ?? null,
    billing_cycle_anchor: asked.billing_cycle_anchor ?? null,
    currency: first.price.currency,
    default_payment_method: asked.default_payment_method ?? null,
    ...(asked.default_tax_rates === undefined
      ? {}
      : { default_tax_rates: await taxRatesOf(call, asked.default_tax_rates, `${param}[default_tax_rates]`) }),
    description: asked.description ?? null,
    end_date: endsAt,
    items: items.map((item) => ({
      billing_thresholds: null,
      discounts: [],
      metadata: item.metadata,
      plan: item.price.id,
      price: item.price.id,
      ...(item.quantity === null ? {} : { quantity: item.quantity }),
      tax_rates: [...item.taxRates],
    })),
    metadata: mergeMetadata({}, asked.metadata),
    proration_behavior: asked.proration_behavior ?? setting.behavior ?? 'create_prorations',
    start_date: startsAt,
    trial_end: trialEnd,
  };
}

/** Phases one after another from the given start. The present one keeps its start; what is past cannot be changed. */
async function phasesOf(
  call: Call,
  schedule: Schedule,
  params: z.output<typeof scheduleUpdate>,
  held: ReadonlySet<string>,
): Promise<readonly Phase[]> {
  const phases: Phase[] = [];
  for (const [index, asked] of (params.phases ?? []).entries()) {
    const previous = phases.at(-1);
    const given = asked.start_date === 'now' ? call.nowSeconds : asked.start_date;
    const startsAt = given ?? previous?.end_date;
    if (startsAt === undefined) throw required(`phases[${index}][start_date]`);
    if (previous && startsAt !== previous.end_date) {
      throw invalidRequest('A phase must start when the one before it ends.', {
        param: `phases[${index}][start_date]`,
      });
    }
    phases.push(
      await phaseOf(call, asked, { startsAt, behavior: params.proration_behavior, param: `phases[${index}]`, held }),
    );
  }
  const current = schedule.current_phase;
  const now = call.nowSeconds;
  const present = phases.find((phase) => phase.start_date <= now && phase.end_date > now);
  if (!present) throw invalidRequest('One of the phases must cover the present.', { param: 'phases' });
  const moved = current && present.start_date !== current.start_date && present.start_date < now;
  if (moved) {
    throw invalidRequest('You can not modify the start date of the current phase.', { param: 'phases[0][start_date]' });
  }
  return phases;
}

async function updateSchedule(call: Call, params: z.output<typeof scheduleUpdate>, id: string): Promise<Schedule> {
  const { schedule, subscription } = await lockActive(call, id);
  const held = new Set(subscription.items.data.map((item) => item.price.id));
  const phases = params.phases ? await phasesOf(call, schedule, params, held) : schedule.phases;
  const now = call.nowSeconds;
  const present = phases.find((phase) => phase.start_date <= now && phase.end_date > now);
  const change: Partial<Schedule> = {
    current_phase: present ? { start_date: present.start_date, end_date: present.end_date } : schedule.current_phase,
    end_behavior: params.end_behavior ?? schedule.end_behavior,
    metadata: mergeMetadata(schedule.metadata ?? {}, params.metadata),
    phases: [...phases],
  };
  const updated: Schedule = { ...schedule, ...change };
  call.store.save('subscription_schedule', updated);
  call.emit('subscription_schedule.updated', updated, subscription.id, previousOf(schedule, change));
  const phased =
    params.phases && present && !isOver(subscription)
      ? changeSubscription(call, subscription, await changeOfPhase(call, subscription, present), subscription.id)
      : subscription;
  // A phase without a trial has none: the one that runs is over, and is charged for.
  const endsTrial = present && phased.status === 'trialing' && (present.trial_end ?? 0) <= now;
  const lived = endsTrial ? await updateSubscription(call, phased, { trial_end: 'now' }) : phased;
  await planWake(call, lived);
  return updated;
}

async function release(call: Call, _params: object, id: string): Promise<Schedule> {
  const { subscription } = await lockActive(call, id);
  const released = await endSchedule(call, id, 'released');
  const free = changeSubscription(call, subscription, { schedule: null }, subscription.id);
  if (!isOver(free)) await planWake(call, free);
  return released;
}

/** Ends the subscription with its schedule. */
async function cancel(call: Call, _params: object, id: string): Promise<Schedule> {
  const { subscription } = await lockActive(call, id);
  await endSubscription(call, subscription, { reason: 'cancellation_requested', lane: subscription.id });
  return call.store.get('subscription_schedule', id, 'schedule');
}

const collection = '/v1/subscription_schedules';

export const subscriptionScheduleRoutes: readonly Route[] = [
  route('POST', collection, scheduleCreate, createSchedule),
  route('GET', `${collection}/:id`, parameters({}), (call, _params, id) =>
    call.store.get('subscription_schedule', id, 'schedule'),
  ),
  route('POST', `${collection}/:id`, scheduleUpdate, updateSchedule),
  route('POST', `${collection}/:id/release`, scheduleRelease, release),
  route('POST', `${collection}/:id/cancel`, scheduleCancel, cancel),
  route('GET', collection, scheduleList, (call, params) =>
    listDocuments(call.store, 'subscription_schedule', collection, params, {
      all: params.customer === undefined ? [] : [`customer:${params.customer}`],
    }),
  ),
];
