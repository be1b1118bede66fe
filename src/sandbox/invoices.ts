import type Stripe from 'stripe';
import type { Period } from './billing-periods.ts';
import type { Call } from './call.ts';
import { clientIdOf } from './connections.ts';
import { isBelowMinimum } from './countries.ts';
import { idOf } from './document-links.ts';
import { invalidRequest } from './failure.ts';
import { newStripeId } from './identifiers.ts';
import { type Billed, buildLine, totalsOf } from './invoice-lines.ts';
import { cancelInvoicePayment, openInvoicePayment } from './invoice-payments.ts';

/** Drafts wait about an hour before they are finalized (docs.stripe.com/billing/invoices/subscription). */
export const draftSeconds = 3600;

export interface InvoiceRequest {
  readonly subscription: Stripe.Subscription;
  readonly customer: Stripe.Customer;
  readonly reason: Stripe.Invoice.BillingReason;
  readonly lines: readonly Billed[];
  readonly period: Period;
  /** Whether the clock finalizes it; else it stays a draft until a call does. */
  readonly autoAdvance: boolean;
}

export function buildInvoice(call: Call, request: InvoiceRequest): Stripe.Invoice {
  const { subscription, customer, period } = request;
  const id = newStripeId('in');
  const lines = request.lines.map((billed) => buildLine(billed, id, subscription.id));
  const totals = totalsOf(lines);
  const due = Math.max(0, totals.total + customer.balance);
  return {
    id,
    object: 'invoice',
    account_country: call.account.country ?? null,
    account_name: call.account.business_profile?.name ?? null,
    account_tax_ids: null,
    amount_due: due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: due,
    amount_shipping: 0,
    application: call.onPlatform ? null : clientIdOf(call.platform.account.id),
    attempt_count: 0,
    attempted: false,
    auto_advance: request.autoAdvance,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: request.autoAdvance ? call.nowSeconds + draftSeconds : null,
    billing_reason: request.reason,
    collection_method: subscription.collection_method,
    created: call.nowSeconds,
    currency: subscription.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: subscription.description,
    discounts: [],
    due_date: null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: { object: 'list', data: lines, has_more: false, url: `/v1/invoices/${id}/lines` },
    livemode: false,
    metadata: {},
    next_payment_attempt: request.autoAdvance ? call.nowSeconds + draftSeconds : null,
    number: null,
    on_behalf_of: null,
    parent: {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: 'subscription_details',
    },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: period.end,
    period_start: period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: customer.balance,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    test_clock: null,
    total_discount_amounts: [],
    total_pretax_credit_amounts: [],
    webhooks_delivered_at: call.nowSeconds,
    ...totals,
  };
}

/** Saves and tells a draft; the clock finalizes it unless it is to stay one. */
export function draftInvoice(call: Call, request: InvoiceRequest, lane: string): Stripe.Invoice {
  const invoice = buildInvoice(call, request);
  call.store.save('invoice', invoice);
  call.emit('invoice.created', invoice, lane);
  return invoice;
}

/** The clock goes on with the draft in an hour. */
export function scheduleFinalization(call: Call, invoice: Stripe.Invoice): void {
  call.schedule({
    kind: 'invoice_finalization',
    objectId: invoice.id,
    dueAt: new Date((invoice.automatically_finalizes_at ?? call.nowSeconds + draftSeconds) * 1000),
    detail: subscriptionIdOf(invoice),
  });
}

export const subscriptionIdOf = (invoice: Stripe.Invoice): string =>
  idOf(invoice.parent?.subscription_details?.subscription) ?? '';

export const wrongStatus = (invoice: Stripe.Invoice, wanted: string) =>
  invalidRequest(`This invoice is ${invoice.status}; only ${wanted} can be used like this.`, {
    code: 'invoice_not_editable',
  });

/** `A1B2C3D4-0001`: each customer's own prefix and sequence. */
const numberOf = (customer: Stripe.Customer, sequence: number): string =>
  `${customer.id.slice(-8).toUpperCase()}-${String(sequence).padStart(4, '0')}`;

/**
 * What the customer's balance makes of a total (docs.stripe.com/billing/customer/balance): a credit is used up, and what is
 * then too little to be charged is left for the next invoice.
 */
export function dueAfterBalance(
  total: number,
  balance: number,
  currency: string,
): { readonly due: number; readonly ending: number } {
  const owed = total + balance;
  if (owed <= 0) return { due: 0, ending: owed };
  return isBelowMinimum(owed, currency) ? { due: 0, ending: owed } : { due: owed, ending: 0 };
}

/**
 * Fixes a draft: it has its number, its address and, where something is due, its payment from now on. One of which nothing is
 * due is still `open` when this returns. Throws 400 for what is no draft.
 */
export async function finalizeInvoice(
  call: Call,
  draft: Stripe.Invoice,
  subscription: Stripe.Subscription,
  lane: string,
): Promise<Stripe.Invoice> {
  if (draft.status !== 'draft') throw wrongStatus(draft, 'a draft');
  const customer = await call.store.lock('customer', idOf(draft.customer) ?? '', 'customer');
  const sequence = customer.next_invoice_sequence ?? 1;
  const { due, ending } = dueAfterBalance(draft.total, customer.balance, draft.currency);
  const numbered: Stripe.Customer = { ...customer, next_invoice_sequence: sequence + 1, balance: ending };
  call.store.save('customer', numbered);
  if (ending !== customer.balance) {
    call.emit('customer.updated', numbered, lane, { balance: customer.balance });
  }
  const address = `${call.baseUrl}/pay/invoices/${draft.id}`;
  const open: Stripe.Invoice = {
    ...draft,
    amount_due: due,
    amount_remaining: due,
    automatically_finalizes_at: null,
    effective_at: call.nowSeconds,
    ending_balance: ending,
    hosted_invoice_url: address,
    invoice_pdf: `${address}/pdf`,
    next_payment_attempt: null,
    number: numberOf(customer, sequence),
    starting_balance: customer.balance,
    status: 'open',
    status_transitions: { ...draft.status_transitions, finalized_at: call.nowSeconds },
  };
  call.store.save('invoice', open);
  call.emit('invoice.finalized', open, lane);
  if (due > 0) openInvoicePayment(call, open, subscription, lane);
  return open;
}

/** Saves the invoice changed; what else is told than that it is paid is the caller's. */
export function markPaid(call: Call, invoice: Stripe.Invoice, lane: string): Stripe.Invoice {
  const paid: Stripe.Invoice = {
    ...invoice,
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
    status: 'paid',
    status_transitions: { ...invoice.status_transitions, paid_at: call.nowSeconds },
  };
  call.store.save('invoice', paid);
  call.emit('invoice.paid', paid, lane);
  call.emit('invoice.payment_succeeded', paid, lane);
  return paid;
}

const endable: ReadonlySet<string | null> = new Set(['open', 'uncollectible']);

/** Nobody owes it any more; what of the customer's balance went into it comes back. Throws 400 unless it is owed. */
export async function voidInvoice(call: Call, invoice: Stripe.Invoice, lane: string): Promise<Stripe.Invoice> {
  if (!endable.has(invoice.status)) throw wrongStatus(invoice, 'an open or uncollectible one');
  await cancelInvoicePayment(call, invoice, lane);
  const returned = invoice.starting_balance - (invoice.ending_balance ?? invoice.starting_balance);
  if (returned !== 0) {
    const customer = await call.store.lock('customer', idOf(invoice.customer) ?? '', 'customer');
    const credited: Stripe.Customer = { ...customer, balance: customer.balance + returned };
    call.store.save('customer', credited);
    call.emit('customer.updated', credited, lane, { balance: customer.balance });
  }
  const voided: Stripe.Invoice = {
    ...invoice,
    auto_advance: false,
    next_payment_attempt: null,
    status: 'void',
    status_transitions: { ...invoice.status_transitions, voided_at: call.nowSeconds },
  };
  call.store.save('invoice', voided);
  call.emit('invoice.voided', voided, lane);
  return voided;
}

/** Owed, and no longer expected. Throws 400 for what is not open. */
export function markUncollectible(call: Call, invoice: Stripe.Invoice, lane: string): Stripe.Invoice {
  if (invoice.status !== 'open') throw wrongStatus(invoice, 'an open one');
  const uncollectible: Stripe.Invoice = {
    ...invoice,
    auto_advance: false,
    next_payment_attempt: null,
    status: 'uncollectible',
    status_transitions: { ...invoice.status_transitions, marked_uncollectible_at: call.nowSeconds },
  };
  call.store.save('invoice', uncollectible);
  call.emit('invoice.marked_uncollectible', uncollectible, lane);
  return uncollectible;
}
