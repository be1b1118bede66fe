import type Stripe from 'stripe';
import { Money } from '../../money/money.ts';
import type { InvoicesPort, ProviderInvoice, ProviderInvoiceLine } from '../subscription-ports.ts';
import { fromMinorUnits } from './amounts.ts';
import { on, pageSize, type StripeCalls } from './stripe-calls.ts';

const idOf = (reference: string | { readonly id: string } | null | undefined): string | null =>
  typeof reference === 'string' ? reference : (reference?.id ?? null);

const at = (seconds: number): Date => new Date(seconds * 1000);

function toLine(line: Stripe.InvoiceLineItem): ProviderInvoiceLine {
  const taxes = line.taxes ?? [];
  const zero = Money.zero(line.currency.toUpperCase());
  const sum = (wanted: (tax: Stripe.InvoiceLineItem.Tax) => boolean): Money =>
    taxes.filter(wanted).reduce((total, { amount }) => total.plus(fromMinorUnits(amount, line.currency)), zero);
  // An inclusive tax is in the line's amount already.
  const inclusive = sum(({ tax_behavior }) => tax_behavior === 'inclusive');
  const discounts = (line.discount_amounts ?? []).reduce(
    (total, { amount }) => total.plus(fromMinorUnits(amount, line.currency)),
    zero,
  );
  return {
    priceId: idOf(line.pricing?.price_details?.price),
    description: line.description ?? '',
    quantity: line.quantity,
    net: fromMinorUnits(line.amount, line.currency).minus(discounts).minus(inclusive),
    tax: sum(() => true),
    periodStart: at(line.period.start),
    periodEnd: at(line.period.end),
  };
}

/** A word that is not known is a draft: it is neither owed nor paid. */
const statuses: Readonly<Record<string, ProviderInvoice['status']>> = {
  open: 'open',
  paid: 'paid',
  void: 'void',
  uncollectible: 'uncollectible',
};

/** A try that failed or was given up stays beside the one that paid. */
function paymentIdsOf({ status, payments }: Stripe.Invoice): readonly string[] {
  const wanted = status === 'paid' ? 'paid' : 'open';
  return (payments?.data ?? [])
    .filter((payment) => payment.status === wanted)
    .sort((one, other) => Number(other.is_default) - Number(one.is_default))
    .flatMap(({ payment }) => idOf(payment.payment_intent) ?? []);
}

export function toInvoice(invoice: Stripe.Invoice, lines: readonly Stripe.InvoiceLineItem[]): ProviderInvoice {
  const money = (amount: number): Money => fromMinorUnits(amount, invoice.currency);
  const details = invoice.parent?.subscription_details ?? null;
  const tax = (invoice.total_taxes ?? []).reduce((sum, { amount }) => sum.plus(money(amount)), money(0));
  return {
    id: invoice.id ?? '',
    number: invoice.number,
    status: statuses[invoice.status ?? ''] ?? 'draft',
    subscriptionId: idOf(details?.subscription),
    metadata: details?.metadata ?? {},
    billingReason: invoice.billing_reason,
    total: money(invoice.total),
    tax,
    amountDue: money(invoice.amount_due),
    amountPaid: money(invoice.amount_paid),
    // Stripe writes credit as a negative balance: what it rose by was used here.
    credit:
      invoice.ending_balance === null ? money(0) : money(invoice.ending_balance).minus(money(invoice.starting_balance)),
    lines: lines.map(toLine),
    paymentIds: paymentIdsOf(invoice),
    hostedUrl: invoice.hosted_invoice_url ?? null,
    attemptCount: invoice.attempt_count,
    nextAttemptAt: invoice.next_payment_attempt === null ? null : at(invoice.next_payment_attempt),
    periodStart: at(invoice.period_start),
    periodEnd: at(invoice.period_end),
    createdAt: at(invoice.created),
    paidAt: invoice.status_transitions.paid_at === null ? null : at(invoice.status_transitions.paid_at),
  };
}

const expand = ['payments'];

export function createInvoices(stripe: Stripe, calls: StripeCalls): InvoicesPort {
  /** The first lines come with the invoice; only a long one is listed. */
  const whole = async (account: Parameters<InvoicesPort['retrieve']>[0], invoice: Stripe.Invoice) => {
    const { id, lines } = invoice;
    if (!lines.has_more || id === undefined) return toInvoice(invoice, lines.data);
    return toInvoice(
      invoice,
      await calls.list(() => stripe.invoices.listLineItems(id, { limit: pageSize }, on(account))),
    );
  };
  const retrieve: InvoicesPort['retrieve'] = async (account, id) =>
    whole(account, await calls.read('invoice', () => stripe.invoices.retrieve(id, { expand }, on(account))));
  return {
    retrieve,

    async findByPayment(account, paymentId) {
      const [found] = await calls.list(() =>
        stripe.invoicePayments.list(
          { payment: { type: 'payment_intent', payment_intent: paymentId }, limit: pageSize },
          on(account),
        ),
      );
      const id = idOf(found?.invoice);
      return id === null ? null : retrieve(account, id);
    },

    async listOfSubscription(account, subscriptionId) {
      const invoices = await calls.list(() =>
        stripe.invoices.list({ subscription: subscriptionId, limit: pageSize, expand: ['data.payments'] }, on(account)),
      );
      return Promise.all(invoices.map((invoice) => whole(account, invoice)));
    },
  };
}
