import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { collect, follow } from './collection.ts';
import { idOf } from './document-links.ts';
import type { SessionSubscription } from './document-types.ts';
import { invalidRequest } from './failure.ts';
import { intentIdOf, paymentOf } from './invoice-payments.ts';
import { dueAfterBalance } from './invoices.ts';
import { answerChallenge } from './payments.ts';
import { answerSetupChallenge, newSetup, trySetup } from './setups.ts';
import { invoiceAtOnce, startSubscription } from './subscription-creation.ts';
import { type Payment, typedCard } from './typed-cards.ts';

type Session = Stripe.Checkout.Session;

export interface SubscriptionAttempt {
  readonly session: Session;
  readonly intent: Stripe.PaymentIntent | Stripe.SetupIntent | null;
  /** Whether the subscription has begun, and the session is over with it. */
  readonly done: boolean;
}

const secondsPerDay = 86_400;

/** One attempt on a session that sells a subscription. A decline leaves the session open and the subscription `incomplete`. */
export async function attemptSubscription(
  call: Call,
  session: Session,
  payment: Payment,
): Promise<SubscriptionAttempt> {
  const plan = await call.store.get('session_subscription', session.id, 'session');
  if (payment.kind === 'bank_debit') throw invalidRequest('This session takes cards only.', { param: 'method' });
  const customer = await call.store.get('customer', idOf(session.customer) ?? '', 'customer');
  const { due } = dueAfterBalance(session.amount_total ?? 0, customer.balance, session.currency ?? '');
  if (due > 0) return payFirstInvoice(call, session, plan, payment);
  if (payment.kind !== 'confirmation') return saveCard(call, session, plan, payment);
  if (plan.alwaysCollects) throw invalidRequest('This session wants a card.', { param: 'card' });
  return { session: await begin(call, session, plan, null), intent: null, done: true };
}

/** What the payer was last asked about, or last refused: undefined before they tried anything. */
export async function attemptedIntent(call: Call, sessionId: string): Promise<SubscriptionAttempt['intent']> {
  const plan = await call.store.get('session_subscription', sessionId, 'session');
  if (plan.setupId !== null) return call.store.get('setup_intent', plan.setupId, 'setup_intent');
  const begun = plan.subscriptionId === null ? undefined : await firstInvoiceOf(call, plan.subscriptionId);
  return begun?.intent ?? null;
}

async function requestOf(call: Call, session: Session, plan: SessionSubscription, methodId: string | null) {
  const trialEnd = plan.trialDays === null ? plan.trialEnd : call.nowSeconds + plan.trialDays * secondsPerDay;
  return {
    customer: await call.store.lock('customer', idOf(session.customer) ?? '', 'customer'),
    items: plan.items,
    oneTime: plan.oneTime,
    defaultTaxRates: plan.defaultTaxRates,
    applicationFeePercent: plan.applicationFeePercent,
    defaultPaymentMethod: methodId,
    description: plan.description,
    metadata: plan.metadata,
    // A trial that ended while the session was open is none.
    trialEnd: trialEnd !== null && trialEnd > call.nowSeconds ? trialEnd : null,
    missingPaymentMethod: plan.missingPaymentMethod,
    anchor: null,
    prorates: true,
    savesMethod: true,
    cancelAt: null,
  };
}

const begunBy = (session: Session, subscription: Stripe.Subscription): Session => ({
  ...session,
  invoice: idOf(subscription.latest_invoice) ?? null,
  subscription: subscription.id,
});

/** Nothing is due: the subscription begins with what saved the card, if anything did. */
async function begin(
  call: Call,
  session: Session,
  plan: SessionSubscription,
  methodId: string | null,
): Promise<Session> {
  const start = await startSubscription(call, await requestOf(call, session, plan, methodId), session.id);
  await invoiceAtOnce(call, start, { use: 'on_session', automatic: true }, session.id);
  return begunBy(session, await call.store.get('subscription', start.subscription.id, 'subscription'));
}

async function saveCard(
  call: Call,
  session: Session,
  plan: SessionSubscription,
  payment: Payment & { kind: 'card' | 'challenge' },
): Promise<SubscriptionAttempt> {
  const lane = session.id;
  const request = {
    customer: idOf(session.customer) ?? null,
    description: null,
    metadata: {},
    usage: 'off_session',
    allowedPaymentMethodTypes: null,
  };
  const setup =
    plan.setupId === null
      ? newSetup(call, request, lane)
      : await call.store.get('setup_intent', plan.setupId, 'setup_intent');
  const tried =
    payment.kind === 'challenge'
      ? await answerSetupChallenge(call, setup, payment.answer, lane)
      : await trySetup(call, setup, typedCard(call, payment, true), { lane, returnUrl: null });
  call.store.save('session_subscription', { ...plan, setupId: setup.id });
  if (tried.status !== 'succeeded') return { session, intent: tried, done: false };
  return { session: await begin(call, session, plan, idOf(tried.payment_method) ?? null), intent: tried, done: true };
}

interface FirstInvoice {
  readonly subscription: Stripe.Subscription;
  readonly invoice: Stripe.Invoice;
  readonly intent: Stripe.PaymentIntent;
}

async function firstInvoiceOf(call: Call, subscriptionId: string): Promise<FirstInvoice | undefined> {
  const subscription = await call.store.lock('subscription', subscriptionId, 'subscription');
  const invoice = await call.store.lock('invoice', idOf(subscription.latest_invoice) ?? '', 'invoice');
  const payment = await paymentOf(call, invoice.id);
  if (!payment) return undefined;
  const intent = await call.store.get('payment_intent', intentIdOf(payment), 'payment_intent');
  return { subscription, invoice, intent };
}

/** The subscription that an earlier attempt left unpaid, or a new one. */
async function incompleteOf(call: Call, session: Session, plan: SessionSubscription): Promise<FirstInvoice> {
  const earlier = plan.subscriptionId === null ? undefined : await firstInvoiceOf(call, plan.subscriptionId);
  if (earlier?.subscription.status === 'incomplete') return earlier;
  const start = await startSubscription(call, await requestOf(call, session, plan, null), session.id);
  await invoiceAtOnce(call, start, null, session.id);
  call.store.save('session_subscription', { ...plan, subscriptionId: start.subscription.id });
  const begun = await firstInvoiceOf(call, start.subscription.id);
  if (!begun) throw invalidRequest('Nothing is due of this session.');
  return begun;
}

async function payFirstInvoice(
  call: Call,
  session: Session,
  plan: SessionSubscription,
  payment: Payment,
): Promise<SubscriptionAttempt> {
  if (payment.kind === 'confirmation' || payment.kind === 'bank_debit') {
    throw invalidRequest('This session wants a card.', { param: 'card' });
  }
  const { invoice, intent, subscription } = await incompleteOf(call, session, plan);
  const collecting = { use: 'on_session', automatic: false, lane: session.id } as const;
  if (payment.kind === 'challenge') {
    await follow(call, invoice, await answerChallenge(call, intent, payment.answer, session.id), collecting);
  } else {
    await collect(call, invoice, { ...collecting, method: typedCard(call, payment, true) });
  }
  const tried = await call.store.get('payment_intent', intent.id, 'payment_intent');
  if (tried.status !== 'succeeded') return { session, intent: tried, done: false };
  const begun = await call.store.get('subscription', subscription.id, 'subscription');
  return { session: begunBy(session, begun), intent: tried, done: true };
}
