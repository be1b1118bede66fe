import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { invalidRequest } from './failure.ts';
import { answerChallenge, newIntent, requireCharges, settleBankDebit, startBankDebit, tryMethod } from './payments.ts';
import { attemptSubscription } from './session-subscription.ts';
import { answerSetupChallenge, cancelSetup, trySetup } from './setups.ts';
import { bankDebitType, type Payment, typedCard } from './typed-cards.ts';

type Session = Stripe.Checkout.Session;

export interface PaymentResult {
  readonly session: Session;
  /** Null where nothing was due and no card asked for. */
  readonly intent: Stripe.PaymentIntent | Stripe.SetupIntent | null;
}

/** How long the sandbox's bank debit takes, by the clock. */
export const bankDebitDelayMs = 86_400_000;

export const acceptsBankDebit = (session: Session): boolean => session.payment_method_types.includes(bankDebitType);

const notOpen = (session: Session) =>
  invalidRequest(`This Checkout Session's status is ${session.status}; only an open one can be used.`, {
    code: 'checkout_session_not_open',
  });

const intentIdOf = (session: Session): string | null =>
  typeof session.payment_intent === 'string' ? session.payment_intent : null;

/**
 * One attempt on an open session. A decline leaves it open, with the reason on the intent's `last_payment_error`.
 * Throws 400 for a session that is not open.
 */
export async function payInSession(call: Call, sessionId: string, payment: Payment): Promise<PaymentResult> {
  const session = await call.store.lock('checkout.session', sessionId, 'session');
  if (session.status !== 'open' || session.expires_at <= call.nowSeconds) throw notOpen(session);
  requireCharges(call);
  if (payment.kind === 'bank_debit' && !acceptsBankDebit(session)) {
    throw invalidRequest('This session does not accept bank debits.', { param: 'method' });
  }
  if (session.mode === 'subscription') {
    const attempt = await attemptSubscription(call, session, payment);
    if (attempt.done)
      return { session: await complete(call, attempt.session, attempt.intent, payment), intent: attempt.intent };
    return attempt;
  }
  const intent = await (session.mode === 'setup' ? attemptSetup : attemptPayment)(call, session, payment);
  const next = intent.object === 'payment_intent' ? { ...session, payment_intent: intent.id } : session;
  if (intent.status === 'succeeded' || intent.status === 'processing') {
    return { session: await complete(call, next, intent, payment), intent };
  }
  call.store.save('checkout.session', next);
  return { session: next, intent };
}

async function intentOf(call: Call, session: Session): Promise<Stripe.PaymentIntent> {
  const existing = intentIdOf(session);
  if (existing) return call.store.get('payment_intent', existing, 'payment_intent');
  const plan = await call.store.get('session_plan', session.id, 'session');
  return newIntent(
    call,
    {
      amount: session.amount_total ?? 0,
      currency: session.currency ?? '',
      customer: typeof session.customer === 'string' ? session.customer : null,
      description: plan.description,
      metadata: plan.metadata,
      applicationFeeAmount: plan.applicationFeeAmount,
      receiptEmail: plan.receiptEmail,
      setupFutureUsage: plan.setupFutureUsage,
      statementDescriptor: plan.statementDescriptor,
      statementDescriptorSuffix: plan.statementDescriptorSuffix,
      paymentMethodTypes: session.payment_method_types,
      allowedPaymentMethodTypes: session.allowed_payment_method_types,
    },
    session.id,
  );
}

async function attemptPayment(call: Call, session: Session, payment: Payment): Promise<Stripe.PaymentIntent> {
  const lane = session.id;
  const intent = await intentOf(call, session);
  if (payment.kind === 'challenge') return answerChallenge(call, intent, payment.answer, lane);
  if (payment.kind === 'bank_debit') return startBankDebit(call, intent, payment.payer, lane);
  if (payment.kind === 'confirmation') throw nothingToConfirm();
  const method = typedCard(call, payment, intent.setup_future_usage !== null);
  return tryMethod(call, intent, method, { use: 'on_session', refuseChallenge: false, lane, returnUrl: null });
}

async function attemptSetup(call: Call, session: Session, payment: Payment): Promise<Stripe.SetupIntent> {
  const lane = session.id;
  const setup = await call.store.get('setup_intent', String(session.setup_intent), 'setup_intent');
  if (payment.kind === 'challenge') return answerSetupChallenge(call, setup, payment.answer, lane);
  if (payment.kind === 'bank_debit') throw invalidRequest('This session saves cards only.', { param: 'method' });
  if (payment.kind === 'confirmation') throw nothingToConfirm();
  return trySetup(call, setup, typedCard(call, payment, true), { lane, returnUrl: null });
}

const nothingToConfirm = () => invalidRequest('This session wants a card.', { param: 'card' });

function paymentStatusOf(intent: PaymentResult['intent']): Session['payment_status'] {
  if (intent === null || intent.object === 'setup_intent') return 'no_payment_required';
  return intent.status === 'succeeded' ? 'paid' : 'unpaid';
}

async function complete(
  call: Call,
  session: Session,
  intent: PaymentResult['intent'],
  payment: Payment,
): Promise<Session> {
  const payer = payment.kind === 'challenge' ? { name: null, email: null } : payment.payer;
  const completed: Session = {
    ...session,
    status: 'complete',
    payment_status: paymentStatusOf(intent),
    url: null,
    customer_details: {
      address: null,
      business_name: null,
      email: payer.email ?? session.customer_details?.email ?? session.customer_email,
      individual_name: null,
      name: payer.name,
      phone: null,
      tax_exempt: 'none',
      tax_ids: [],
    },
  };
  call.store.save('checkout.session', completed);
  call.emit('checkout.session.completed', completed, session.id);
  await call.unschedule('session_expiry', session.id);
  if (payment.kind === 'bank_debit') {
    call.schedule({
      kind: 'payment_settlement',
      objectId: session.id,
      dueAt: new Date(call.now.getTime() + bankDebitDelayMs),
      detail: payment.outcome,
    });
  }
  return completed;
}

/** The delayed debit of a completed session comes in, or back. Throws 400 where nothing is under way. */
export async function settleSession(
  call: Call,
  sessionId: string,
  outcome: 'succeed' | 'fail',
): Promise<PaymentResult> {
  const session = await call.store.lock('checkout.session', sessionId, 'session');
  const intentId = intentIdOf(session);
  if (!intentId) throw invalidRequest('This session has no payment under way.');
  const processing = await call.store.get('payment_intent', intentId, 'payment_intent');
  const intent = await settleBankDebit(call, processing, outcome, session.id);
  const settled: Session = outcome === 'succeed' ? { ...session, payment_status: 'paid' } : session;
  call.store.save('checkout.session', settled);
  call.emit(
    outcome === 'succeed' ? 'checkout.session.async_payment_succeeded' : 'checkout.session.async_payment_failed',
    settled,
    session.id,
  );
  await call.unschedule('payment_settlement', session.id);
  return { session: settled, intent };
}

/** Closes an open session for good. Throws 400 for one that is not open. */
export async function expireSession(call: Call, sessionId: string): Promise<Session> {
  const session = await call.store.lock('checkout.session', sessionId, 'session');
  if (session.status !== 'open') throw notOpen(session);
  const expired: Session = { ...session, status: 'expired', url: null };
  call.store.save('checkout.session', expired);
  if (typeof session.setup_intent === 'string') {
    cancelSetup(call, await call.store.get('setup_intent', session.setup_intent, 'setup_intent'), null, session.id);
  }
  call.emit('checkout.session.expired', expired, session.id);
  await call.unschedule('session_expiry', session.id);
  return expired;
}
