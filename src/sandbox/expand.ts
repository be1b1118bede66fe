import type { DocumentKind } from './document-types.ts';
import type { DocumentStore } from './documents.ts';
import { invalidRequest } from './failure.ts';
import { listDocuments } from './lists.ts';

/** Which fields of an object hold the id of which other kind, or of one of several. */
const references: Readonly<Record<string, Readonly<Record<string, DocumentKind | readonly DocumentKind[]>>>> = {
  product: { default_price: 'price' },
  price: { product: 'product' },
  'checkout.session': {
    customer: 'customer',
    invoice: 'invoice',
    payment_intent: 'payment_intent',
    setup_intent: 'setup_intent',
    subscription: 'subscription',
  },
  payment_intent: { customer: 'customer', latest_charge: 'charge', payment_method: 'payment_method' },
  payment_method: { customer: 'customer' },
  setup_intent: { customer: 'customer', payment_method: 'payment_method' },
  refund: {
    charge: 'charge',
    payment_intent: 'payment_intent',
    balance_transaction: 'balance_transaction',
    failure_balance_transaction: 'balance_transaction',
  },
  dispute: { charge: 'charge', payment_intent: 'payment_intent' },
  charge: {
    customer: 'customer',
    payment_intent: 'payment_intent',
    balance_transaction: 'balance_transaction',
    failure_balance_transaction: 'balance_transaction',
  },
  balance_transaction: { source: ['charge', 'refund', 'dispute', 'application_fee', 'fee_refund'] },
  application_fee: { balance_transaction: 'balance_transaction' },
  fee_refund: { balance_transaction: 'balance_transaction', fee: 'application_fee' },
  item: { price: 'price' },
  subscription: {
    customer: 'customer',
    default_payment_method: 'payment_method',
    latest_invoice: 'invoice',
    schedule: 'subscription_schedule',
  },
  subscription_schedule: { customer: 'customer', subscription: 'subscription' },
  invoice: { customer: 'customer', default_payment_method: 'payment_method' },
  'invoice.parent.subscription_details': { subscription: 'subscription' },
  invoice_payment: { invoice: 'invoice' },
  'invoice_payment.payment': { payment_intent: 'payment_intent' },
  'line_item.pricing.price_details': { price: 'price' },
};

/** What an object holds whole: there is nothing to fetch, but a path may lead through it. */
const embedded: Readonly<Record<string, ReadonlySet<string>>> = {
  subscription: new Set(['items']),
  subscription_item: new Set(['price']),
  invoice: new Set(['lines', 'parent']),
  'invoice.parent': new Set(['subscription_details']),
  invoice_payment: new Set(['payment']),
  line_item: new Set(['pricing']),
  'line_item.pricing': new Set(['price_details']),
};

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/**
 * The object with the references at these dotted paths replaced by what they name (api/expanding_objects).
 * Throws 400 for a path that cannot be expanded.
 */
export async function expand(store: DocumentStore, object: object, paths: readonly string[]): Promise<object> {
  let view: Fields = { ...object };
  for (const path of paths) view = await expandPath(store, view, path.split('.'), path, String(view.object));
  return view;
}

async function expandPath(
  store: DocumentStore,
  fields: Fields,
  segments: readonly string[],
  path: string,
  type: string,
): Promise<Fields> {
  const [name, ...rest] = segments;
  if (name === undefined) return fields;
  const value = fields[name];
  if (fields.object === 'list' && name === 'data' && Array.isArray(value)) {
    const data: unknown[] = [];
    for (const item of value)
      data.push(isFields(item) ? await expandPath(store, item, rest, path, String(item.object)) : item);
    return { ...fields, data };
  }
  const expanded = await expandedValue(store, fields, { name, path, type });
  if (rest.length === 0 || !isFields(expanded)) return { ...fields, [name]: expanded };
  const within = typeof expanded.object === 'string' ? expanded.object : `${type}.${name}`;
  return { ...fields, [name]: await expandPath(store, expanded, rest, path, within) };
}

interface Step {
  readonly name: string;
  readonly path: string;
  /** Of the object that the step is in: its own, or, inside it, the way there from one that has a type. */
  readonly type: string;
}

async function expandedValue(store: DocumentStore, fields: Fields, { name, path, type }: Step): Promise<unknown> {
  const onDemand = onDemandOf[`${type} ${name}`];
  if (onDemand) return onDemand(store, String(fields.id));
  if (Object.hasOwn(embedded, type) && embedded[type]?.has(name)) return fields[name];
  const fieldsOfType = Object.hasOwn(references, type) ? (references[type] ?? {}) : {};
  const kinds = Object.hasOwn(fieldsOfType, name) ? fieldsOfType[name] : undefined;
  if (!kinds) {
    throw invalidRequest(`This property cannot be expanded (${path}).`, { param: 'expand' });
  }
  const value = fields[name];
  if (typeof value !== 'string') return value;
  for (const kind of [kinds].flat()) {
    const found = await store.find(kind, value);
    if (found) return found;
  }
  return value;
}

const ownList = (store: DocumentStore, kind: DocumentKind, url: string, link: string) =>
  listDocuments(store, kind, url, {}, { all: [link], oldestFirst: true });

/** Of an intent whose invoice is to be paid by its payer, what their browser needs. */
async function confirmationSecret(store: DocumentStore, invoiceId: string): Promise<object | null> {
  const [payment] = await store.linked('invoice_payment', [`invoice:${invoiceId}`]);
  const intentId = payment?.payment.payment_intent;
  const intent = typeof intentId === 'string' ? await store.find('payment_intent', intentId) : undefined;
  return intent ? { client_secret: intent.client_secret, type: 'payment_intent' } : null;
}

/** What is in an object only where it is asked for. */
const onDemandOf: Readonly<Record<string, (store: DocumentStore, id: string) => Promise<unknown>>> = {
  'checkout.session line_items': (store, id) =>
    ownList(store, 'item', `/v1/checkout/sessions/${id}/line_items`, `session:${id}`),
  'invoice payments': (store, id) => ownList(store, 'invoice_payment', '/v1/invoice_payments', `invoice:${id}`),
  'invoice confirmation_secret': confirmationSecret,
};
