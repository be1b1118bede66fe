import type Stripe from 'stripe';
import type { Call } from '../call.ts';
import { invalidRequest } from '../failure.ts';
import { listDocuments } from '../lists.ts';
import { created, emptyable, flag, integer, metadata, paging, parameters, type Rules, text } from '../parameters.ts';
import { cancelRefund, chargeOfPayment, makeRefund, updateRefund } from '../refunds.ts';
import { type Route, route } from '../route.ts';

const refundList = parameters({
  ...paging,
  charge: text.optional(),
  created: created.optional(),
  payment_intent: text.optional(),
} satisfies Rules<Stripe.RefundListParams>);

const reasons: ReadonlySet<string> = new Set(['duplicate', 'fraudulent', 'requested_by_customer']);

const refundCreate = parameters({
  amount: integer.optional(),
  charge: text.optional(),
  metadata: emptyable(metadata).optional(),
  payment_intent: text.optional(),
  reason: text.refine((reason) => reasons.has(reason), `must be one of ${[...reasons].join(', ')}`).optional(),
  refund_application_fee: flag.optional(),
} satisfies Rules<Stripe.RefundCreateParams>);

const refundUpdate = parameters({
  metadata: emptyable(metadata).optional(),
} satisfies Rules<Stripe.RefundUpdateParams>);

interface Refunded {
  readonly charge?: string | undefined;
  readonly payment_intent?: string | undefined;
}

async function chargeOf(call: Call, { charge, payment_intent: intent }: Refunded): Promise<string> {
  if (charge !== undefined && intent !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: charge, payment_intent.');
  }
  if (charge !== undefined) return charge;
  if (intent !== undefined) return chargeOfPayment(call, intent);
  throw invalidRequest('One of the following params should be provided for this request: payment_intent or charge.', {
    code: 'parameter_missing',
    param: 'payment_intent',
  });
}

export const refundRoutes: readonly Route[] = [
  route('POST', '/v1/refunds', refundCreate, async (call, params) =>
    makeRefund(call, await chargeOf(call, params), {
      amountMinor: params.amount ?? null,
      reason: params.reason ?? null,
      metadata: params.metadata ?? {},
      returnsApplicationFee: params.refund_application_fee ?? false,
    }),
  ),
  route('GET', '/v1/refunds/:id', parameters({}), (call, _params, id) => call.store.get('refund', id, 'id')),
  route('POST', '/v1/refunds/:id', refundUpdate, (call, params, id) => updateRefund(call, id, params.metadata)),
  route('POST', '/v1/refunds/:id/cancel', parameters({}), (call, _params, id) => cancelRefund(call, id)),
  route('GET', '/v1/refunds', refundList, (call, params) =>
    listDocuments(call.store, 'refund', '/v1/refunds', params, {
      all: [
        ...(params.charge === undefined ? [] : [`charge:${params.charge}`]),
        ...(params.payment_intent === undefined ? [] : [`payment_intent:${params.payment_intent}`]),
      ],
    }),
  ),
];
