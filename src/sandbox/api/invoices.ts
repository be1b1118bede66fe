import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { collect, finalizeAndCollect, giveUp, paid } from '../collection.ts';
import { findMethod } from '../confirmations.ts';
import { idOf } from '../document-links.ts';
import { invalidRequest } from '../failure.ts';
import { cancelInvoicePayment, intentIdOf, paymentOf } from '../invoice-payments.ts';
import { previewInvoice } from '../invoice-previews.ts';
import { finalizeInvoice, subscriptionIdOf, wrongStatus } from '../invoices.ts';
import { listDocuments } from '../lists.ts';
import { created, flag, paging, parameters, type Rules, text } from '../parameters.ts';
import { Refused, type Route, route } from '../route.ts';

const invoiceList = parameters({
  ...paging,
  collection_method: z.literal('charge_automatically').optional(),
  created: created.optional(),
  customer: text.optional(),
  status: z.enum(['draft', 'open', 'paid', 'uncollectible', 'void']).optional(),
  subscription: text.optional(),
} satisfies Rules<Stripe.InvoiceListParams>);

const invoicePay = parameters({
  off_session: flag.optional(),
  paid_out_of_band: flag.optional(),
  payment_method: text.optional(),
} satisfies Rules<Stripe.InvoicePayParams>);

const invoiceFinalize = parameters({
  auto_advance: flag.optional(),
} satisfies Rules<Stripe.InvoiceFinalizeInvoiceParams>);

const invoicePreview = parameters({
  customer: text.optional(),
  subscription: text,
} satisfies Rules<Stripe.InvoiceCreatePreviewParams>);

const paymentList = parameters({
  ...paging,
  created: created.optional(),
  invoice: text.optional(),
  payment: z
    .strictObject({
      payment_intent: text.optional(),
      type: z.literal('payment_intent'),
    } satisfies Rules<Stripe.InvoicePaymentListParams.Payment>)
    .optional(),
  status: z.enum(['canceled', 'open', 'paid']).optional(),
} satisfies Rules<Stripe.InvoicePaymentListParams>);

/** Locks an invoice after its subscription, as the clock's own work does. */
async function lockInvoice(call: Call, id: string): Promise<Stripe.Invoice> {
  const known = await call.store.get('invoice', id, 'invoice');
  await call.store.lock('subscription', subscriptionIdOf(known), 'subscription');
  return call.store.lock('invoice', id, 'invoice');
}

async function pay(call: Call, params: z.output<typeof invoicePay>, id: string): Promise<Stripe.Invoice | Refused> {
  const locked = await lockInvoice(call, id);
  const lane = subscriptionIdOf(locked);
  if (locked.status === 'paid') {
    throw invalidRequest('Invoice is already paid', { code: 'invoice_already_paid' });
  }
  const subscription = await call.store.lock('subscription', lane, 'subscription');
  const invoice = locked.status === 'draft' ? await finalizeInvoice(call, locked, subscription, lane) : locked;
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') throw wrongStatus(invoice, 'an open one');
  if (params.paid_out_of_band) {
    await cancelInvoicePayment(call, invoice, lane);
    return paid(call, invoice, lane);
  }
  const customer = idOf(invoice.customer) ?? '';
  const method =
    params.payment_method === undefined ? undefined : await findMethod(call, params.payment_method, customer);
  const use = params.off_session === false ? 'on_session' : 'off_session';
  const tried = await collect(call, invoice, { use, automatic: false, lane, method });
  return tried.status === 'paid' ? tried : refusal(call, tried);
}

/** Why it was not paid: the attempt stays, and what it left behind. */
async function refusal(call: Call, invoice: Stripe.Invoice): Promise<Refused> {
  const payment = await paymentOf(call, invoice.id);
  const intent = payment && (await call.store.find('payment_intent', intentIdOf(payment)));
  if (intent?.status === 'requires_action') {
    return new Refused(402, {
      type: 'card_error',
      code: 'invoice_payment_intent_requires_action',
      message: 'This payment requires additional user action before it can be completed successfully.',
    });
  }
  const failure = intent?.last_payment_error;
  if (!failure) {
    return new Refused(400, {
      type: 'invalid_request_error',
      code: 'resource_missing',
      message: 'There is no `default_payment_method` set on this Customer or Invoice.',
    });
  }
  return new Refused(402, {
    type: 'card_error',
    message: failure.message ?? 'Your card was declined.',
    ...(failure.code ? { code: failure.code } : {}),
    ...(failure.decline_code ? { decline_code: failure.decline_code } : {}),
    ...(failure.advice_code ? { advice_code: failure.advice_code } : {}),
  });
}

async function finalize(call: Call, params: z.output<typeof invoiceFinalize>, id: string): Promise<Stripe.Invoice> {
  const draft = await lockInvoice(call, id);
  const lane = subscriptionIdOf(draft);
  const subscription = await call.store.lock('subscription', lane, 'subscription');
  await call.unschedule('invoice_finalization', id);
  if (params.auto_advance === false) return finalizeInvoice(call, draft, subscription, lane);
  return finalizeAndCollect(call, draft, subscription, { use: 'off_session', automatic: true, lane });
}

/** A page of the lines that the invoice holds. */
function linesOf(
  invoice: Stripe.Invoice,
  {
    limit = 10,
    starting_after: after,
  }: { readonly limit?: number | undefined; readonly starting_after?: string | undefined },
): Stripe.ApiList<Stripe.InvoiceLineItem> {
  const { data } = invoice.lines;
  const from = after === undefined ? 0 : data.findIndex((line) => line.id === after) + 1;
  return { ...invoice.lines, data: data.slice(from, from + limit), has_more: data.length > from + limit };
}

const collection = '/v1/invoices';
const payments = '/v1/invoice_payments';

export const invoiceRoutes: readonly Route[] = [
  route('POST', `${collection}/create_preview`, invoicePreview, (call, params) =>
    previewInvoice(call, params.subscription),
  ),
  route('GET', `${collection}/:id`, parameters({}), (call, _params, id) => call.store.get('invoice', id, 'invoice')),
  route('GET', `${collection}/:id/lines`, parameters({ ...paging }), async (call, params, id) =>
    linesOf(await call.store.get('invoice', id, 'invoice'), params),
  ),
  route('POST', `${collection}/:id/pay`, invoicePay, pay),
  route('POST', `${collection}/:id/finalize`, invoiceFinalize, finalize),
  route('POST', `${collection}/:id/void`, parameters({}), async (call, _params, id) => {
    const invoice = await lockInvoice(call, id);
    return giveUp(call, invoice, 'void', subscriptionIdOf(invoice));
  }),
  route('POST', `${collection}/:id/mark_uncollectible`, parameters({}), async (call, _params, id) => {
    const invoice = await lockInvoice(call, id);
    return giveUp(call, invoice, 'uncollectible', subscriptionIdOf(invoice));
  }),
  route('GET', collection, invoiceList, (call, params) =>
    listDocuments(call.store, 'invoice', collection, params, {
      all: [
        ...(params.customer === undefined ? [] : [`customer:${params.customer}`]),
        ...(params.status === undefined ? [] : [`status:${params.status}`]),
        ...(params.subscription === undefined ? [] : [`subscription:${params.subscription}`]),
      ],
    }),
  ),
  route('GET', `${payments}/:id`, parameters({}), (call, _params, id) => call.store.get('invoice_payment', id, 'id')),
  route('GET', payments, paymentList, (call, params) =>
    listDocuments(call.store, 'invoice_payment', payments, params, {
      all: [
        ...(params.invoice === undefined ? [] : [`invoice:${params.invoice}`]),
        ...(params.payment?.payment_intent === undefined ? [] : [`payment_intent:${params.payment.payment_intent}`]),
        ...(params.status === undefined ? [] : [`status:${params.status}`]),
      ],
    }),
  ),
];
