import type Stripe from 'stripe';
import { customerOf } from './attachments.ts';
import { billingSettings } from './billing-settings.ts';
import type { Call } from './call.ts';
import { idOf } from './document-links.ts';
import { intentIdOf, payInvoicePayment, paymentOf } from './invoice-payments.ts';
import { finalizeInvoice, markPaid, markUncollectible, subscriptionIdOf, voidInvoice } from './invoices.ts';
import { tryMethod } from './payments.ts';
import { changeSubscription, endSubscription, isOver, planWake } from './subscription-changes.ts';

/**
 * Days after the first attempt at which a renewal is tried again: eight times in two weeks, as Smart Retries do unless set
 * otherwise (docs.stripe.com/billing/revenue-recovery/smart-retries). Stripe picks the hours; the sandbox keeps the days.
 */
export const retryAfterDays = [1, 2, 3, 5, 7, 9, 11, 14] as const;

const secondsPerDay = 86_400;

export interface Collecting {
  /** Whether the payer is there to be asked. */
  readonly use: 'on_session' | 'off_session';
  /** Of the clock's attempts, which alone count after the first. */
  readonly automatic: boolean;
  readonly lane: string;
  /** The default of the subscription, then of the customer, unless given. */
  readonly method?: Stripe.PaymentMethod | undefined;
}

/** What the subscription is charged to: its own default, then its customer's. */
export async function methodFor(
  call: Call,
  subscription: Pick<Stripe.Subscription, 'customer' | 'default_payment_method'>,
): Promise<Stripe.PaymentMethod | undefined> {
  const customerId = idOf(subscription.customer) ?? '';
  const customer = await call.store.get('customer', customerId, 'customer');
  const named = [subscription.default_payment_method, customer.invoice_settings.default_payment_method];
  for (const id of named.map(idOf)) {
    const method = id === undefined ? undefined : await call.store.find('payment_method', id);
    if (method && customerOf(method) === customerId) return method;
  }
  return undefined;
}

/** Finalizes a draft and, where something is due, tries to be paid. */
export async function finalizeAndCollect(
  call: Call,
  draft: Stripe.Invoice,
  subscription: Stripe.Subscription,
  collecting: Collecting,
): Promise<Stripe.Invoice> {
  const open = await finalizeInvoice(call, draft, subscription, collecting.lane);
  return collect(call, open, collecting);
}

/** Tries to be paid an open invoice; one of which nothing is due is paid by that. */
export async function collect(call: Call, invoice: Stripe.Invoice, collecting: Collecting): Promise<Stripe.Invoice> {
  const { lane } = collecting;
  const payment = await paymentOf(call, invoice.id);
  if (!payment) return paid(call, invoice, lane);
  const subscription = await call.store.lock('subscription', subscriptionIdOf(invoice), 'subscription');
  const method = collecting.method ?? (await methodFor(call, subscription));
  if (!method) return failed(call, invoice, collecting);
  const intent = await call.store.get('payment_intent', intentIdOf(payment), 'payment_intent');
  const tried = await tryMethod(call, intent, method, {
    use: collecting.use,
    asksLater: true,
    refuseChallenge: false,
    lane,
    returnUrl: null,
  });
  return follow(call, invoice, tried, collecting);
}

/** What became of its payment becomes of the invoice, and of its subscription. */
export async function follow(
  call: Call,
  invoice: Stripe.Invoice,
  intent: Stripe.PaymentIntent,
  collecting: Collecting,
): Promise<Stripe.Invoice> {
  if (intent.status === 'succeeded') {
    const payment = await paymentOf(call, invoice.id);
    if (payment) payInvoicePayment(call, payment, collecting.lane);
    return paid(call, invoice, collecting.lane, idOf(intent.payment_method));
  }
  if (intent.status === 'requires_action') {
    call.emit('invoice.payment_action_required', invoice, collecting.lane);
    // Their payer is being asked at this moment: nothing has failed yet.
    if (!collecting.automatic && collecting.use === 'on_session') return invoice;
  }
  return failed(call, invoice, collecting);
}

/** The invoice is paid, and with it, where it is the latest, its subscription in good standing. */
export async function paid(
  call: Call,
  invoice: Stripe.Invoice,
  lane: string,
  methodId?: string | undefined,
): Promise<Stripe.Invoice> {
  if (invoice.next_payment_attempt !== null) await call.unschedule('payment_retry', invoice.id);
  const done = markPaid(
    call,
    invoice.attempt_count > 0 || !methodId ? invoice : { ...invoice, attempt_count: 1 },
    lane,
  );
  const subscription = await call.store.lock('subscription', subscriptionIdOf(invoice), 'subscription');
  const keeps = subscription.payment_settings?.save_default_payment_method === 'on_subscription' && methodId;
  const kept = keeps ? { ...subscription, default_payment_method: methodId } : subscription;
  if (kept !== subscription) call.store.save('subscription', kept);
  await restore(call, kept, done, lane);
  return done;
}

const owing: ReadonlySet<string> = new Set(['incomplete', 'past_due', 'unpaid']);

/** Nothing of the latest invoice is owed any more. An older one says nothing of how the subscription stands. */
async function restore(
  call: Call,
  subscription: Stripe.Subscription,
  invoice: Stripe.Invoice,
  lane: string,
): Promise<void> {
  if (idOf(subscription.latest_invoice) !== invoice.id || !owing.has(subscription.status)) return;
  await call.unschedule('incomplete_expiry', subscription.id);
  const active = changeSubscription(call, subscription, { status: 'active' }, lane);
  await planWake(call, active);
}

async function failed(call: Call, invoice: Stripe.Invoice, { automatic, lane }: Collecting): Promise<Stripe.Invoice> {
  const subscription = await call.store.lock('subscription', subscriptionIdOf(invoice), 'subscription');
  const counts = automatic || invoice.attempt_count === 0;
  const attempts = invoice.attempt_count + (counts ? 1 : 0);
  const retried = subscription.status !== 'incomplete' && !isOver(subscription);
  const days = retried ? retryAfterDays[attempts - 1] : undefined;
  const first = invoice.status_transitions.finalized_at ?? call.nowSeconds;
  const next = days === undefined ? null : first + days * secondsPerDay;
  const refused: Stripe.Invoice = {
    ...invoice,
    attempt_count: attempts,
    attempted: true,
    auto_advance: next !== null,
    next_payment_attempt: counts ? next : invoice.next_payment_attempt,
  };
  call.store.save('invoice', refused);
  call.emit('invoice.payment_failed', refused, lane);
  if (!counts || !retried) return refused;
  if (next !== null) {
    call.schedule({
      kind: 'payment_retry',
      objectId: invoice.id,
      dueAt: new Date(next * 1000),
      detail: subscription.id,
    });
  }
  await fallBehind(call, subscription, refused, lane);
  return refused;
}

/** Past due while it is tried again; then what the sandbox is set to do with a subscription that nobody pays. */
async function fallBehind(
  call: Call,
  subscription: Stripe.Subscription,
  invoice: Stripe.Invoice,
  lane: string,
): Promise<void> {
  if (idOf(subscription.latest_invoice) !== invoice.id || subscription.status === 'unpaid') return;
  if (invoice.next_payment_attempt !== null) {
    changeSubscription(call, subscription, { status: 'past_due' }, lane);
    return;
  }
  const { afterRetries } = await billingSettings(call);
  if (afterRetries === 'cancel') await endSubscription(call, subscription, { reason: 'payment_failed', lane });
  else changeSubscription(call, subscription, { status: afterRetries }, lane);
}

/** Gives up an invoice; its subscription is in good standing again where it was the latest. */
export async function giveUp(
  call: Call,
  invoice: Stripe.Invoice,
  as: 'void' | 'uncollectible',
  lane: string,
): Promise<Stripe.Invoice> {
  await call.unschedule('payment_retry', invoice.id);
  const given = as === 'void' ? await voidInvoice(call, invoice, lane) : markUncollectible(call, invoice, lane);
  const subscription = await call.store.lock('subscription', subscriptionIdOf(invoice), 'subscription');
  if (subscription.status !== 'incomplete') await restore(call, subscription, given, lane);
  return given;
}
