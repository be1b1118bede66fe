import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { confirmIntent, findMethod, isConfirmable } from '../confirmations.ts';
import { invalidRequest } from '../failure.ts';
import { captureHold, releaseHold } from '../holds.ts';
import { followIntent, lockInvoiceOf } from '../invoice-following.ts';
import { listDocuments } from '../lists.ts';
import { lockOwnIntent } from '../own-intents.ts';
import {
  created,
  currencyCode,
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
  webAddress,
} from '../parameters.ts';
import { newIntent, requireFee, requirePayable, unexpectedState } from '../payments.ts';
import type { Refused, Route } from '../route.ts';
import { route } from '../route.ts';

/** What a confirmation takes, and a creation only together with `confirm`. */
const confirming = {
  error_on_requires_action: flag.optional(),
  off_session: flag.optional(),
  return_url: webAddress.optional(),
} satisfies Rules<Stripe.PaymentIntentConfirmParams>;

const futureUsage = z.enum(['off_session', 'on_session']);

const intentCreate = parameters({
  ...confirming,
  amount: integer,
  currency: currencyCode,
  allowed_payment_method_types: list(text).optional(),
  application_fee_amount: integer.optional(),
  capture_method: z.enum(['automatic', 'automatic_async', 'manual']).optional(),
  confirm: flag.optional(),
  customer: text.optional(),
  description: text.optional(),
  metadata: metadata.optional(),
  payment_method: text.optional(),
  receipt_email: text.optional(),
  setup_future_usage: futureUsage.optional(),
  statement_descriptor: text.optional(),
  statement_descriptor_suffix: text.optional(),
} satisfies Rules<Stripe.PaymentIntentCreateParams>);

const intentUpdate = parameters({
  amount: integer.optional(),
  customer: text.optional(),
  description: text.optional(),
  metadata: emptyable(metadata).optional(),
  payment_method: text.optional(),
  receipt_email: emptyable(text).optional(),
  setup_future_usage: emptyable(futureUsage).optional(),
} satisfies Rules<Stripe.PaymentIntentUpdateParams>);

const intentConfirm = parameters({
  ...confirming,
  payment_method: text.optional(),
} satisfies Rules<Stripe.PaymentIntentConfirmParams>);

const intentCapture = parameters({
  amount_to_capture: integer.optional(),
  metadata: emptyable(metadata).optional(),
} satisfies Rules<Stripe.PaymentIntentCaptureParams>);

const intentCancel = parameters({
  cancellation_reason: z.enum(['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer']).optional(),
} satisfies Rules<Stripe.PaymentIntentCancelParams>);

const intentList = parameters({
  ...paging,
  created: created.optional(),
  customer: text.optional(),
} satisfies Rules<Stripe.PaymentIntentListParams>);

type CreateRequest = z.output<typeof intentCreate>;

const confirmationOf = (params: z.output<typeof intentConfirm>) => ({
  paymentMethod: params.payment_method,
  use: params.off_session ? ('off_session' as const) : ('on_session' as const),
  refuseChallenge: params.error_on_requires_action ?? false,
  returnUrl: params.return_url ?? null,
});

function requireConfirmation(params: CreateRequest): void {
  if (params.confirm) {
    if (params.payment_method !== undefined) return;
    throw invalidRequest('You must provide a payment_method to confirm with.', {
      code: 'parameter_missing',
      param: 'payment_method',
    });
  }
  const given = Object.keys(confirming).find((name) => Object.hasOwn(params, name));
  if (given) throw invalidRequest(`${given} can only be given together with confirm.`, { param: given });
}

async function createIntent(call: Call, params: CreateRequest): Promise<Stripe.PaymentIntent | Refused> {
  requirePayable(call, params.amount, params.currency, 'amount');
  const fee = params.application_fee_amount ?? null;
  requireFee(call, { fee, amountMinor: params.amount, currency: params.currency }, 'application_fee_amount');
  requireConfirmation(params);
  if (params.customer !== undefined) await call.store.get('customer', params.customer, 'customer');
  const method =
    params.payment_method === undefined
      ? undefined
      : await findMethod(call, params.payment_method, params.customer ?? null);
  const made = newIntent(call, {
    amount: params.amount,
    currency: params.currency,
    customer: params.customer ?? null,
    description: params.description ?? null,
    metadata: mergeMetadata({}, params.metadata),
    applicationFeeAmount: fee,
    receiptEmail: params.receipt_email ?? null,
    setupFutureUsage: params.setup_future_usage ?? null,
    statementDescriptor: params.statement_descriptor ?? null,
    statementDescriptorSuffix: params.statement_descriptor_suffix ?? null,
    paymentMethodTypes: params.allowed_payment_method_types ?? ['card'],
    allowedPaymentMethodTypes: params.allowed_payment_method_types ?? null,
    captureMethod: params.capture_method,
  });
  if (!method) return made;
  const chosen: Stripe.PaymentIntent = { ...made, status: 'requires_confirmation', payment_method: method.id };
  call.store.save('payment_intent', chosen);
  return params.confirm ? confirmIntent(call, chosen, { ...confirmationOf(params), paymentMethod: method.id }) : chosen;
}

/** Description and metadata at any time; what is charged, and to whom, only before it is. */
async function updateIntent(
  call: Call,
  params: z.output<typeof intentUpdate>,
  id: string,
): Promise<Stripe.PaymentIntent> {
  const intent = await lockOwnIntent(call, id);
  const { amount, customer, payment_method: named, setup_future_usage: usage } = params;
  const decisive = [amount, customer, named, usage].some((given) => given !== undefined);
  if (decisive && !isConfirmable(intent)) throw unexpectedState(intent);
  if (amount !== undefined) requirePayable(call, amount, intent.currency, 'amount');
  if (customer !== undefined) await call.store.get('customer', customer, 'customer');
  const payer = customer ?? intent.customer;
  const method = named === undefined ? undefined : await findMethod(call, named, payer ? String(payer) : null);
  const updated: Stripe.PaymentIntent = {
    ...intent,
    amount: amount ?? intent.amount,
    customer: payer,
    description: params.description ?? intent.description,
    metadata: mergeMetadata(intent.metadata, params.metadata),
    receipt_email: params.receipt_email === undefined ? intent.receipt_email : params.receipt_email,
    setup_future_usage: usage === undefined ? intent.setup_future_usage : usage,
    ...(method ? { payment_method: method.id, status: 'requires_confirmation' as const, next_action: null } : {}),
  };
  call.store.save('payment_intent', updated);
  return updated;
}

async function captureIntent(
  call: Call,
  params: z.output<typeof intentCapture>,
  id: string,
): Promise<Stripe.PaymentIntent> {
  const intent = await lockOwnIntent(call, id);
  if (intent.status !== 'requires_capture') throw unexpectedState(intent);
  const named: Stripe.PaymentIntent = { ...intent, metadata: mergeMetadata(intent.metadata, params.metadata) };
  return captureHold(call, named, params.amount_to_capture);
}

async function cancelIntent(
  call: Call,
  params: z.output<typeof intentCancel>,
  id: string,
): Promise<Stripe.PaymentIntent> {
  if (await lockInvoiceOf(call, id)) {
    throw invalidRequest('You cannot cancel a PaymentIntent that an invoice is paid with. Void the invoice instead.');
  }
  const intent = await lockOwnIntent(call, id);
  const reason = params.cancellation_reason ?? null;
  if (intent.status === 'requires_capture') return releaseHold(call, intent, reason);
  if (!isConfirmable(intent)) throw unexpectedState(intent);
  const canceled: Stripe.PaymentIntent = {
    ...intent,
    status: 'canceled',
    canceled_at: call.nowSeconds,
    cancellation_reason: reason,
    next_action: null,
  };
  call.store.save('payment_intent', canceled);
  call.emit('payment_intent.canceled', canceled, id);
  return canceled;
}

const collection = '/v1/payment_intents';

export const paymentIntentRoutes: readonly Route[] = [
  route('POST', collection, intentCreate, createIntent),
  route('GET', `${collection}/:id`, parameters({}), (call, _params, id) =>
    call.store.get('payment_intent', id, 'intent'),
  ),
  route('POST', `${collection}/:id`, intentUpdate, updateIntent),
  route('POST', `${collection}/:id/confirm`, intentConfirm, async (call, params, id) => {
    const invoice = await lockInvoiceOf(call, id);
    const answer = await confirmIntent(call, await lockOwnIntent(call, id), confirmationOf(params));
    await followIntent(call, invoice, await call.store.get('payment_intent', id, 'intent'));
    return answer;
  }),
  route('POST', `${collection}/:id/capture`, intentCapture, captureIntent),
  route('POST', `${collection}/:id/cancel`, intentCancel, cancelIntent),
  route('GET', collection, intentList, (call, params) =>
    listDocuments(call.store, 'payment_intent', collection, params, {
      all: params.customer === undefined ? [] : [`customer:${params.customer}`],
    }),
  ),
];
