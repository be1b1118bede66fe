import type { PoolClient } from 'pg';
import type Stripe from 'stripe';
import type { CardOutcomeName } from './card-outcomes.ts';
import { resourceMissing } from './failure.ts';
import type { RefundOutcome } from './refund-outcomes.ts';

/** What a payment made by a session will carry; Stripe keeps it too, but shows it nowhere. */
export interface SessionPlan {
  readonly id: string;
  readonly created: number;
  readonly applicationFeeAmount: number | null;
  readonly description: string | null;
  readonly metadata: Stripe.Metadata;
  readonly receiptEmail: string | null;
  readonly setupFutureUsage: Stripe.PaymentIntent.SetupFutureUsage | null;
  readonly statementDescriptor: string | null;
  readonly statementDescriptorSuffix: string | null;
}

/** What a script made of a card, under its fingerprint or under the id of one payment method. */
export interface CardSwitch {
  readonly id: string;
  readonly created: number;
  readonly outcome: CardOutcomeName;
}

/** What a script made of every refund; kept on the platform. */
export interface RefundSwitch {
  readonly id: string;
  readonly created: number;
  readonly outcome: RefundOutcome;
}

/** That an account gave the platform access; kept on the platform, under the account's id. */
export interface Connection {
  readonly id: string;
  readonly created: number;
  readonly authorized: boolean;
}

/** What an account link leads to. Its id is the token in the link's address. */
export interface OnboardingLink {
  readonly id: string;
  readonly created: number;
  readonly accountId: string;
  readonly refreshUrl: string;
  readonly returnUrl: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly visited: boolean;
  readonly finished: boolean;
}

/**
 * Every kind of document and its shape, which is the SDK's own. Decimals are read back as the strings they are on the
 * wire: pass them on, never calculate with them.
 */
export interface DocumentTypes {
  account: Stripe.Account;
  connection: Connection;
  onboarding_link: OnboardingLink;
  product: Stripe.Product;
  price: Stripe.Price;
  tax_rate: Stripe.TaxRate;
  'billing.meter': Stripe.Billing.Meter;
  customer: Stripe.Customer;
  'checkout.session': Stripe.Checkout.Session;
  session_plan: SessionPlan;
  item: Stripe.LineItem;
  payment_intent: Stripe.PaymentIntent;
  payment_method: Stripe.PaymentMethod;
  setup_intent: Stripe.SetupIntent;
  card_switch: CardSwitch;
  charge: Stripe.Charge;
  refund: Stripe.Refund;
  refund_switch: RefundSwitch;
  dispute: Stripe.Dispute;
  application_fee: Stripe.ApplicationFee;
  fee_refund: Stripe.FeeRefund;
  balance_transaction: Stripe.BalanceTransaction;
  event: Stripe.EventBase;
  webhook_endpoint: Stripe.WebhookEndpoint;
}

export type DocumentKind = keyof DocumentTypes;

const idOf = (reference: string | { readonly id: string } | null | undefined): string | undefined =>
  typeof reference === 'object' ? reference?.id : reference;

const link = (name: string, value: string | boolean | null | undefined): string[] =>
  value === null || value === undefined ? [] : [`${name}:${value}`];

const savingStates: ReadonlySet<string> = new Set(['succeeded', 'requires_capture']);

/** What each kind can be listed by. `saves` names the card that its owner, being there, left for charges without them. */
const linksOf: { readonly [Kind in DocumentKind]?: (body: DocumentTypes[Kind]) => readonly string[] } = {
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
  balance_transaction: (transaction) => [
    ...link('source', idOf(transaction.source)),
    ...link('type', transaction.type),
    ...link('currency', transaction.currency),
  ],
  event: (event) => link('type', event.type),
};

interface Dirty {
  readonly type: DocumentKind;
  readonly id: string;
  readonly created: number;
  readonly links: readonly string[];
  readonly body: object;
}

/**
 * One account's documents inside one database transaction. Writes gather and go out together in `flush`, so a payment's
 * dozen of objects costs one statement. Bodies are values: change one by saving a copy.
 */
export class DocumentStore {
  readonly client: PoolClient;
  readonly accountId: string;
  readonly #dirty = new Map<string, Dirty>();

  constructor(client: PoolClient, accountId: string) {
    this.client = client;
    this.accountId = accountId;
  }

  /** The document, or undefined. Flushes first, so a read sees the call's own writes. */
  async find<Kind extends DocumentKind>(kind: Kind, id: string): Promise<DocumentTypes[Kind] | undefined> {
    await this.flush();
    const { rows } = await this.client.query<{ body: DocumentTypes[Kind] }>(
      'SELECT body FROM documents WHERE account = $1 AND type = $2 AND id = $3',
      [this.accountId, kind, id],
    );
    return rows[0]?.body;
  }

  /** Like `find`; throws 404 `resource_missing` that names `param`. */
  async get<Kind extends DocumentKind>(kind: Kind, id: string, param: string): Promise<DocumentTypes[Kind]> {
    const body = await this.find(kind, id);
    if (!body) throw resourceMissing(kind, id, param);
    return body;
  }

  /** Like `get`, and no other call changes the document until this one is over. */
  async lock<Kind extends DocumentKind>(kind: Kind, id: string, param: string): Promise<DocumentTypes[Kind]> {
    await this.flush();
    const { rows } = await this.client.query<{ body: DocumentTypes[Kind] }>(
      'SELECT body FROM documents WHERE account = $1 AND type = $2 AND id = $3 FOR UPDATE',
      [this.accountId, kind, id],
    );
    const body = rows[0]?.body;
    if (!body) throw resourceMissing(kind, id, param);
    return body;
  }

  /** Makes the calls that use this name wait for each other until this one is over. */
  async serialize(name: string): Promise<void> {
    await this.client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`${this.accountId} ${name}`]);
  }

  /** Creates or replaces. `belongsTo` adds links that the body itself does not show (`session:cs_...`). */
  save<Kind extends DocumentKind>(
    kind: Kind,
    body: DocumentTypes[Kind] & { readonly id: string; readonly created?: number },
    belongsTo: readonly string[] = [],
  ): void {
    const own = linksOf[kind]?.(body) ?? [];
    this.#dirty.set(`${kind} ${body.id}`, {
      type: kind,
      id: body.id,
      created: body.created ?? 0,
      links: [...own, ...belongsTo],
      body,
    });
  }

  async remove(kind: DocumentKind, id: string): Promise<void> {
    await this.flush();
    await this.client.query('DELETE FROM documents WHERE account = $1 AND type = $2 AND id = $3', [
      this.accountId,
      kind,
      id,
    ]);
  }

  /** Documents that carry all of these links, oldest first. */
  async linked<Kind extends DocumentKind>(kind: Kind, links: readonly string[]): Promise<DocumentTypes[Kind][]> {
    await this.flush();
    const { rows } = await this.client.query<{ body: DocumentTypes[Kind] }>(
      'SELECT body FROM documents WHERE account = $1 AND type = $2 AND links @> $3 ORDER BY seq',
      [this.accountId, kind, links],
    );
    return rows.map((row) => row.body);
  }

  async flush(): Promise<void> {
    if (this.#dirty.size === 0) return;
    const documents = JSON.stringify([...this.#dirty.values()]);
    this.#dirty.clear();
    await this.client.query(
      `INSERT INTO documents (account, type, id, created, links, body)
       SELECT $1, type, id, created, links, body
       FROM ROWS FROM (jsonb_to_recordset($2::jsonb) AS (type text, id text, created bigint, links text[], body jsonb))
         WITH ORDINALITY AS row (type, id, created, links, body, position)
       ORDER BY position
       ON CONFLICT (account, type, id) DO UPDATE SET links = excluded.links, body = excluded.body`,
      [this.accountId, documents],
    );
  }
}
