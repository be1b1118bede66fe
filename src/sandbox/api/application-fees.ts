import type Stripe from 'stripe';
import type { Call } from '../call.ts';
import { refundFee } from '../fee-refunds.ts';
import { listDocuments } from '../lists.ts';
import { created, integer, metadata, paging, parameters, type Rules, text } from '../parameters.ts';
import { type Route, route } from '../route.ts';

const feeList = parameters({
  ...paging,
  charge: text.optional(),
  created: created.optional(),
} satisfies Rules<Stripe.ApplicationFeeListParams>);

const feeRefundCreate = parameters({
  amount: integer.optional(),
  metadata: metadata.optional(),
} satisfies Rules<Stripe.ApplicationFeeCreateRefundParams>);

const feeRefundList = parameters({ ...paging } satisfies Rules<Stripe.ApplicationFeeListRefundsParams>);

const collection = '/v1/application_fees';

/** Of the platform's own accord, without a refund of the charge: all that is left of the fee unless told. */
async function createFeeRefund(
  call: Call,
  feeId: string,
  { amount, metadata: given = {} }: { amount?: number | undefined; metadata?: Stripe.Metadata | undefined },
): Promise<Stripe.FeeRefund> {
  const fee = await call.store.get('application_fee', feeId, 'id');
  return refundFee(call, feeId, amount ?? fee.amount - fee.amount_refunded, given);
}

export const applicationFeeRoutes: readonly Route[] = [
  route('GET', `${collection}/:id`, parameters({}), (call, _params, id) => call.store.get('application_fee', id, 'id')),
  route('GET', collection, feeList, (call, params) =>
    listDocuments(call.store, 'application_fee', collection, params, {
      all: params.charge === undefined ? [] : [`charge:${params.charge}`],
    }),
  ),
  route('POST', `${collection}/:id/refunds`, feeRefundCreate, (call, params, id) => createFeeRefund(call, id, params)),
  route('GET', `${collection}/:id/refunds`, feeRefundList, async (call, params, id) => {
    await call.store.get('application_fee', id, 'id');
    return listDocuments(call.store, 'fee_refund', `${collection}/${id}/refunds`, params, { all: [`fee:${id}`] });
  }),
  route('GET', `${collection}/:fee/refunds/:id`, parameters({}), (call, _params, id) =>
    call.store.get('fee_refund', id, 'id'),
  ),
];
