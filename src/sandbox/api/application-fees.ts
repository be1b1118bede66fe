import type Stripe from 'stripe';
import { listDocuments } from '../lists.ts';
import { created, paging, parameters, type Rules, text } from '../parameters.ts';
import { type Route, route } from '../route.ts';

const feeList = parameters({
  ...paging,
  charge: text.optional(),
  created: created.optional(),
} satisfies Rules<Stripe.ApplicationFeeListParams>);

const collection = '/v1/application_fees';

export const applicationFeeRoutes: readonly Route[] = [
  route('GET', `${collection}/:id`, parameters({}), (call, _params, id) => call.store.get('application_fee', id, 'id')),
  route('GET', collection, feeList, (call, params) =>
    listDocuments(call.store, 'application_fee', collection, params, {
      all: params.charge === undefined ? [] : [`charge:${params.charge}`],
    }),
  ),
];
