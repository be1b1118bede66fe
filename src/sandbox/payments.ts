import type Stripe from 'stripe';
import { attachMethod, customerOf } from './attachments.ts';
import type { Call } from './call.ts';
import { outcomeOfUse } from './card-behaviour.ts';
import { type Decline, declineFields, needsAuthentication } from './card-outcomes.ts';
import { makeCharge } from './charges.ts';
import { clientIdOf } from './connections.ts';
import { requireChargeable, requireChargeableAmount, requireChargeableStep } from './countries.ts';
import { disputeByCard } from './disputes.ts';
import { invalidRequest } from './failure.ts';
import { placeHold } from './holds.ts';
import { newStripeId } from './identifiers.ts';
import { challengeAction } from './next-action.ts';
import { bankDebitPaymentMethod, type Payer } from './payment-methods.ts';

export interface IntentRequest {
  readonly amount: number;
  readonly currency: string;
  readonly customer: string | null;
  readonly description: string | null;
  readonly metadata: Stripe.Metadata;
  readonly applicationFeeAmount: number | null;
  readonly receiptEmail: string | null;
  readonly setupFutureUsage: Stripe.PaymentIntent.SetupFutureUsage | null;
  readonly statementDescriptor: string | null;
  readonly statementDescriptorSuffix: string | null;
  readonly paymentMethodTypes: readonly string[];
  readonly allowedPaymentMethodTypes: readonly string[] | null;
  readonly captureMethod?: Stripe.PaymentIntent.CaptureMethod | undefined;
}

/** Throws 400 while the account is not onboarded, or restricted. */
export function requireCharges(call: Call): void {
  const { id, charges_enabled: enabled } = call.account;
  if (enabled) return;
  throw invalidRequest(
    `Your account cannot currently make charges. To find out why, look at requirements.disabled_reason of the account (/v1/accounts/${id}).`,
  );
}

/** Refuses what the account cannot charge; `param` is where the request carries the amount. */
export function requirePayable(call: Call, amountMinor: number, currency: string, param: string): void {
  requireCharges(call);
  requireChargeable(call.account.country, currency, 'currency');
  requireChargeableAmount(amountMinor, currency, param);
}

export interface AskedFee {
  readonly fee: number | null;
  readonly amountMinor: number;
  readonly currency: string;
}

/** A platform cannot take a fee from itself; a fee is never more than the charge, and chargeable like it. */
export function requireFee(call: Call, { fee, amountMinor, currency }: AskedFee, param: string): void {
  if (fee === null) return;
  if (call.onPlatform) {
    throw invalidRequest('Can only apply an application_fee_amount on a connected account.', { param });
  }
  if (fee <= 0 || fee > amountMinor) {
    throw invalidRequest('The application fee must be above 0 and at most the amount.', { param });
  }
  requireChargeableStep(fee, currency, param);
}

/** Makes and saves an intent that waits for a payment method. Its events take its own lane unless one is given. */
export function newIntent(call: Call, request: IntentRequest, lane?: string): Stripe.PaymentIntent {
  const id = newStripeId('pi');
  const intent: Stripe.PaymentIntent = {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: request.allowedPaymentMethodTypes ? [...request.allowedPaymentMethodTypes] : null,
    amount: request.amount,
    amount_capturable: 0,
    amount_received: 0,
    application: call.onPlatform ? null : clientIdOf(call.platform.account.id),
    application_fee_amount: request.applicationFeeAmount,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: request.captureMethod ?? 'automatic_async',
    client_secret: `${id}_secret_${newStripeId('s').slice(2)}`,
    confirmation_method: 'automatic',
    created: call.nowSeconds,
    currency: request.currency,
    customer: request.customer,
    customer_account: null,
    description: request.description,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: request.metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: [...request.paymentMethodTypes],
    payment_record: null,
    processing: null,
    receipt_email: request.receiptEmail,
    review: null,
    setup_future_usage: request.setupFutureUsage,
    shipping: null,
    source: null,
    statement_descriptor: request.statementDescriptor,
    statement_descriptor_suffix: request.statementDescriptorSuffix,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
  call.store.save('payment_intent', intent);
  call.emit('payment_intent.created', intent, lane ?? id);
  return intent;
}

/** One try to be paid. */
export interface Attempt {
  readonly use: 'on_session' | 'off_session';
  /** The caller wants a decline in place of a question to the payer, whoever is there. */
  readonly refuseChallenge: boolean;
  /** Without the payer there, the question stays open for them to answer later: an invoice has a page for that. */
  readonly asksLater?: boolean;
  readonly lane: string;
  /** Where the payer comes back to after a challenge; null inside a hosted page. */
  readonly returnUrl: string | null;
}

/**
 * Tries a saved card. The intent comes back `succeeded` (`requires_capture` where it is captured by hand),
 * `requires_action` or, declined, `requires_payment_method`.
 */
export async function tryMethod(
  call: Call,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  { use, refuseChallenge, asksLater = false, lane, returnUrl }: Attempt,
): Promise<Stripe.PaymentIntent> {
  const outcome = await outcomeOfUse(call, method, use);
  if (outcome.kind === 'decline') return decline(call, intent, method, lane, outcome);
  if (outcome.kind === 'success') return succeed(call, intent, method, lane, false);
  if ((use === 'off_session' && !asksLater) || refuseChallenge)
    return decline(call, intent, method, lane, needsAuthentication);
  return askForAuthentication(call, intent, method, lane, returnUrl);
}

const authenticationFailure = {
  kind: 'decline',
  code: 'payment_intent_authentication_failure',
  declineCode: 'authentication_required',
  message: 'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
} as const;

/** Ends a challenge. Throws 400 for an intent that does not ask for one. */
export async function answerChallenge(
  call: Call,
  intent: Stripe.PaymentIntent,
  answer: 'complete' | 'fail',
  lane: string,
): Promise<Stripe.PaymentIntent> {
  if (intent.status !== 'requires_action' || typeof intent.payment_method !== 'string') {
    throw unexpectedState(intent);
  }
  const method = await call.store.get('payment_method', intent.payment_method, 'payment_method');
  if (answer === 'complete') return succeed(call, intent, method, lane, true);
  return refusePayment(call, intent, method, lane, authenticationFailure, null);
}

/** A debit that settles by the clock, or when told: the intent is `processing` until then. */
export function startBankDebit(
  call: Call,
  intent: Stripe.PaymentIntent,
  payer: Payer,
  lane: string,
): Stripe.PaymentIntent {
  const method = bankDebitPaymentMethod(call, payer);
  call.store.save('payment_method', method);
  const processing: Stripe.PaymentIntent = {
    ...intent,
    status: 'processing',
    payment_method: method.id,
    last_payment_error: null,
    next_action: null,
  };
  call.store.save('payment_intent', processing);
  call.emit('payment_intent.processing', processing, lane);
  return processing;
}

const returnedDebit = {
  kind: 'decline',
  code: 'payment_method_bank_debit_returned',
  declineCode: 'insufficient_funds',
  message: 'The bank returned the debit: insufficient funds.',
} as const;

export async function settleBankDebit(
  call: Call,
  intent: Stripe.PaymentIntent,
  outcome: 'succeed' | 'fail',
  lane: string,
): Promise<Stripe.PaymentIntent> {
  if (intent.status !== 'processing' || typeof intent.payment_method !== 'string') throw unexpectedState(intent);
  const method = await call.store.get('payment_method', intent.payment_method, 'payment_method');
  return outcome === 'succeed'
    ? succeed(call, intent, method, lane, false)
    : decline(call, intent, method, lane, returnedDebit);
}

export const unexpectedState = (intent: Stripe.PaymentIntent) =>
  invalidRequest(`This PaymentIntent's status is ${intent.status}, which does not allow this.`, {
    code: 'payment_intent_unexpected_state',
    payment_intent: intent,
  });

/** A card that is paid with for later, too, becomes its customer's. */
function keepForLater(
  call: Call,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  lane: string,
): Stripe.PaymentMethod {
  const customer = customerOf(intent);
  return intent.setup_future_usage === null || customer === null ? method : attachMethod(call, method, customer, lane);
}

async function succeed(
  call: Call,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  lane: string,
  authenticated: boolean,
): Promise<Stripe.PaymentIntent> {
  const kept = keepForLater(call, intent, method, lane);
  if (intent.capture_method === 'manual') return placeHold(call, intent, kept, { authenticated, lane });
  const charge = makeCharge(call, intent, kept, { authenticated, captureBefore: null, failure: null });
  const paid: Stripe.PaymentIntent = {
    ...intent,
    status: 'succeeded',
    amount_received: intent.amount,
    latest_charge: charge.id,
    payment_method: method.id,
    last_payment_error: null,
    next_action: null,
  };
  call.store.save('payment_intent', paid);
  call.emit('payment_intent.succeeded', paid, lane);
  call.emit('charge.succeeded', charge, lane);
  await disputeByCard(call, charge, kept);
  return paid;
}

function askForAuthentication(
  call: Call,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  lane: string,
  returnUrl: string | null,
): Stripe.PaymentIntent {
  const asking: Stripe.PaymentIntent = {
    ...intent,
    status: 'requires_action',
    payment_method: method.id,
    last_payment_error: null,
    next_action: challengeAction(call, intent.id, returnUrl),
  };
  call.store.save('payment_intent', asking);
  call.emit('payment_intent.requires_action', asking, lane);
  return asking;
}

function decline(
  call: Call,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  lane: string,
  outcome: Decline,
): Stripe.PaymentIntent {
  const charge = makeCharge(call, intent, method, { authenticated: false, captureBefore: null, failure: outcome });
  const refused = refusePayment(call, intent, method, lane, outcome, charge.id);
  call.emit('charge.failed', charge, lane);
  return refused;
}

function refusePayment(
  call: Call,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  lane: string,
  outcome: Decline,
  chargeId: string | null,
): Stripe.PaymentIntent {
  const refused: Stripe.PaymentIntent = {
    ...intent,
    status: 'requires_payment_method',
    latest_charge: chargeId ?? intent.latest_charge,
    payment_method: null,
    next_action: null,
    last_payment_error: {
      type: method.type === 'card' ? 'card_error' : 'invalid_request_error',
      ...declineFields(outcome),
      payment_method: method,
      ...(chargeId ? { charge: chargeId } : {}),
    },
  };
  call.store.save('payment_intent', refused);
  call.emit('payment_intent.payment_failed', refused, lane);
  return refused;
}
