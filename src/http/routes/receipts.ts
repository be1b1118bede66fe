import { z } from 'zod';
import type { Receipts } from '../../receipts/receipts.ts';
import { defineRoute, pdf, type Route } from '../route.ts';
import { id } from '../schemas.ts';

export interface ReceiptRouteDependencies {
  readonly receipts: Pick<Receipts, 'receipt' | 'statement'>;
}

/** Documents to print and to keep: numbered once, the same bytes ever after. */
export function createReceiptRoutes({ receipts }: ReceiptRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/transactions/:id/receipt.pdf',
      summary: 'Read the receipt of a payment, or the credit note of a refund',
      description:
        'Numbered without gaps in each agency; it never changes. 409 `receipt_not_paid` of what is not paid, `receipt_unavailable` of what has ' +
        'none, `receipt_not_ready` for a moment after a payment. `document=credit_note` is the one of a payment that failed after its receipt.',
      tag: 'Transactions',
      roles: ['platform', 'agency', 'portal'],
      params: z.strictObject({ id: z.string().min(1).max(100) }),
      query: z.strictObject({ document: z.literal('credit_note').optional() }),
      responses: { 200: pdf },
      produces: 'application/pdf',
      handle: async ({ scope, params, query }) => ({
        status: 200,
        body: await receipts.receipt(scope, params.id, query.document),
      }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/statements/:month',
      summary: 'Read a client’s statement of a month',
      description:
        'A PDF with the balance from the month’s beginning to its end, what was used, and the tax. The month is in UTC, such as `2026-11`; 409 ' +
        '`statement_not_ready` until an hour after it.',
      tag: 'Transactions',
      roles: ['platform', 'agency', 'portal'],
      params: z.strictObject({
        id: id('customer'),
        month: z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'A month such as 2026-11.'),
      }),
      responses: { 200: pdf },
      produces: 'application/pdf',
      handle: async ({ scope, params }) => ({
        status: 200,
        body: await receipts.statement(scope, params.id, params.month),
      }),
    }),
  ];
}
