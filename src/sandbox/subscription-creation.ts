import type Stripe from 'stripe';
import { billedOnce, firstShare, inAdvance, licensed, onTrial, periodOf } from './billed-items.ts';
import { nextBoundary } from './billing-periods.ts';
import type { Call } from './call.ts';
import { type Collecting, finalizeAndCollect } from './collection.ts';
import { clientIdOf } from './connections.ts';
import type { PlannedItem } from './document-types.ts';
import { invalidRequest } from './failure.ts';
import { newStripeId } from './identifiers.ts';
import type { Billed } from './invoice-lines.ts';
import { draftInvoice, finalizeInvoice } from './invoices.ts';
import { incompleteSeconds, reminderSeconds } from './renewals.ts';
import { planWake } from './subscription-changes.ts';
import { buildItem, listOfItems, recurringOf } from './subscription-items.ts';

type Subscription = Stripe.Subscription;

export interface SubscriptionRequest {
  readonly customer: Stripe.Customer;
  readonly items: readonly PlannedItem[];
  /** One-time prices that go on the first invoice. */
  readonly oneTime: readonly PlannedItem[];
  readonly defaultTaxRates: readonly Stripe.TaxRate[];
  readonly applicationFeePercent: number | null;
  readonly defaultPaymentMethod: string | null;
  readonly description: string | null;
  readonly metadata: Stripe.Metadata;
  /** Unix seconds; null without a trial. */
  readonly trialEnd: number | null;
  readonly missingPaymentMethod: Stripe.Subscription.TrialSettings.EndBehavior.MissingPaymentMethod;
  /** Unix seconds that all periods are counted from; null from the start, or the end of the trial. */
  readonly anchor: number | null;
  /** Whether a first period that the anchor cuts short is billed in part; else not at all. */
  readonly prorates: boolean;
  /** Whether the card that pays the first invoice becomes the subscription's default. */
  readonly savesMethod: boolean;
  /** Unix seconds, or at the end of the first period. */
  readonly cancelAt: number | 'period_end' | null;
}

function buildSubscription(call: Call, request: SubscriptionRequest): Subscription {
  const [first] = request.items;
  if (!first) throw invalidRequest('Missing required param: items.', { code: 'parameter_missing', param: 'items' });
  const id = newStripeId('sub');
  const now = call.nowSeconds;
  const anchor = request.trialEnd ?? request.anchor ?? now;
  const items = request.items.map((planned) =>
    buildItem(call, {
      planned,
      subscriptionId: id,
      period: { start: now, end: request.trialEnd ?? nextBoundary(anchor, now, recurringOf(planned.price)) },
    }),
  );
  const periodEnd = Math.min(...items.map((item) => item.current_period_end));
  const atPeriodEnd = request.cancelAt === 'period_end';
  return {
    id,
    object: 'subscription',
    application: call.onPlatform ? null : clientIdOf(call.platform.account.id),
    application_fee_percent: request.applicationFeePercent,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: anchor,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible', updated_at: now },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: request.cancelAt === 'period_end' ? periodEnd : request.cancelAt,
    cancel_at_period_end: atPeriodEnd,
    canceled_at: request.cancelAt === null ? null : now,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: 'charge_automatically',
    created: now,
    currency: first.price.currency,
    customer: request.customer.id,
    customer_account: null,
    days_until_due: null,
    default_payment_method: request.defaultPaymentMethod,
    default_source: null,
    default_tax_rates: [...request.defaultTaxRates],
    description: request.description,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    items: listOfItems(id, items),
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: request.metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: request.savesMethod ? 'on_subscription' : 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    status: request.trialEnd === null ? 'incomplete' : 'trialing',
    test_clock: null,
    transfer_data: null,
    trial_end: request.trialEnd,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: request.missingPaymentMethod },
    },
    trial_start: request.trialEnd === null ? null : now,
  };
}

function firstLines(call: Call, subscription: Subscription, request: SubscriptionRequest): readonly Billed[] {
  const items = licensed(subscription.items.data);
  const once = request.oneTime.map((planned) => billedOnce(planned, subscription, call.nowSeconds));
  if (request.trialEnd !== null) return [...items.map((item) => onTrial(item, subscription)), ...once];
  const whole = request.anchor === null;
  if (!whole && !request.prorates) return once;
  const advance = items.map((item) =>
    inAdvance(item, subscription, periodOf(item), whole ? undefined : firstShare(item)),
  );
  return [...advance, ...once];
}

export interface Start {
  readonly subscription: Subscription;
  readonly draft: Stripe.Invoice;
}

/** Makes the subscription and the draft of its first invoice, and lets the clock know of them. */
export async function startSubscription(call: Call, request: SubscriptionRequest, lane?: string): Promise<Start> {
  const made = buildSubscription(call, request);
  const told = lane ?? made.id;
  const lines = firstLines(call, made, request);
  const now = call.nowSeconds;
  call.emit('customer.subscription.created', made, told);
  const draft = draftInvoice(
    call,
    {
      subscription: made,
      customer: request.customer,
      reason: 'subscription_create',
      lines,
      period: { start: now, end: now },
      autoAdvance: false,
    },
    told,
  );
  const subscription: Subscription = { ...made, latest_invoice: draft.id };
  call.store.save('subscription', subscription);
  if (subscription.status === 'trialing') {
    await planWake(call, subscription);
    scheduleReminder(call, subscription);
  } else {
    const dueAt = new Date((now + incompleteSeconds) * 1000);
    call.schedule({ kind: 'incomplete_expiry', objectId: made.id, dueAt, detail: '' });
  }
  return { subscription, draft };
}

/** A trial of less than three days is told of its end at once. */
export function scheduleReminder(call: Call, subscription: Subscription): void {
  const dueAt = Math.max((subscription.trial_end ?? 0) - reminderSeconds, call.nowSeconds);
  call.schedule({ kind: 'trial_reminder', objectId: subscription.id, dueAt: new Date(dueAt * 1000), detail: '' });
}

/** The first invoice, finalized at once: paid if it can be, or, where `collecting` is null, left open for its payer. */
export function invoiceAtOnce(
  call: Call,
  { subscription, draft }: Start,
  collecting: Omit<Collecting, 'lane'> | null,
  lane = subscription.id,
): Promise<Stripe.Invoice> {
  return collecting === null
    ? finalizeInvoice(call, draft, subscription, lane)
    : finalizeAndCollect(call, draft, subscription, { ...collecting, lane });
}
