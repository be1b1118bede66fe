import { z } from 'zod';
import { refundPayment } from '../reversals.ts';
import { listQuery, parameters, requiredQuery, type WhopRoute } from '../route.ts';

const refundSchema = z.strictObject({ partial_amount: z.number().nullish() }).nullish();

export const reversalRoutes: readonly WhopRoute[] = [
  {
    method: 'POST',
    path: '/payments/:id/refund',
    forgetsKeys: true,
    run: async (call, { id, body }) => {
      await call.get('payment', id);
      return refundPayment(call, id, parameters(refundSchema, body)?.partial_amount ?? undefined);
    },
  },
  { method: 'GET', path: '/refunds/:id', run: (call, { id }) => call.get('refund', id) },
  {
    method: 'GET',
    path: '/refunds',
    run: async (call, { query }) => {
      const account = await call.requireReach(requiredQuery(query, 'company_id'));
      const list = listQuery(query, ['company_id', 'payment_id']);
      const paymentId = query.get('payment_id');
      return call.page('refund', account, list, ({ payment }) => paymentId === null || payment?.id === paymentId);
    },
  },
  { method: 'GET', path: '/disputes/:id', run: (call, { id }) => call.get('dispute', id) },
  {
    method: 'GET',
    path: '/disputes',
    run: async (call, { query }) => {
      const account = await call.requireReach(requiredQuery(query, 'company_id'));
      return call.page('dispute', account, listQuery(query, ['company_id']));
    },
  },
];
