import type Stripe from 'stripe';
import { listDocuments } from '../lists.ts';
import { created, currencyCode, paging, parameters, type Rules, text } from '../parameters.ts';
import { type Route, route } from '../route.ts';

const chargeList = parameters({
  ...paging,
  created: created.optional(),
  customer: text.optional(),
  payment_intent: text.optional(),
} satisfies Rules<Stripe.ChargeListParams>);

const balanceTransactionList = parameters({
  ...paging,
  created: created.optional(),
  currency: currencyCode.optional(),
  source: text.optional(),
  type: text.optional(),
} satisfies Rules<Stripe.BalanceTransactionListParams>);

export const chargeRoutes: readonly Route[] = [
  route('GET', '/v1/charges/:id', parameters({}), (call, _params, id) => call.store.get('charge', id, 'id')),
  route('GET', '/v1/charges', chargeList, (call, params) =>
    listDocuments(call.store, 'charge', '/v1/charges', params, {
      all: [
        ...(params.customer === undefined ? [] : [`customer:${params.customer}`]),
        ...(params.payment_intent === undefined ? [] : [`payment_intent:${params.payment_intent}`]),
      ],
    }),
  ),
  route('GET', '/v1/balance_transactions/:id', parameters({}), (call, _params, id) =>
    call.store.get('balance_transaction', id, 'id'),
  ),
  route('GET', '/v1/balance_transactions', balanceTransactionList, (call, params) =>
    listDocuments(call.store, 'balance_transaction', '/v1/balance_transactions', params, {
      all: [
        ...(params.currency === undefined ? [] : [`currency:${params.currency}`]),
        ...(params.source === undefined ? [] : [`source:${params.source}`]),
        ...(params.type === undefined ? [] : [`type:${params.type}`]),
      ],
    }),
  ),
];
