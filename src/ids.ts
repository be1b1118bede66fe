import { typeid } from 'typeid-js';

/** The prefixes of our ids. One line per kind, so that an id says what it names. */
export const idPrefixes = {
  agency: 'agc',
  apiKey: 'key',
  customer: 'cus',
  merchantAccount: 'macc',
  plan: 'plan',
  planVersion: 'planv',
  quote: 'quote',
  order: 'ord',
  checkoutSession: 'cs',
  paymentAttempt: 'att',
  inboxEvent: 'evt',
  ledgerTransaction: 'txn',
  idempotencyRequest: 'req',
  feature: 'feat',
  auditEntry: 'aud',
  alert: 'alr',
} as const;

export type IdKind = keyof typeof idPrefixes;

/** A new TypeID: prefix, then a UUIDv7 in base 32, so that ids sort by creation. */
export const newId = (kind: IdKind): string => typeid(idPrefixes[kind]).toString();
