import type Stripe from 'stripe';
import { attachMethod, customerOf } from './attachments.ts';
import type { Call } from './call.ts';
import { outcomeOfUse } from './card-behaviour.ts';
import { type Decline, declineFields } from './card-outcomes.ts';
import { clientIdOf } from './connections.ts';
import { invalidRequest } from './failure.ts';
import { newStripeId } from './identifiers.ts';
import { challengeAction } from './next-action.ts';

export interface SetupRequest {
  readonly customer: string | null;
  readonly description: string | null;
  readonly metadata: Stripe.Metadata;
  readonly usage: string;
  readonly allowedPaymentMethodTypes: readonly string[] | null;
}

/** Makes and saves a setup that waits for a payment method. Its events take its own lane unless one is given. */
export function newSetup(call: Call, request: SetupRequest, lane?: string): Stripe.SetupIntent {
  const id = newStripeId('seti');
  const setup: Stripe.SetupIntent = {
    id,
    object: 'setup_intent',
    allowed_payment_method_types: request.allowedPaymentMethodTypes ? [...request.allowedPaymentMethodTypes] : null,
    application: call.onPlatform ? null : clientIdOf(call.platform.account.id),
    automatic_payment_methods: null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${newStripeId('s').slice(2)}`,
    created: call.nowSeconds,
    customer: request.customer,
    customer_account: null,
    description: request.description,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    managed_payments: null,
    mandate: null,
    metadata: request.metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: [...(request.allowedPaymentMethodTypes ?? ['card'])],
    single_use_mandate: null,
    status: 'requires_payment_method',
    usage: request.usage,
  };
  call.store.save('setup_intent', setup);
  call.emit('setup_intent.created', setup, lane ?? id);
  return setup;
}

export const unexpectedSetupState = (setup: Stripe.SetupIntent) =>
  invalidRequest(`This SetupIntent's status is ${setup.status}, which does not allow this.`, {
    code: 'setup_intent_unexpected_state',
    setup_intent: setup,
  });

interface SetupAttempt {
  readonly lane: string;
  /** Where the card's owner comes back to after a challenge; null inside a hosted page. */
  readonly returnUrl: string | null;
}

/**
 * Asks the bank whether the card is good, taking nothing. The setup comes back `succeeded`, `requires_action` or, refused,
 * `requires_payment_method`.
 */
export async function trySetup(
  call: Call,
  setup: Stripe.SetupIntent,
  method: Stripe.PaymentMethod,
  { lane, returnUrl }: SetupAttempt,
): Promise<Stripe.SetupIntent> {
  const outcome = await outcomeOfUse(call, method, 'saving');
  if (outcome.kind === 'decline') return refuse(call, setup, method, lane, outcome);
  if (outcome.kind === 'success') return succeed(call, setup, method, lane);
  const asking: Stripe.SetupIntent = {
    ...setup,
    status: 'requires_action',
    payment_method: method.id,
    last_setup_error: null,
    next_action: challengeAction(call, setup.id, returnUrl),
  };
  call.store.save('setup_intent', asking);
  call.emit('setup_intent.requires_action', asking, lane);
  return asking;
}

const authenticationFailure: Decline = {
  kind: 'decline',
  code: 'setup_intent_authentication_failure',
  declineCode: 'authentication_required',
  message:
    'The latest attempt to set up the payment method has failed because authentication failed. Please choose a different payment method and try again.',
};

/** Ends a challenge. Throws 400 for a setup that does not ask for one. */
export async function answerSetupChallenge(
  call: Call,
  setup: Stripe.SetupIntent,
  answer: 'complete' | 'fail',
  lane: string,
): Promise<Stripe.SetupIntent> {
  if (setup.status !== 'requires_action') throw unexpectedSetupState(setup);
  const method = await call.store.get('payment_method', String(setup.payment_method), 'payment_method');
  return answer === 'complete'
    ? succeed(call, setup, method, lane)
    : refuse(call, setup, method, lane, authenticationFailure);
}

function succeed(
  call: Call,
  setup: Stripe.SetupIntent,
  method: Stripe.PaymentMethod,
  lane: string,
): Stripe.SetupIntent {
  const customer = customerOf(setup);
  if (customer !== null) attachMethod(call, method, customer, lane);
  const done: Stripe.SetupIntent = {
    ...setup,
    status: 'succeeded',
    payment_method: method.id,
    last_setup_error: null,
    next_action: null,
  };
  call.store.save('setup_intent', done);
  call.emit('setup_intent.succeeded', done, lane);
  return done;
}

function refuse(
  call: Call,
  setup: Stripe.SetupIntent,
  method: Stripe.PaymentMethod,
  lane: string,
  outcome: Decline,
): Stripe.SetupIntent {
  const refused: Stripe.SetupIntent = {
    ...setup,
    status: 'requires_payment_method',
    payment_method: null,
    next_action: null,
    last_setup_error: { type: 'card_error', ...declineFields(outcome), payment_method: method },
  };
  call.store.save('setup_intent', refused);
  call.emit('setup_intent.setup_failed', refused, lane);
  return refused;
}

/** Ends a setup for good. Throws 400 for one that is over. */
export function cancelSetup(
  call: Call,
  setup: Stripe.SetupIntent,
  reason: Stripe.SetupIntent.CancellationReason | null,
  lane: string,
): Stripe.SetupIntent {
  if (setup.status === 'succeeded' || setup.status === 'canceled') throw unexpectedSetupState(setup);
  const canceled: Stripe.SetupIntent = {
    ...setup,
    status: 'canceled',
    cancellation_reason: reason,
    next_action: null,
  };
  call.store.save('setup_intent', canceled);
  call.emit('setup_intent.canceled', canceled, lane);
  return canceled;
}
