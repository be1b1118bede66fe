import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { follow } from './collection.ts';
import { idOf } from './document-links.ts';
import { subscriptionIdOf } from './invoices.ts';

/** The open invoice that an intent pays, its subscription locked before it; undefined where it pays none. */
export async function lockInvoiceOf(call: Call, intentId: string): Promise<Stripe.Invoice | undefined> {
  const [payment] = await call.store.linked('invoice_payment', [`payment_intent:${intentId}`, 'status:open']);
  if (!payment) return undefined;
  const invoice = await call.store.get('invoice', idOf(payment.invoice) ?? '', 'invoice');
  await call.store.lock('subscription', subscriptionIdOf(invoice), 'subscription');
  return call.store.lock('invoice', invoice.id, 'invoice');
}

/** What its payer made of an intent becomes of its invoice. An intent that waits to be confirmed changes nothing. */
export async function followIntent(
  call: Call,
  invoice: Stripe.Invoice | undefined,
  intent: Stripe.PaymentIntent,
): Promise<void> {
  if (!invoice || intent.status === 'requires_confirmation') return;
  await follow(call, invoice, intent, { use: 'on_session', automatic: false, lane: subscriptionIdOf(invoice) });
}
