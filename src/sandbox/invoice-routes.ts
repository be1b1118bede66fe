import express, { type Response, type Router } from 'express';
import type Stripe from 'stripe';
import { Money } from '../money/money.ts';
import { testCards } from './cards.ts';
import { StripeFailure } from './failure.ts';
import { parseForm } from './form.ts';
import { type HostedInvoice, type HostedInvoices, invoicePaymentSchema } from './hosted-invoices.ts';
import { onePagePdf } from './one-page-pdf.ts';
import { escapeHtml, page, securityHeaders } from './pay-page.ts';

const amountOf = (invoice: Stripe.Invoice, minorUnits: number): string =>
  Money.ofMinorUnits(minorUnits, invoice.currency.toUpperCase()).toString();

const endings: Readonly<Record<string, string>> = {
  paid: 'This invoice is paid.',
  void: 'This invoice is void: nothing is owed.',
  uncollectible: 'This invoice is no longer collected.',
};

const lineRow = (invoice: Stripe.Invoice, line: Stripe.InvoiceLineItem): string =>
  `<tr><th scope="row">${escapeHtml(line.description ?? '')}</th><td>${escapeHtml(amountOf(invoice, line.amount))}</td></tr>`;

const challengeForm = (path: string): string => `<h2>Your bank asks whether this is you</h2>
<form method="post" action="${path}">
<button class="main" name="authenticate" value="complete">Complete authentication</button>
<button name="authenticate" value="fail">Fail authentication</button></form>`;

const cardForm = (path: string): string => `<h2>Pay with a test card</h2>
<form method="post" action="${path}">${testCards
  .map(
    (card) =>
      `<button name="card" value="${card.number}">${escapeHtml(card.label)}<small>${card.number}</small></button>`,
  )
  .join('')}</form>`;

function invoicePage({ invoice, intent }: HostedInvoice, problem: string | null): string {
  const path = `/pay/invoices/${invoice.id}`;
  const open = invoice.status === 'open';
  const form = intent?.status === 'requires_action' ? challengeForm(path) : cardForm(path);
  return page(
    'Invoice - sandbox',
    `<h1>Invoice ${escapeHtml(invoice.number ?? '')}</h1>
<p class="amount">${escapeHtml(amountOf(invoice, invoice.amount_due))}</p>
${problem ? `<p class="problem" role="alert">${escapeHtml(problem)}</p>` : ''}
<table>${invoice.lines.data.map((line) => lineRow(invoice, line)).join('')}</table>
${open ? form : `<p>${escapeHtml(endings[invoice.status ?? ''] ?? '')}</p>`}
<p><a href="${path}/pdf">As PDF</a></p>`,
  );
}

/** The page that `hosted_invoice_url` leads to, and the document behind `invoice_pdf`. */
export function invoiceRoutes(invoices: HostedInvoices): Router {
  const router = express.Router();
  router.get('/pay/invoices/:id', async (request, response) => {
    show(response, 200, invoicePage(await invoices.view(request.params.id), null));
  });
  router.get('/pay/invoices/:id/pdf', async (request, response) => {
    const { invoice } = await invoices.view(request.params.id);
    const lines = invoice.lines.data.map((line) => `${line.description}: ${amountOf(invoice, line.amount)}`);
    const text = [
      'Sandbox invoice: not a demand for payment',
      `Number ${invoice.number}`,
      ...lines,
      `Total ${amountOf(invoice, invoice.total)}`,
      `Status ${invoice.status}`,
    ];
    response.set(securityHeaders(null)).type('application/pdf').send(onePagePdf(text));
  });
  router.post('/pay/invoices/:id', async (request, response) => {
    const { id } = request.params;
    const body: unknown = request.body;
    const parsed = invoicePaymentSchema.safeParse(parseForm(typeof body === 'string' ? body : ''));
    if (!parsed.success) return show(response, 402, invoicePage(await invoices.view(id), 'Choose a test card.'));
    try {
      const paid = await invoices.pay(id, parsed.data);
      const problem = paid.intent?.last_payment_error?.message ?? null;
      show(response, problem === null ? 200 : 402, invoicePage(paid, problem));
    } catch (error) {
      if (!(error instanceof StripeFailure) || error.status !== 400) throw error;
      show(response, 402, invoicePage(await invoices.view(id), error.message));
    }
  });
  return router;
}

function show(response: Response, status: number, html: string): void {
  response.status(status).set(securityHeaders(null)).type('html').send(html);
}
