import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { idOf } from '../document-links.ts';
import type { PlannedItem } from '../document-types.ts';
import { invalidRequest } from '../failure.ts';
import {
  emptyable,
  flag,
  integer,
  list,
  mergeMetadata,
  metadata,
  parameters,
  type Rules,
  text,
} from '../parameters.ts';
import { renew } from '../renewals.ts';
import { withItems } from '../schedule-phases.ts';
import { changeSubscription, planWake } from '../subscription-changes.ts';
import { scheduleReminder } from '../subscription-creation.ts';
import { listOfItems } from '../subscription-items.ts';
import { plannedItemOf, quantity, requireSubscribable, taxRates, taxRatesOf } from './planned-items.ts';
import { percent, requireFeePercent, requireMethodOf, trialSettings } from './subscription-rules.ts';

type Subscription = Stripe.Subscription;

const changedItem = z.strictObject({
  deleted: flag.optional(),
  id: text.optional(),
  metadata: emptyable(metadata).optional(),
  price: text.optional(),
  quantity: quantity.optional(),
  tax_rates: taxRates.optional(),
} satisfies Rules<Stripe.SubscriptionUpdateParams.Item>);

export const subscriptionUpdate = parameters({
  application_fee_percent: emptyable(percent).optional(),
  cancel_at: emptyable(z.union([z.enum(['min_period_end', 'max_period_end']), integer])).optional(),
  cancel_at_period_end: flag.optional(),
  cancellation_details: z
    .strictObject({ comment: emptyable(text).optional(), feedback: emptyable(text).optional() })
    .optional(),
  default_payment_method: text.optional(),
  default_tax_rates: taxRates.optional(),
  description: emptyable(text).optional(),
  items: list(changedItem).optional(),
  metadata: emptyable(metadata).optional(),
  off_session: flag.optional(),
  pause_collection: emptyable(
    z.strictObject({
      behavior: z.enum(['keep_as_draft', 'mark_uncollectible', 'void']),
      resumes_at: integer.optional(),
    } satisfies Rules<Stripe.SubscriptionUpdateParams.PauseCollection>),
  ).optional(),
  payment_behavior: z.literal('allow_incomplete').optional(),
  proration_behavior: z.enum(['none', 'create_prorations', 'always_invoice']).optional(),
  trial_end: z.union([z.literal('now'), integer]).optional(),
  trial_settings: trialSettings.optional(),
} satisfies Rules<Stripe.SubscriptionUpdateParams>);

type UpdateRequest = z.output<typeof subscriptionUpdate>;

function cancelAtOf(subscription: Subscription, params: UpdateRequest): Partial<Subscription> {
  const ends = subscription.items.data.map((item) => item.current_period_end);
  if (params.cancel_at_period_end !== undefined && params.cancel_at !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: cancel_at, cancel_at_period_end.', {
      code: 'parameters_exclusive',
      param: 'cancel_at',
    });
  }
  if (params.cancel_at_period_end !== undefined) {
    // The earliest end, where items have periods of several lengths (docs.stripe.com/changelog/basil/2025-07-30/cancel-at-enums).
    return { cancel_at: params.cancel_at_period_end ? Math.min(...ends) : null };
  }
  if (params.cancel_at === 'min_period_end') return { cancel_at: Math.min(...ends) };
  return params.cancel_at === 'max_period_end'
    ? { cancel_at: Math.max(...ends) }
    : { cancel_at: params.cancel_at ?? null };
}

/** What asking to end it, or no longer, changes. */
function endingOf(call: Call, subscription: Subscription, params: UpdateRequest): Partial<Subscription> {
  if (params.cancel_at_period_end === undefined && params.cancel_at === undefined) return {};
  const { cancel_at: cancelAt = null } = cancelAtOf(subscription, params);
  const details = params.cancellation_details;
  return {
    cancel_at: cancelAt,
    cancel_at_period_end: params.cancel_at_period_end ?? false,
    canceled_at: cancelAt === null ? null : call.nowSeconds,
    cancellation_details: {
      comment: details?.comment ?? null,
      feedback: details?.feedback ?? null,
      feedback_option: null,
      reason: cancelAt === null ? null : 'cancellation_requested',
    },
  };
}

/** The items as asked: what is not named stays as it is. */
async function itemsOf(
  call: Call,
  subscription: Subscription,
  asked: readonly z.output<typeof changedItem>[],
): Promise<Partial<Subscription>> {
  const present = subscription.items.data;
  const named = new Map(asked.flatMap((item) => (item.id === undefined ? [] : [[item.id, item] as const])));
  for (const id of named.keys()) {
    if (present.some((item) => item.id === id)) continue;
    throw invalidRequest(`No such subscription_item: '${id}'`, { code: 'resource_missing', param: 'items' });
  }
  const planned: PlannedItem[] = [];
  for (const [index, item] of present.entries()) {
    const change = named.get(item.id);
    if (change?.deleted) continue;
    planned.push(change ? await changedOf(call, item, change, `items[${index}]`) : asPlanned(item));
  }
  for (const [index, item] of asked.entries()) {
    if (item.id !== undefined) continue;
    const price = item.price;
    if (price === undefined)
      throw invalidRequest('Missing required param: price.', { param: `items[${index}][price]` });
    planned.push(
      await plannedItemOf(
        call,
        { price, quantity: item.quantity, tax_rates: item.tax_rates, metadata: item.metadata ?? undefined },
        `items[${index}]`,
      ),
    );
  }
  if (planned.length === 0) throw invalidRequest('A subscription needs an item.', { param: 'items' });
  requireSubscribable(planned, 'items');
  return keepingIds(withItems(call, subscription, planned), present, named);
}

const asPlanned = (item: Stripe.SubscriptionItem): PlannedItem => ({
  price: item.price,
  quantity: item.quantity ?? null,
  taxRates: item.tax_rates ?? [],
  metadata: item.metadata,
});

async function changedOf(
  call: Call,
  item: Stripe.SubscriptionItem,
  change: z.output<typeof changedItem>,
  param: string,
): Promise<PlannedItem> {
  const before = asPlanned(item);
  if (change.price === undefined || change.price === item.price.id) {
    return {
      ...before,
      quantity: change.quantity ?? before.quantity,
      taxRates:
        change.tax_rates === undefined
          ? before.taxRates
          : await taxRatesOf(call, change.tax_rates, `${param}[tax_rates]`),
      metadata: mergeMetadata(before.metadata, change.metadata),
    };
  }
  return plannedItemOf(
    call,
    {
      price: change.price,
      quantity: change.quantity ?? item.quantity,
      tax_rates: change.tax_rates ?? item.tax_rates?.map(({ id }) => id),
      metadata: mergeMetadata(before.metadata, change.metadata),
    },
    param,
  );
}

/** An item that is named keeps its id with its new price. */
function keepingIds(
  change: Partial<Subscription>,
  present: readonly Stripe.SubscriptionItem[],
  named: ReadonlyMap<string, z.output<typeof changedItem>>,
): Partial<Subscription> {
  const items = change.items?.data ?? [];
  const renamed = items.map((item) => {
    const before = present.find((candidate) => named.get(candidate.id)?.price === item.price.id);
    return before ? { ...item, id: before.id, created: before.created } : item;
  });
  return { ...change, ...(change.items ? { items: { ...change.items, data: renamed } } : {}) };
}

function trialOf(call: Call, subscription: Subscription, params: UpdateRequest): Partial<Subscription> {
  if (params.trial_end === undefined) return {};
  const end = params.trial_end === 'now' ? call.nowSeconds : params.trial_end;
  if (end < call.nowSeconds) throw invalidRequest('Invalid timestamp: must be in the future.', { param: 'trial_end' });
  const items = subscription.items.data.map((item) => ({ ...item, current_period_end: end }));
  return {
    billing_cycle_anchor: end,
    items: listOfItems(subscription.id, items),
    trial_end: end,
    trial_start: subscription.trial_start ?? call.nowSeconds,
    status: params.trial_end === 'now' ? 'active' : 'trialing',
  };
}

function requireUnprorated(params: UpdateRequest): void {
  if (params.items && params.proration_behavior !== 'none') {
    throw invalidRequest('The sandbox does not prorate: change items with proration_behavior `none`.', {
      param: 'proration_behavior',
    });
  }
}

/** Changes a subscription that lives. A trial that ends now, and a new interval, are billed now. */
export async function updateSubscription(
  call: Call,
  subscription: Subscription,
  params: UpdateRequest,
): Promise<Subscription> {
  requireUnprorated(params);
  requireFeePercent(call, params.application_fee_percent, 'application_fee_percent');
  const customer = idOf(subscription.customer) ?? '';
  const method = await requireMethodOf(call, customer, params.default_payment_method);
  const { pause_collection: pause, trial_settings: trial } = params;
  const change: Partial<Subscription> = {
    ...(params.items ? await itemsOf(call, subscription, params.items) : {}),
    ...trialOf(call, subscription, params),
    ...endingOf(call, subscription, params),
    ...(method ? { default_payment_method: method.id } : {}),
    ...(params.application_fee_percent === undefined
      ? {}
      : { application_fee_percent: params.application_fee_percent }),
    ...(params.default_tax_rates === undefined
      ? {}
      : { default_tax_rates: await taxRatesOf(call, params.default_tax_rates, 'default_tax_rates') }),
    ...(params.description === undefined ? {} : { description: params.description }),
    ...(pause === undefined
      ? {}
      : {
          pause_collection: pause === null ? null : { behavior: pause.behavior, resumes_at: pause.resumes_at ?? null },
        }),
    ...(trial
      ? {
          trial_settings: {
            end_behavior: {
              billing_cycle_anchor: null,
              missing_payment_method: trial.end_behavior.missing_payment_method ?? 'create_invoice',
            },
          },
        }
      : {}),
    metadata: mergeMetadata(subscription.metadata, params.metadata),
  };
  const changed = changeSubscription(call, subscription, change, subscription.id);
  await replan(call, changed, params);
  return call.store.get('subscription', subscription.id, 'id');
}

async function replan(call: Call, changed: Subscription, params: UpdateRequest): Promise<void> {
  const resumesAt = params.pause_collection?.resumes_at;
  if (params.pause_collection !== undefined) await call.unschedule('collection_resume', changed.id);
  if (resumesAt !== undefined) {
    const dueAt = new Date(resumesAt * 1000);
    call.schedule({ kind: 'collection_resume', objectId: changed.id, dueAt, detail: '' });
  }
  if (changed.status === 'trialing' && params.trial_end !== undefined) scheduleReminder(call, changed);
  if (changed.status === 'incomplete') return;
  const startsOver = changed.items.data.some((item) => item.current_period_end <= call.nowSeconds);
  if (startsOver)
    await renew(call, changed, {
      ofTrial: params.trial_end !== undefined,
      reason: 'subscription_update',
      atOnce: true,
    });
  else await planWake(call, changed);
}
