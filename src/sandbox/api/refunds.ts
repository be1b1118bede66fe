import type Stripe from 'stripe';
import { listDocuments } from '../lists.ts';
import { created, paging, parameters, type Rules, text } from '../parameters.ts';
import { type Route, route } from '../route.ts';

const refundList = parameters({
  ...paging,
  charge: text.optional(),
  created: created.optional(),
  payment_intent: text.optional(),
} satisfies Rules<Stripe.RefundListParams>);

/** Read only: the sandbox's refunds are what released holds show as. */
export const refundRoutes: readonly Route[] = [
  route('GET', '/v1/refunds/:id', parameters({}), (call, _params, id) => call.store.get('refund', id, 'id')),
  route('GET', '/v1/refunds', refundList, (call, params) =>
    listDocuments(call.store, 'refund', '/v1/refunds', params, {
      all: [
        ...(params.charge === undefined ? [] : [`charge:${params.charge}`]),
        ...(params.payment_intent === undefined ? [] : [`payment_intent:${params.payment_intent}`]),
      ],
    }),
  ),
];
