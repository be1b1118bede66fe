import { z } from 'zod';
import type { RefundView } from '../../refunds/read-refunds.ts';
import type { Refunds } from '../../refunds/refunds.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime, moneyAnswer, positiveMoney } from '../schemas.ts';

export interface RefundRouteDependencies {
  readonly refunds: Pick<Refunds, 'ask'>;
}

const refundAnswer = z
  .object({
    id: id('refund'),
    orderId: id('order'),
    status: z.enum(['pending', 'requires_action', 'succeeded', 'failed', 'canceled']),
    origin: z.enum(['api', 'provider']).meta({ description: '`provider`: made in the provider’s dashboard.' }),
    amount: moneyAnswer.meta({ description: 'In USD of a top-up, else in the currency that was charged.' }),
    charged: moneyAnswer.meta({ description: 'What the client has back.' }),
    failure: z.string().nullable(),
    requestedAt: isoTime,
  })
  .meta({ id: 'Refund' });

const refundJson = (refund: RefundView) => ({
  ...refund,
  status: refundAnswer.shape.status.parse(refund.status),
  origin: refundAnswer.shape.origin.parse(refund.origin),
  amount: refund.amount.toJSON(),
  charged: refund.charged.toJSON(),
  requestedAt: refund.requestedAt.toISOString(),
});

/** Money that goes back by our API. */
export function createRefundRoutes({ refunds }: RefundRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/transactions/:id/refunds',
      summary: 'Refund a payment',
      description:
        'Of a top-up or a refill `amount` is in USD of balance, of a pack or an invoice in the currency that was charged; left out, all that is ' +
        'left goes back. It is off the balance at once, which may go below zero, and sent to the provider: `pending` until that says that it ' +
        'succeeded, `failed` where it refuses, and then the balance has it back. The last part takes what rounding left.',
      tag: 'Transactions',
      roles: ['platform', 'agency'],
      idempotency: 'required',
      params: z.strictObject({ id: id('order') }),
      body: z.strictObject({ amount: positiveMoney.optional() }),
      responses: { 202: refundAnswer },
      handle: async ({ scope, params, body, request }) => {
        const by = scope.role === 'portal' ? 'portal' : `operator:${scope.keyId}`;
        const asked = { orderId: params.id, amount: body.amount, requestId: request.idempotency.requestId, by };
        return { status: 202, body: refundJson(await refunds.ask(scope, asked)) };
      },
    }),
  ];
}
