import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { findTestPaymentMethod } from '../cards.ts';
import { invalidRequest, resourceMissing } from '../failure.ts';
import { listDocuments } from '../lists.ts';
import {
  created,
  currencyCode,
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
import { newIntent, requireCharges, requireFee, requirePayable, tryCard, unexpectedState } from '../payments.ts';
import { Refused, type Route, route } from '../route.ts';

const intentCreate = parameters({
  amount: integer,
  currency: currencyCode,
  allowed_payment_method_types: list(text).optional(),
  application_fee_amount: integer.optional(),
  capture_method: z.enum(['automatic', 'automatic_async']).optional(),
  confirm: flag.optional(),
  customer: text.optional(),
  description: text.optional(),
  error_on_requires_action: flag.optional(),
  metadata: metadata.optional(),
  off_session: flag.optional(),
  payment_method: text.optional(),
  receipt_email: text.optional(),
  setup_future_usage: z.enum(['off_session', 'on_session']).optional(),
  statement_descriptor: text.optional(),
  statement_descriptor_suffix: text.optional(),
} satisfies Rules<Stripe.PaymentIntentCreateParams>);

const intentConfirm = parameters({
  error_on_requires_action: flag.optional(),
  off_session: flag.optional(),
  payment_method: text,
} satisfies Rules<Stripe.PaymentIntentConfirmParams>);

const intentList = parameters({
  ...paging,
  created: created.optional(),
  customer: text.optional(),
} satisfies Rules<Stripe.PaymentIntentListParams>);

/** The payment that nobody is there to authenticate is a decline (docs.stripe.com/payments/save-and-reuse). */
interface Confirmation {
  readonly paymentMethod: string;
  readonly withoutPayer: boolean;
}

async function confirm(
  call: Call,
  intent: Stripe.PaymentIntent,
  confirmation: Confirmation,
): Promise<Stripe.PaymentIntent | Refused> {
  const card = findTestPaymentMethod(confirmation.paymentMethod);
  if (!card) throw resourceMissing('PaymentMethod', confirmation.paymentMethod, 'payment_method');
  if (intent.status !== 'requires_payment_method') throw unexpectedState(intent);
  requireCharges(call);
  const refusing =
    confirmation.withoutPayer && card.outcome.kind === 'challenge'
      ? {
          ...card,
          outcome: {
            kind: 'decline' as const,
            code: 'authentication_required',
            declineCode: 'authentication_required',
            message: 'Your card was declined. This transaction requires authentication.',
          },
        }
      : card;
  const tried = tryCard(call, intent, refusing, { name: null, email: null }, intent.id);
  const failure = tried.last_payment_error;
  if (!failure) return tried;
  return new Refused(402, {
    type: 'card_error',
    code: failure.code ?? 'card_declined',
    message: failure.message ?? 'Your card was declined.',
    ...(failure.decline_code ? { decline_code: failure.decline_code } : {}),
    ...(failure.charge ? { charge: failure.charge } : {}),
    payment_intent: tried,
  });
}

async function createIntent(
  call: Call,
  params: z.output<typeof intentCreate>,
): Promise<Stripe.PaymentIntent | Refused> {
  requirePayable(call, params.amount, params.currency, 'amount');
  const fee = params.application_fee_amount ?? null;
  requireFee(call, { fee, amountMinor: params.amount, currency: params.currency }, 'application_fee_amount');
  if (params.customer !== undefined) await call.store.get('customer', params.customer, 'customer');
  if (params.confirm && params.payment_method === undefined) {
    throw invalidRequest('You must provide a payment_method to confirm with.', {
      code: 'parameter_missing',
      param: 'payment_method',
    });
  }
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
  });
  if (!params.confirm || params.payment_method === undefined) return made;
  return confirm(call, made, {
    paymentMethod: params.payment_method,
    withoutPayer: (params.off_session ?? false) || (params.error_on_requires_action ?? false),
  });
}

/** An intent that a session made is the session's: it cannot be confirmed or cancelled past it. */
async function lockOwnIntent(call: Call, id: string): Promise<Stripe.PaymentIntent> {
  const intent = await call.store.lock('payment_intent', id, 'intent');
  const [session] = await call.store.linked('checkout.session', [`payment_intent:${id}`]);
  if (session) throw invalidRequest('This PaymentIntent was created by Checkout and cannot be changed directly.');
  return intent;
}

async function cancelIntent(call: Call, id: string): Promise<Stripe.PaymentIntent> {
  const intent = await lockOwnIntent(call, id);
  if (intent.status !== 'requires_payment_method' && intent.status !== 'requires_action') throw unexpectedState(intent);
  const canceled: Stripe.PaymentIntent = {
    ...intent,
    status: 'canceled',
    canceled_at: call.nowSeconds,
    cancellation_reason: null,
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
  route('POST', `${collection}/:id/confirm`, intentConfirm, async (call, params, id) =>
    confirm(call, await lockOwnIntent(call, id), {
      paymentMethod: params.payment_method,
      withoutPayer: (params.off_session ?? false) || (params.error_on_requires_action ?? false),
    }),
  ),
  route('POST', `${collection}/:id/cancel`, parameters({}), (call, _params, id) => cancelIntent(call, id)),
  route('GET', collection, intentList, (call, params) =>
    listDocuments(call.store, 'payment_intent', collection, params, {
      all: params.customer === undefined ? [] : [`customer:${params.customer}`],
    }),
  ),
  route('GET', '/v1/payment_methods/:id', parameters({}), (call, _params, id) =>
    call.store.get('payment_method', id, 'payment_method'),
  ),
];
