import { z } from 'zod';
import { type Invoice, invoiceKindSchema, invoiceStatusSchema } from '../../subscriptions/offline-invoice.store.ts';
import { invoiceLineSchema } from '../../subscriptions/offline-price.ts';
import type { Invoices } from '../../subscriptions/offline-subscriptions.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime, line, moneyAnswer } from '../schemas.ts';

export interface InvoiceRouteDependencies {
  readonly invoices: Invoices;
}

const invoiceAnswer = z
  .object({
    id: id('invoice'),
    customerId: id('customer'),
    subscriptionId: id('subscription'),
    kind: invoiceKindSchema.meta({ description: '`offline`: no provider collects it.' }),
    status: invoiceStatusSchema,
    number: z.string().nullable(),
    billingReason: z.string().nullable(),
    total: moneyAnswer.meta({ description: 'With its tax.' }),
    tax: moneyAnswer,
    amountDue: moneyAnswer,
    amountPaid: moneyAnswer,
    lines: z.array(invoiceLineSchema),
    planId: id('plan').nullable(),
    planVersion: z.int().nullable(),
    periodStart: isoTime.nullable(),
    periodEnd: isoTime.nullable(),
    hostedUrl: z.string().nullable().meta({ description: 'Where the provider lets the client pay it.' }),
    externalReference: z.string().nullable(),
    paidAt: isoTime.nullable(),
    createdAt: isoTime,
  })
  .meta({ id: 'Invoice' });

const invoiceJson = (invoice: Invoice) => ({
  ...invoice,
  lines: [...invoice.lines],
  total: invoice.total.toJSON(),
  tax: invoice.tax.toJSON(),
  amountDue: invoice.amountDue.toJSON(),
  amountPaid: invoice.amountPaid.toJSON(),
  periodStart: invoice.periodStart?.toISOString() ?? null,
  periodEnd: invoice.periodEnd?.toISOString() ?? null,
  paidAt: invoice.paidAt?.toISOString() ?? null,
  createdAt: invoice.createdAt.toISOString(),
});

const invoiceParams = z.strictObject({ id: id('invoice') });
const tag = 'Invoices';

/** What clients owe for their subscriptions. */
export function createInvoiceRoutes({ invoices }: InvoiceRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/invoices',
      summary: 'List a client’s invoices, newest first',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: z.strictObject({ id: id('customer') }),
      query: z.strictObject(pageQuery),
      responses: { 200: pageAnswer(invoiceAnswer) },
      handle: async ({ scope, params, query: { limit, after } }) => {
        const rows = await invoices.list(scope, params.id, { limit: limit + 1, after: decodeCursor(after) });
        const page = pageOf(rows, limit, (invoice) => invoice.id);
        return { status: 200, body: { data: page.data.map(invoiceJson), next: page.next } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/invoices/:id',
      summary: 'Read an invoice',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: invoiceParams,
      responses: { 200: invoiceAnswer },
      handle: async ({ scope, params }) => ({ status: 200, body: invoiceJson(await invoices.find(scope, params.id)) }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/invoices/:id/mark-paid',
      summary: 'Say that an invoice was paid outside',
      description:
        'Of an invoice that no provider collects: 409 `invoice_of_provider` for others. Again under the same `externalReference` it answers ' +
        'as it is; a reference that another payment has is 409 `reference_conflict`.',
      tag,
      roles: ['platform', 'agency'],
      idempotency: 'required',
      params: invoiceParams,
      body: z.strictObject({
        externalReference: line(200)
          .optional()
          .meta({ description: 'Your own name of the payment, unique in the agency.' }),
      }),
      responses: { 200: invoiceAnswer },
      handle: async ({ scope, params, body }) => ({
        status: 200,
        body: invoiceJson(await invoices.markPaid(scope, params.id, { externalReference: body.externalReference })),
      }),
    }),
  ];
}
