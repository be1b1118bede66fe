import type Stripe from 'stripe';
import { attachMethod, customerOf, requireUsable } from './attachments.ts';
import type { Call } from './call.ts';
import { outcomeOfUse } from './card-behaviour.ts';
import { declineFields } from './card-outcomes.ts';
import { findTestPaymentMethod } from './cards.ts';
import { invalidRequest } from './failure.ts';
import { cardPaymentMethod } from './payment-methods.ts';
import { type Attempt, requireCharges, tryMethod, unexpectedState } from './payments.ts';
import { Refused } from './route.ts';
import { trySetup, unexpectedSetupState } from './setups.ts';

type Intent = Stripe.PaymentIntent | Stripe.SetupIntent;

export interface Confirmation extends Omit<Attempt, 'lane'> {
  /** Undefined: the one that the intent has. */
  readonly paymentMethod: string | undefined;
}

const confirmable: ReadonlySet<string> = new Set([
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
]);

export const isConfirmable = (intent: Intent): boolean => confirmable.has(intent.status);

/**
 * The method by its id, or a new one of a test card by Stripe's name for it. Throws 404 for neither, and 400 for one that
 * is not the customer's.
 */
export async function findMethod(call: Call, name: string, customer: string | null): Promise<Stripe.PaymentMethod> {
  const card = findTestPaymentMethod(name);
  if (card) {
    const made = cardPaymentMethod(call, card, { name: null, email: null });
    call.store.save('payment_method', made);
    return made;
  }
  const method = await call.store.get('payment_method', name, 'payment_method');
  requireUsable(method, customer);
  return method;
}

/** The intent's own method was found usable when the intent took it. */
async function methodOf(call: Call, intent: Intent, named: string | undefined): Promise<Stripe.PaymentMethod> {
  const own = typeof intent.payment_method === 'string' ? intent.payment_method : undefined;
  if (named !== undefined && named !== own) return findMethod(call, named, customerOf(intent));
  if (own !== undefined) return call.store.get('payment_method', own, 'payment_method');
  throw invalidRequest(`You cannot confirm ${intent.id} because it is missing a payment method.`, {
    code: 'parameter_missing',
    param: 'payment_method',
  });
}

/** Throws 400 for an intent that is over; a card's refusal is answered, for the intent keeps it. */
export async function confirmIntent(
  call: Call,
  intent: Stripe.PaymentIntent,
  { paymentMethod, ...attempt }: Confirmation,
): Promise<Stripe.PaymentIntent | Refused> {
  if (!isConfirmable(intent)) throw unexpectedState(intent);
  requireCharges(call);
  const method = await methodOf(call, intent, paymentMethod);
  const tried = await tryMethod(call, intent, method, { ...attempt, lane: intent.id });
  return tried.last_payment_error ? cardRefused(tried.last_payment_error, { payment_intent: tried }) : tried;
}

/** As `confirmIntent`, of a card that is saved and not charged. */
export async function confirmSetup(
  call: Call,
  setup: Stripe.SetupIntent,
  { paymentMethod, returnUrl }: Pick<Confirmation, 'paymentMethod' | 'returnUrl'>,
): Promise<Stripe.SetupIntent | Refused> {
  if (!isConfirmable(setup)) throw unexpectedSetupState(setup);
  const method = await methodOf(call, setup, paymentMethod);
  const tried = await trySetup(call, setup, method, { lane: setup.id, returnUrl });
  return tried.last_setup_error ? cardRefused(tried.last_setup_error, { setup_intent: tried }) : tried;
}

/** Attaches a method without a setup: the bank may refuse the card, but is not asked who is there. */
export async function attachByName(
  call: Call,
  name: string,
  customer: string,
): Promise<Stripe.PaymentMethod | Refused> {
  await call.store.get('customer', customer, 'customer');
  const method = await findMethod(call, name, customer);
  const outcome = await outcomeOfUse(call, method, 'saving');
  if (outcome.kind === 'decline') return cardRefused({ type: 'card_error', ...declineFields(outcome) }, {});
  return attachMethod(call, method, customer, method.id);
}

const cardRefused = (
  failure: Stripe.PaymentIntent.LastPaymentError | Stripe.SetupIntent.LastSetupError,
  made: { readonly payment_intent?: Stripe.PaymentIntent; readonly setup_intent?: Stripe.SetupIntent },
): Refused =>
  new Refused(402, { ...failure, type: 'card_error', message: failure.message ?? 'Your card was declined.', ...made });
