import { TypeID, typeid } from 'typeid-js';

/** The prefixes of our ids. One line per kind, so that an id says what it names. */
export const idPrefixes = {
  agency: 'agc',
  apiKey: 'key',
  customer: 'cus',
  portalSession: 'pts',
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
  driftFinding: 'drift',
  subscription: 'sub',
  subscriptionChange: 'subc',
  quotaPeriod: 'qp',
  invoice: 'inv',
  trial: 'trial',
  licence: 'lic',
  gateSession: 'call',
  auditEntry: 'aud',
  alert: 'alr',
  webhookEndpoint: 'whe',
  outgoingDelivery: 'msg',
  notice: 'ntc',
  paymentMethod: 'pm',
  cardVerification: 'hold',
  cardAttempt: 'try',
  refill: 'refill',
  refillSkip: 'skip',
  refund: 'rfn',
  dispute: 'dsp',
  receipt: 'rcp',
  reconciliation: 'rec',
} as const;

export type IdKind = keyof typeof idPrefixes;

/** A new TypeID: prefix, then a UUIDv7 in base 32, so that ids sort by creation. */
export const newId = (kind: IdKind): string => typeid(idPrefixes[kind]).toString();

/**
 * The id of what an idempotent request makes: the request's own id (`req_...`) under another prefix. A try that is resumed
 * after a crash names the same row as the first one, and so finds it instead of making a second.
 */
export const idOfRequest = (kind: IdKind, requestId: string): string =>
  typeid(idPrefixes[kind], TypeID.fromString(requestId).getSuffix()).toString();
