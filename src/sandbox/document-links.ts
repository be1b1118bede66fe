import type { DocumentKind, DocumentTypes } from './document-types.ts';

/** The id of a reference, expanded or not. */
export const idOf = (reference: string | { readonly id: string } | null | undefined): string | undefined =>
  typeof reference === 'object' ? reference?.id : reference;

const link = (name: string, value: string | boolean | null | undefined): string[] =>
  value === null || value === undefined ? [] : [`${name}:${value}`];

const savingStates: ReadonlySet<string> = new Set(['succeeded', 'requires_capture']);

/** What each kind can be listed by. `saves` names the card that its owner, being there, left for charges without them. */
export const linksOf: { readonly [Kind in DocumentKind]?: (body: DocumentTypes[Kind]) => readonly string[] } = {
  connection: (connection) => link('authorized', connection.authorized),
  product: (product) => [...link('active', product.active), ...link('url', product.url)],
  price: (price) => [
    ...link('product', idOf(price.product)),
    ...link('lookup_key', price.lookup_key),
    ...link('active', price.active),
    ...link('currency', price.currency),
    ...link('type', price.type),
    ...link('interval', price.recurring?.interval),
    ...link('usage_type', price.recurring?.usage_type),
    ...link('meter', price.recurring?.meter),
  ],
  tax_rate: (taxRate) => [...link('active', taxRate.active), ...link('inclusive', taxRate.inclusive)],
  'billing.meter': (meter) => [...link('event_name', meter.event_name), ...link('status', meter.status)],
  customer: (customer) => link('email', customer.email),
  'checkout.session': (session) => [
    ...link('customer', idOf(session.customer)),
    ...link('payment_intent', idOf(session.payment_intent)),
    ...link('setup_intent', idOf(session.setup_intent)),
    ...link('subscription', idOf(session.subscription)),
    ...link('status', session.status),
  ],
  payment_intent: (intent) => [
    ...link('customer', idOf(intent.customer)),
    ...(intent.setup_future_usage === 'off_session' && savingStates.has(intent.status)
      ? link('saves', idOf(intent.payment_method))
      : []),
  ],
  setup_intent: (intent) => [
    ...link('customer', idOf(intent.customer)),
    ...link('payment_method', idOf(intent.payment_method)),
    ...(intent.status === 'succeeded' ? link('saves', idOf(intent.payment_method)) : []),
  ],
  payment_method: (method) => [
    ...link('customer', idOf(method.customer)),
    ...link('type', method.type),
    ...link('allow_redisplay', method.allow_redisplay),
    ...link('fingerprint', method.card?.fingerprint),
  ],
  charge: (charge) => [
    ...link('customer', idOf(charge.customer)),
    ...link('payment_intent', idOf(charge.payment_intent)),
  ],
  refund: (refund) => [...link('charge', idOf(refund.charge)), ...link('payment_intent', idOf(refund.payment_intent))],
  dispute: (dispute) => [
    ...link('charge', idOf(dispute.charge)),
    ...link('payment_intent', idOf(dispute.payment_intent)),
  ],
  application_fee: (fee) => link('charge', idOf(fee.charge)),
  fee_refund: (refund) => link('fee', idOf(refund.fee)),
  subscription: (subscription) => [
    ...link('customer', idOf(subscription.customer)),
    ...link('status', subscription.status),
    ...link('ended', subscription.ended_at !== null),
    ...subscription.items.data.flatMap((item) => link('price', item.price.id)),
  ],
  subscription_schedule: (schedule) => link('customer', idOf(schedule.customer)),
  invoice: (invoice) => [
    ...link('customer', idOf(invoice.customer)),
    ...link('subscription', idOf(invoice.parent?.subscription_details?.subscription)),
    ...link('status', invoice.status),
  ],
  invoice_payment: (payment) => [
    ...link('invoice', idOf(payment.invoice)),
    ...link('payment_intent', idOf(payment.payment.payment_intent)),
    ...link('status', payment.status),
  ],
  balance_transaction: (transaction) => [
    ...link('source', idOf(transaction.source)),
    ...link('type', transaction.type),
    ...link('currency', transaction.currency),
  ],
  event: (event) => link('type', event.type),
};
