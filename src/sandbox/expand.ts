import type { DocumentKind, DocumentStore } from './documents.ts';
import { invalidRequest } from './failure.ts';
import { listDocuments } from './lists.ts';

/** Which fields of an object hold the id of which other kind, or of one of several. */
const references: Readonly<Record<string, Readonly<Record<string, DocumentKind | readonly DocumentKind[]>>>> = {
  product: { default_price: 'price' },
  price: { product: 'product' },
  'checkout.session': { customer: 'customer', payment_intent: 'payment_intent', setup_intent: 'setup_intent' },
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
  for (const path of paths) view = await expandPath(store, view, path.split('.'), path);
  return view;
}

async function expandPath(
  store: DocumentStore,
  fields: Fields,
  segments: readonly string[],
  path: string,
): Promise<Fields> {
  const [name, ...rest] = segments;
  if (name === undefined) return fields;
  const value = fields[name];
  if (fields.object === 'list' && name === 'data' && Array.isArray(value)) {
    const data: unknown[] = [];
    for (const item of value) data.push(isFields(item) ? await expandPath(store, item, rest, path) : item);
    return { ...fields, data };
  }
  const expanded = await expandedValue(store, fields, name, path);
  if (rest.length === 0 || !isFields(expanded)) return { ...fields, [name]: expanded };
  return { ...fields, [name]: await expandPath(store, expanded, rest, path) };
}

async function expandedValue(store: DocumentStore, fields: Fields, name: string, path: string): Promise<unknown> {
  const type = String(fields.object);
  if (type === 'checkout.session' && name === 'line_items') return lineItems(store, String(fields.id));
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

const lineItems = (store: DocumentStore, sessionId: string) =>
  listDocuments(
    store,
    'item',
    `/v1/checkout/sessions/${sessionId}/line_items`,
    {},
    {
      all: [`session:${sessionId}`],
      oldestFirst: true,
    },
  );
