import type { Pool } from 'pg';
import type Stripe from 'stripe';
import { z } from 'zod';
import { accountOf } from './account-lookup.ts';
import type { Call, Transactions } from './call.ts';
import { findTestCard } from './cards.ts';
import { collect } from './collection.ts';
import { invalidRequest } from './failure.ts';
import { followIntent } from './invoice-following.ts';
import { intentIdOf, paymentOf } from './invoice-payments.ts';
import { subscriptionIdOf, wrongStatus } from './invoices.ts';
import { answerChallenge } from './payments.ts';
import { typedCard } from './typed-cards.ts';

/** What the page's forms and their JSON twin send. */
export const invoicePaymentSchema = z
  .strictObject({ card: z.string().max(200).optional(), authenticate: z.enum(['complete', 'fail']).optional() })
  .refine(
    (payment) => (payment.card === undefined) !== (payment.authenticate === undefined),
    'give a card or an answer',
  );

export type InvoicePaymentRequest = z.output<typeof invoicePaymentSchema>;

export interface HostedInvoice {
  readonly invoice: Stripe.Invoice;
  /** Null where nothing was ever due. */
  readonly intent: Stripe.PaymentIntent | null;
}

/** An invoice as its customer sees and pays it, on its page or from a script. Invoices are found by id alone. */
export class HostedInvoices {
  readonly #pool: Pool;
  readonly #transactions: Transactions;

  constructor(setting: { pool: Pool; transactions: Transactions }) {
    this.#pool = setting.pool;
    this.#transactions = setting.transactions;
  }

  /** Throws 404 for an invoice that no account has, and for a draft. */
  view(id: string): Promise<HostedInvoice> {
    return this.#on(id, (call) => hosted(call, id));
  }

  /** Throws 400 for one that is not open, and for a number that is no test card's. */
  pay(id: string, request: InvoicePaymentRequest): Promise<HostedInvoice> {
    return this.#on(id, async (call) => {
      const { invoice: known } = await hosted(call, id);
      const lane = subscriptionIdOf(known);
      await call.store.lock('subscription', lane, 'subscription');
      const invoice = await call.store.lock('invoice', id, 'invoice');
      if (invoice.status !== 'open') throw wrongStatus(invoice, 'an open one');
      await attempt(call, invoice, request, lane);
      return hosted(call, id);
    });
  }

  async #on<Result>(id: string, work: (call: Call) => Promise<Result>): Promise<Result> {
    return this.#transactions.run(await accountOf(this.#pool, 'invoice', id), null, work);
  }
}

async function hosted(call: Call, id: string): Promise<HostedInvoice> {
  const invoice = await call.store.get('invoice', id, 'invoice');
  if (invoice.status === 'draft') throw invalidRequest('This invoice is not finalized yet.');
  const payment = await paymentOf(call, id);
  const intent = payment ? await call.store.get('payment_intent', intentIdOf(payment), 'payment_intent') : null;
  return { invoice, intent };
}

async function attempt(
  call: Call,
  invoice: Stripe.Invoice,
  request: InvoicePaymentRequest,
  lane: string,
): Promise<void> {
  if (request.authenticate !== undefined) {
    const { intent } = await hosted(call, invoice.id);
    if (!intent) throw invalidRequest('Nothing is asked of this invoice.');
    await followIntent(call, invoice, await answerChallenge(call, intent, request.authenticate, lane));
    return;
  }
  const found = findTestCard(request.card ?? '');
  if ('problem' in found) throw invalidRequest(found.problem.message, { code: found.problem.code, param: 'card' });
  const method = typedCard(call, { kind: 'card', card: found.card, payer: { name: null, email: null } }, false);
  await collect(call, invoice, { use: 'on_session', automatic: false, lane, method });
}
