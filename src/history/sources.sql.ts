import { manualEntries } from '../ledger/manual-entries.ts';

/**
 * Where the lines of a billing history come from. Each source is a query over one table, keyed by a moment and an id that an index holds in
 * that order, so that a page costs the same wherever in the history it is.
 */
interface Source {
  /** Of the ids of its lines. */
  readonly prefix: string;
  readonly from: string;
  /** Of the table whose rows the lines are. */
  readonly alias: string;
  readonly at: string;
  readonly customer: string;
  readonly where?: string;
  /** What the line is about, where it is about an order or an invoice. */
  readonly about?: readonly { readonly column: string; readonly parameter: '$2' | '$3' }[];
  /** Column of the line -> SQL. A column that is left out is null. */
  readonly columns: Readonly<Partial<Record<LineColumn, string>>>;
}

const columnTypes = {
  kind: 'text',
  status: 'text',
  merchant_account_id: 'text',
  order_id: 'text',
  invoice_id: 'text',
  amount: 'numeric',
  currency: 'text',
  charged: 'numeric',
  charge_currency: 'text',
  refunded: 'numeric',
  reason_code: 'text',
  decline_code: 'text',
  reason: 'text',
  paid_at: 'timestamptz',
  expired_at: 'timestamptz',
} as const;
type LineColumn = keyof typeof columnTypes;

const ofOrder = (column: string) => ({ column, parameter: '$2' }) as const;
const ofInvoice = (column: string) => ({ column, parameter: '$3' }) as const;

const soldBalance = `o.kind IN ('top_up', 'refill')`;

/** An order of a paid invoice is named after it. */
const invoiceOfOrder = `CASE WHEN o.kind = 'invoice' THEN 'inv_' || substr(o.id, 5) END`;

const moneyOfOrder = {
  kind: 'o.kind',
  merchant_account_id: 'o.merchant_account_id',
  order_id: 'o.id',
  invoice_id: invoiceOfOrder,
  amount: `CASE WHEN ${soldBalance} THEN o.credited ELSE o.charged END`,
  currency: `CASE WHEN ${soldBalance} THEN 'USD' ELSE o.charge_currency END`,
  charged: 'o.charged',
  charge_currency: 'o.charge_currency',
} as const;

const orders: Source = {
  prefix: 'ord',
  from: `orders o
    LEFT JOIN LATERAL (
      SELECT true AS holds FROM disputes d
       WHERE d.agency_id = o.agency_id AND d.order_id = o.id AND NOT d.is_inquiry AND d.status IN ('needs_response', 'under_review', 'lost')
       LIMIT 1) AS disputed ON true
    LEFT JOIN LATERAL (
      SELECT sum(r.credited) AS credited FROM refunds r
       WHERE r.agency_id = o.agency_id AND r.order_id = o.id AND r.status = 'succeeded') AS refunds ON true
    LEFT JOIN LATERAL (
      SELECT a.code, a.decline_code, a.message FROM payment_attempts a
       WHERE o.status = 'failed' AND a.agency_id = o.agency_id AND a.order_id = o.id
       ORDER BY a.occurred_at DESC LIMIT 1) AS last ON true`,
  alias: 'o',
  at: 'o.created_at',
  customer: 'o.customer_id',
  about: [ofOrder('o.id')],
  columns: {
    ...moneyOfOrder,
    status: `CASE WHEN o.status IN ('checkout', 'expired') THEN 'checkout' WHEN o.status = 'failed' THEN 'failed'
                  WHEN disputed.holds THEN 'disputed' ELSE o.status END`,
    refunded: 'coalesce(refunds.credited, 0)',
    reason_code: 'last.code',
    decline_code: 'last.decline_code',
    reason: 'last.message',
    paid_at: 'o.paid_at',
    expired_at: `CASE WHEN o.status = 'expired' THEN least(o.expires_at, o.updated_at) END`,
  },
};

const paymentAttempts: Source = {
  prefix: 'att',
  from: 'payment_attempts a JOIN orders o ON o.agency_id = a.agency_id AND o.id = a.order_id',
  alias: 'a',
  at: 'a.occurred_at',
  customer: 'o.customer_id',
  about: [ofOrder('a.order_id')],
  columns: {
    ...moneyOfOrder,
    status: `'failed'`,
    reason_code: 'a.code',
    decline_code: 'a.decline_code',
    reason: 'a.message',
  },
};

const invoiceAttempts: Source = {
  prefix: 'att',
  from: 'invoice_attempts a JOIN invoices i ON i.agency_id = a.agency_id AND i.id = a.invoice_id',
  alias: 'a',
  at: 'a.occurred_at',
  customer: 'a.customer_id',
  about: [ofInvoice('a.invoice_id')],
  columns: {
    kind: `'invoice'`,
    status: `'failed'`,
    merchant_account_id: 'i.merchant_account_id',
    invoice_id: 'i.id',
    amount: 'i.amount_due',
    currency: 'i.currency',
    charged: 'i.amount_due',
    charge_currency: 'i.currency',
    reason_code: 'a.code',
    decline_code: 'a.decline_code',
    reason: 'a.message',
  },
};

const invoices: Source = {
  prefix: 'inv',
  from: 'invoices i',
  alias: 'i',
  at: 'i.paid_at',
  customer: 'i.customer_id',
  where: `i.status = 'paid' AND (i.kind = 'offline' OR i.amount_paid = 0 OR cardinality(i.payment_ids) = 0) AND i.total > 0`,
  about: [ofInvoice('i.id')],
  columns: {
    kind: `'invoice'`,
    status: `'paid'`,
    merchant_account_id: 'i.merchant_account_id',
    invoice_id: 'i.id',
    amount: 'i.total',
    currency: 'i.currency',
    paid_at: 'i.paid_at',
  },
};

const refunds: Source = {
  prefix: 'rfn',
  from: 'refunds r JOIN orders o ON o.agency_id = r.agency_id AND o.id = r.order_id',
  alias: 'r',
  at: 'r.requested_at',
  customer: 'r.customer_id',
  about: [ofOrder('r.order_id')],
  columns: {
    ...moneyOfOrder,
    kind: `'refund'`,
    status: `CASE r.status WHEN 'succeeded' THEN 'refunded' WHEN 'failed' THEN 'failed' WHEN 'canceled' THEN 'failed' ELSE 'pending' END`,
    amount: 'r.credited',
    charged: 'r.charged',
    reason_code: 'r.failure',
  },
};

const disputes: Source = {
  prefix: 'dsp',
  from: 'disputes d JOIN orders o ON o.agency_id = d.agency_id AND o.id = d.order_id',
  alias: 'd',
  at: 'd.opened_at',
  customer: 'd.customer_id',
  about: [ofOrder('d.order_id')],
  columns: {
    ...moneyOfOrder,
    kind: `CASE WHEN d.is_inquiry THEN 'inquiry' ELSE 'dispute' END`,
    status: `CASE WHEN d.status IN ('won', 'closed', 'prevented') THEN 'closed' ELSE 'disputed' END`,
    amount: 'd.amount',
    currency: 'd.currency',
    charged: 'd.amount',
    charge_currency: 'd.currency',
    reason_code: 'd.reason',
  },
};

const holds: Source = {
  prefix: 'hold',
  from: 'card_verifications v',
  alias: 'v',
  at: 'v.requested_at',
  customer: 'v.customer_id',
  columns: {
    kind: `'hold'`,
    status: `CASE v.status WHEN 'placed' THEN 'held' WHEN 'failed' THEN 'failed' WHEN 'released' THEN 'released'
                  WHEN 'expired' THEN 'released' ELSE 'pending' END`,
    merchant_account_id: 'v.merchant_account_id',
    amount: 'v.amount',
    currency: 'v.currency',
    reason_code: 'v.code',
    decline_code: 'v.decline_code',
    reason: 'v.message',
  },
};

/** What an operator entered: who did it, and why, is its source. */
const entries: Source = {
  prefix: 'txn',
  from: manualEntries.from,
  alias: 't',
  at: 't.posted_at',
  customer: 't.customer_id',
  where: manualEntries.where,
  columns: {
    kind: `CASE WHEN t.code LIKE 'topup.%' THEN 'manual_payment' ELSE 'adjustment' END`,
    status: `'paid'`,
    amount: '-e.amount',
    currency: 'e.currency',
    reason: 't.source',
    paid_at: 't.posted_at',
  },
};

const sources: readonly Source[] = [
  ...[orders, paymentAttempts, invoiceAttempts, invoices],
  ...[refunds, disputes, holds, entries],
];

function selectOf({ from, alias, at, customer, columns }: Source): string {
  const given = new Map(Object.entries(columns));
  const cells = Object.entries(columnTypes).map(
    ([column, type]) => `(${given.get(column) ?? 'NULL'})::${type} AS ${column}`,
  );
  return `SELECT ${alias}.id, ${alias}.agency_id, ${customer} AS customer_id, ${at} AS at, ${cells.join(', ')} FROM ${from}`;
}

/**
 * A page of the history, newest first. Parameters: agency, client, the moment and id before which it is, how many, from, until, kinds,
 * statuses; each but the agency may be null. `ofClient` says whether a client is given.
 */
export function pageOfHistory(ofClient: boolean): string {
  const pages = sources.map((source) => {
    const { alias, at, customer, where } = source;
    const conditions = [
      `${alias}.agency_id = $1`,
      ofClient ? `${customer} = $2` : '$2::text IS NULL',
      `(${at}, ${alias}.id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::text, ''))`,
      `${at} >= coalesce($6::timestamptz, '-infinity') AND ${at} < coalesce($7::timestamptz, 'infinity')`,
      ...(where === undefined ? [] : [where]),
    ];
    return `(SELECT * FROM (${selectOf(source)} WHERE ${conditions.join(' AND ')}) AS lines
       WHERE ($8::text[] IS NULL OR kind = ANY($8)) AND ($9::text[] IS NULL OR status = ANY($9))
       ORDER BY at DESC, id DESC LIMIT $5)`;
  });
  return `${pages.join('\nUNION ALL\n')}\nORDER BY at DESC, id DESC LIMIT $5`;
}

/** Lines by id. Parameters: id, agency or null for any, client or null for any. Null for an id that no line has. */
export function lineOfHistory(id: string): string | null {
  const found = sources.filter(({ prefix }) => id.startsWith(`${prefix}_`));
  if (found.length === 0) return null;
  return found
    .map((source) => {
      const conditions = [
        `${source.alias}.id = $1`,
        `${source.alias}.agency_id IN (SELECT id FROM agencies WHERE $2::text IS NULL OR id = $2)`,
        `($3::text IS NULL OR ${source.customer} = $3)`,
        ...(source.where === undefined ? [] : [source.where]),
      ];
      return `${selectOf(source)} WHERE ${conditions.join(' AND ')}`;
    })
    .join('\nUNION ALL\n');
}

/** All lines about one order or one invoice, oldest first. Parameters: agency, order or null, invoice or null. */
export const linesAbout = `${sources
  .flatMap((source) =>
    (source.about ?? []).map(({ column, parameter }) => {
      const conditions = [`${source.alias}.agency_id = $1`, `${column} = ${parameter}`];
      if (source.where !== undefined) conditions.push(source.where);
      return `${selectOf(source)} WHERE ${conditions.join(' AND ')}`;
    }),
  )
  .join('\nUNION ALL\n')}\nORDER BY at, id`;
