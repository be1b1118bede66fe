import { Decimal } from 'decimal.js';
import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { idOf } from './document-links.ts';
import { newIntent } from './payments.ts';

/** The platform's part of what is charged; rounded half up to whole minor units. */
function applicationFee(call: Call, amountMinor: number, percent: number | null): number | null {
  if (call.onPlatform || percent === null || percent === 0) return null;
  const fee = new Decimal(amountMinor).times(percent).div(100);
  return fee.toDecimalPlaces(0, Decimal.ROUND_HALF_UP).toNumber();
}

/** An invoice has one payment, so that its id leads to it. */
export const paymentIdOf = (invoiceId: string): string => invoiceId.replace(/^in_/, 'inpay_');

/**
 * The intent that an open invoice is paid with, and what ties the two together. The intent carries nothing of the
 * subscription: whose it is, only the invoice payment tells.
 */
export function openInvoicePayment(
  call: Call,
  invoice: Stripe.Invoice,
  subscription: Stripe.Subscription,
  lane: string,
): void {
  const first = invoice.billing_reason === 'subscription_create';
  const intent = newIntent(
    call,
    {
      amount: invoice.amount_due,
      currency: invoice.currency,
      customer: idOf(invoice.customer) ?? null,
      description: first ? 'Subscription creation' : 'Subscription update',
      metadata: {},
      applicationFeeAmount: applicationFee(call, invoice.amount_due, subscription.application_fee_percent),
      receiptEmail: null,
      setupFutureUsage: first ? 'off_session' : null,
      statementDescriptor: null,
      statementDescriptorSuffix: null,
      paymentMethodTypes: ['card'],
      allowedPaymentMethodTypes: null,
    },
    lane,
  );
  const payment: Stripe.InvoicePayment = {
    id: paymentIdOf(invoice.id),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created: call.nowSeconds,
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: intent.id, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  };
  call.store.save('invoice_payment', payment);
}

/** The payment of an invoice; undefined where nothing was due, or it is a draft. */
export const paymentOf = (call: Call, invoiceId: string): Promise<Stripe.InvoicePayment | undefined> =>
  call.store.find('invoice_payment', paymentIdOf(invoiceId));

export const intentIdOf = (payment: Stripe.InvoicePayment): string => idOf(payment.payment.payment_intent) ?? '';

export function payInvoicePayment(call: Call, payment: Stripe.InvoicePayment, lane: string): void {
  const paid: Stripe.InvoicePayment = {
    ...payment,
    amount_paid: payment.amount_requested,
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: call.nowSeconds },
  };
  call.store.save('invoice_payment', paid);
  call.emit('invoice_payment.paid', paid, lane);
}

/** The invoice is settled otherwise, or not at all. */
export async function cancelInvoicePayment(call: Call, invoice: Stripe.Invoice, lane: string): Promise<void> {
  const payment = await paymentOf(call, invoice.id);
  if (payment?.status !== 'open') return;
  const intent = await call.store.get('payment_intent', intentIdOf(payment), 'payment_intent');
  const canceled: Stripe.PaymentIntent = {
    ...intent,
    status: 'canceled',
    canceled_at: call.nowSeconds,
    cancellation_reason: 'void_invoice',
    next_action: null,
  };
  call.store.save('payment_intent', canceled);
  call.emit('payment_intent.canceled', canceled, lane);
  call.store.save('invoice_payment', {
    ...payment,
    status: 'canceled',
    status_transitions: { canceled_at: call.nowSeconds, paid_at: null },
  });
}
