import type Stripe from 'stripe';
import { moveDispute } from '../disputes.ts';
import { listDocuments } from '../lists.ts';
import { created, paging, parameters, type Rules, text } from '../parameters.ts';
import { type Route, route } from '../route.ts';

const disputeList = parameters({
  ...paging,
  charge: text.optional(),
  created: created.optional(),
  payment_intent: text.optional(),
} satisfies Rules<Stripe.DisputeListParams>);

/** Evidence is not taken here: how a dispute goes on is for the sandbox's own routes to say. */
export const disputeRoutes: readonly Route[] = [
  route('GET', '/v1/disputes/:id', parameters({}), (call, _params, id) => call.store.get('dispute', id, 'id')),
  route('POST', '/v1/disputes/:id/close', parameters({}), (call, _params, id) => moveDispute(call, id, 'lose')),
  route('GET', '/v1/disputes', disputeList, (call, params) =>
    listDocuments(call.store, 'dispute', '/v1/disputes', params, {
      all: [
        ...(params.charge === undefined ? [] : [`charge:${params.charge}`]),
        ...(params.payment_intent === undefined ? [] : [`payment_intent:${params.payment_intent}`]),
      ],
    }),
  ),
];
