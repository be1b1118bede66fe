import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { outcomeOfUse } from '../card-behaviour.ts';
import { declineFields, needsAuthentication } from '../card-outcomes.ts';
import { methodFor } from '../collection.ts';
import { invalidRequest } from '../failure.ts';
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
import { requireCharges } from '../payments.ts';
import { Refused, type Route, route } from '../route.ts';
import { changeSubscription, endSubscription, lockLiving } from '../subscription-changes.ts';
import { invoiceAtOnce, type SubscriptionRequest, startSubscription } from '../subscription-creation.ts';
import {
  plannedItem,
  plannedItemsOf,
  requireOneCurrency,
  requireSubscribable,
  taxRates,
  taxRatesOf,
} from './planned-items.ts';
import { pauseRoute, resumeRoute } from './subscription-pauses.ts';
import { billingMode, percent, requireFeePercent, requireMethodOf, trialSettings } from './subscription-rules.ts';
import { subscriptionUpdate, updateSubscription } from './subscription-updates.ts';

type CreateParams = Stripe.SubscriptionCreateParams;

const subscriptionCreate = parameters({
  add_invoice_items: list(plannedItem).optional(),
  application_fee_percent: emptyable(percent).optional(),
  billing_cycle_anchor: integer.optional(),
  billing_mode: billingMode.optional(),
  cancel_at: integer.optional(),
  cancel_at_period_end: flag.optional(),
  collection_method: z.literal('charge_automatically').optional(),
  currency: text.optional(),
  customer: text,
  default_payment_method: text.optional(),
  default_tax_rates: taxRates.optional(),
  description: text.optional(),
  items: list(plannedItem),
  metadata: emptyable(metadata).optional(),
  off_session: flag.optional(),
  payment_behavior: z.enum(['allow_incomplete', 'default_incomplete', 'error_if_incomplete']).optional(),
  payment_settings: z
    .strictObject({ save_default_payment_method: z.enum(['off', 'on_subscription']).optional() })
    .optional(),
  proration_behavior: z.enum(['create_prorations', 'none']).optional(),
  trial_end: z.union([z.literal('now'), integer]).optional(),
  trial_period_days: integer.refine((days) => days >= 0 && days <= 730, 'must be at most 730 days').optional(),
  trial_settings: trialSettings.optional(),
} satisfies Rules<CreateParams>);

type CreateRequest = z.output<typeof subscriptionCreate>;

const statuses = [
  'active',
  'all',
  'canceled',
  'ended',
  'incomplete',
  'incomplete_expired',
  'past_due',
  'paused',
  'trialing',
  'unpaid',
] as const;

const subscriptionList = parameters({
  ...paging,
  collection_method: z.literal('charge_automatically').optional(),
  created: created.optional(),
  customer: text.optional(),
  price: text.optional(),
  status: z.enum(statuses).optional(),
} satisfies Rules<Stripe.SubscriptionListParams>);

const subscriptionCancel = parameters({
  cancellation_details: z
    .strictObject({ comment: emptyable(text).optional(), feedback: emptyable(text).optional() })
    .optional(),
  invoice_now: flag.optional(),
  prorate: flag.optional(),
} satisfies Rules<Stripe.SubscriptionCancelParams>);

const secondsPerDay = 86_400;

/** When the trial ends, in Unix seconds; null without one. */
export function trialEndOf(
  call: Call,
  { trial_end: end, trial_period_days: days }: Pick<CreateRequest, 'trial_end' | 'trial_period_days'>,
): number | null {
  if (end !== undefined && days !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: trial_end, trial_period_days.', {
      code: 'parameters_exclusive',
      param: 'trial_end',
    });
  }
  if (typeof end === 'number') {
    if (end > call.nowSeconds) return end;
    throw invalidRequest('Invalid timestamp: must be an integer Unix timestamp in the future.', { param: 'trial_end' });
  }
  return days ? call.nowSeconds + days * secondsPerDay : null;
}

async function requestOf(call: Call, params: CreateRequest, customer: Stripe.Customer): Promise<SubscriptionRequest> {
  const items = await plannedItemsOf(call, params.items, 'items');
  requireSubscribable(items, 'items');
  const oneTime = await plannedItemsOf(call, params.add_invoice_items ?? [], 'add_invoice_items');
  requireOneCurrency([...items, ...oneTime], 'add_invoice_items');
  requireFeePercent(call, params.application_fee_percent, 'application_fee_percent');
  const method = await requireMethodOf(call, customer.id, params.default_payment_method);
  const anchor = params.billing_cycle_anchor ?? null;
  if (anchor !== null && anchor <= call.nowSeconds) {
    throw invalidRequest('billing_cycle_anchor must be in the future.', { param: 'billing_cycle_anchor' });
  }
  return {
    customer,
    items,
    oneTime,
    defaultTaxRates: await taxRatesOf(call, params.default_tax_rates, 'default_tax_rates'),
    applicationFeePercent: params.application_fee_percent ?? null,
    defaultPaymentMethod: method?.id ?? null,
    description: params.description ?? null,
    metadata: mergeMetadata({}, params.metadata),
    trialEnd: trialEndOf(call, params),
    missingPaymentMethod: params.trial_settings?.end_behavior.missing_payment_method ?? 'create_invoice',
    anchor,
    prorates: params.proration_behavior !== 'none',
    savesMethod: params.payment_settings?.save_default_payment_method === 'on_subscription',
    cancelAt: params.cancel_at_period_end ? 'period_end' : (params.cancel_at ?? null),
  };
}

async function createSubscription(call: Call, params: CreateRequest): Promise<Stripe.Subscription | Refused> {
  requireCharges(call);
  const customer = await call.store.lock('customer', params.customer, 'customer');
  const request = await requestOf(call, params, customer);
  const behavior = params.payment_behavior ?? 'allow_incomplete';
  if (billsNow(request) && behavior !== 'default_incomplete') {
    const refused = await refusalOf(call, request, behavior);
    if (refused) return refused;
  }
  const start = await startSubscription(call, request);
  const use = params.off_session ? 'off_session' : 'on_session';
  const waits = behavior === 'default_incomplete' && start.draft.amount_due > 0;
  await invoiceAtOnce(call, start, waits ? null : { use, automatic: true });
  return call.store.get('subscription', start.subscription.id, 'id');
}

function billsNow({ items, oneTime, trialEnd, anchor, prorates }: SubscriptionRequest): boolean {
  const inAdvance = trialEnd === null && (anchor === null || prorates) ? items : [];
  return [...inAdvance, ...oneTime].some(
    ({ price, quantity }) => quantity !== null && quantity > 0 && price.unit_amount !== 0,
  );
}

/** Why nothing is to be begun: nobody to charge, or, where only a paid subscription is wanted, a card that would refuse. */
async function refusalOf(
  call: Call,
  { customer, defaultPaymentMethod }: SubscriptionRequest,
  behavior: CreateRequest['payment_behavior'],
): Promise<Refused | undefined> {
  const method = await methodFor(call, { customer, default_payment_method: defaultPaymentMethod });
  if (!method) {
    throw invalidRequest(
      'This customer has no attached payment source or default payment method. Please consider adding a default payment method.',
      { code: 'resource_missing' },
    );
  }
  if (behavior !== 'error_if_incomplete') return undefined;
  const outcome = await outcomeOfUse(call, method, 'off_session');
  if (outcome.kind === 'success') return undefined;
  const decline = outcome.kind === 'decline' ? outcome : needsAuthentication;
  return new Refused(402, { type: 'card_error', ...declineFields(decline), payment_method: method });
}

async function cancelSubscription(
  call: Call,
  params: z.output<typeof subscriptionCancel>,
  id: string,
): Promise<Stripe.Subscription> {
  const subscription = await lockLiving(call, id);
  if (params.prorate) throw invalidRequest('The sandbox does not prorate.', { param: 'prorate' });
  return endSubscription(call, subscription, {
    reason: 'cancellation_requested',
    comment: params.cancellation_details?.comment ?? null,
    feedback: params.cancellation_details?.feedback ?? null,
    lane: id,
  });
}

const ended = ['canceled', 'incomplete_expired'];

function linksOfStatus(status: z.output<typeof subscriptionList>['status']): { all: string[]; any?: string[] } {
  if (status === undefined) return { all: ['ended:false'] };
  if (status === 'all') return { all: [] };
  return status === 'ended' ? { all: [], any: ended.map((name) => `status:${name}`) } : { all: [`status:${status}`] };
}

const collection = '/v1/subscriptions';

export const subscriptionRoutes: readonly Route[] = [
  route('POST', collection, subscriptionCreate, createSubscription),
  route('GET', `${collection}/:id`, parameters({}), (call, _params, id) => call.store.get('subscription', id, 'id')),
  route('POST', `${collection}/:id`, subscriptionUpdate, async (call, params, id) => {
    const known = await call.store.lock('subscription', id, 'id');
    // What is over takes metadata still (api/subscriptions/cancel).
    const only = Object.keys(params).every((name) => name === 'metadata' || name === 'expand');
    if (known.ended_at !== null && only) {
      return changeSubscription(call, known, { metadata: mergeMetadata(known.metadata, params.metadata) }, id);
    }
    return updateSubscription(call, await lockLiving(call, id), params);
  }),
  route('DELETE', `${collection}/:id`, subscriptionCancel, cancelSubscription),
  pauseRoute,
  resumeRoute,
  route('GET', collection, subscriptionList, (call, params) => {
    const { all, any } = linksOfStatus(params.status);
    return listDocuments(call.store, 'subscription', collection, params, {
      all: [
        ...all,
        ...(params.customer === undefined ? [] : [`customer:${params.customer}`]),
        ...(params.price === undefined ? [] : [`price:${params.price}`]),
      ],
      any,
    });
  }),
];
