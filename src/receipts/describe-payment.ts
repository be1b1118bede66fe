import { z } from 'zod';
import { soldPackSchema } from '../checkout/order.ts';
import type { Sql } from '../database/database.ts';
import { Money } from '../money/money.ts';
import type { Row, Section } from './receipt-document.ts';
import { selectInvoice, selectLateFailure, selectOrder, selectRefund } from './subjects.sql.ts';

/** What a document says of its subject, and whose it is. */
export interface Described {
  readonly customerId: string;
  readonly sections: readonly Section[];
  /** The document that must have its number first, and stands in this one. */
  readonly after?: string;
}

/** `unpaid`: nothing was paid, or it was taken back as never paid. `early`: paid, and its provider has not told what with. */
export type Description = Described | 'unpaid' | 'early';

/** How long a receipt waits for the provider to tell which card paid, in milliseconds; then it goes without. */
export const cardWaitMs = 3_600_000;

const invoiceLines = z.array(z.object({ description: z.string(), quantity: z.string(), amount: z.string() }));

const paidWith = { card_brand: z.string().nullable(), card_last4: z.string().nullable() };

const orderRows = z.array(
  z.object({
    id: z.string(),
    customer_id: z.string(),
    kind: z.enum(['top_up', 'refill', 'pack', 'invoice']),
    status: z.string(),
    credited: z.string(),
    charged: z.string(),
    charge_currency: z.string(),
    exact: z.string(),
    rate: z.string(),
    tax: z.string(),
    pack: soldPackSchema.nullable(),
    paid_at: z.date().nullable(),
    followed_at: z.date().nullable(),
    ...paidWith,
    lines: invoiceLines.nullable(),
  }),
);
type PaidOrder = z.output<typeof orderRows>[number];

const refundRows = z.array(
  z.object({
    id: z.string(),
    customer_id: z.string(),
    order_id: z.string(),
    kind: z.string(),
    credited: z.string(),
    charged: z.string(),
    charge_currency: z.string(),
    rate: z.string(),
    tax: z.string(),
    requested_at: z.date(),
    ...paidWith,
  }),
);

const lateFailureRows = z.array(
  z.object({
    id: z.string(),
    customer_id: z.string(),
    kind: z.string(),
    credited: z.string(),
    charged: z.string(),
    charge_currency: z.string(),
    rate: z.string(),
    tax: z.string(),
    at: z.date(),
  }),
);

const invoiceRows = z.array(
  z.object({
    id: z.string(),
    customer_id: z.string(),
    currency: z.string(),
    total: z.string(),
    tax: z.string(),
    provider_credit: z.string(),
    lines: invoiceLines,
    external_reference: z.string().nullable(),
    paid_at: z.date(),
  }),
);

const paidStatuses: ReadonlySet<string> = new Set(['paid', 'refunded', 'partially_refunded']);
const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

export const moneyRow = (label: string, money: Money): Row => ({ label, value: money.toString() });

const cardRows = ({ card_brand: brand, card_last4: last4 }: Pick<PaidOrder, 'card_brand' | 'card_last4'>): Row[] =>
  last4 === null ? [] : [{ label: 'Card', value: `${brand ?? 'card'} ending in ${last4}` }];

/** Prepaid balance is in USD and charged at a fixed rate: both, and what rounding put between them. */
function balanceRows({ credited, charged, charge_currency: currency, exact, rate }: PaidOrder): Row[] {
  const paid = Money.of(charged, currency);
  if (currency === 'USD') return [];
  return [
    moneyRow('Amount', Money.of(credited, 'USD')),
    { label: 'Rate', value: `1 USD = ${rate} ${currency}` },
    moneyRow('At this rate', Money.of(exact, currency)),
    moneyRow('Rounding', paid.minus(Money.of(exact, currency))),
  ];
}

function soldRows(order: PaidOrder): Row[] {
  const { kind, charge_currency: currency, charged, tax, pack, lines } = order;
  if (kind === 'top_up' || kind === 'refill') {
    const label = kind === 'refill' ? 'Prepaid balance (automatic refill)' : 'Prepaid balance';
    return [moneyRow(label, Money.of(order.credited, 'USD'))];
  }
  if (lines && lines.length > 0) return lineRows(lines, currency);
  const net = Money.of(charged, currency).minus(Money.of(tax, currency));
  return [moneyRow(pack?.title ?? 'Subscription', net)];
}

const lineRows = (lines: z.output<typeof invoiceLines>, currency: string): Row[] =>
  lines.map(({ description, quantity, amount }) =>
    moneyRow(quantity === '1' ? description : `${description} (${quantity})`, Money.of(amount, currency)),
  );

export async function describeOrder(sql: Sql, agencyId: string, id: string, now: Date): Promise<Description> {
  const [order] = orderRows.parse((await sql.query(selectOrder, [agencyId, id])).rows);
  if (!order?.paid_at || !paidStatuses.has(order.status)) return 'unpaid';
  if (order.followed_at === null && now.getTime() - order.paid_at.getTime() < cardWaitMs) return 'early';
  const money = (amount: string): Money => Money.of(amount, order.charge_currency);
  const soldBalance = order.kind === 'top_up' || order.kind === 'refill';
  return {
    customerId: order.customer_id,
    sections: [
      { title: 'What was sold', rows: soldRows(order) },
      { title: 'Conversion', rows: soldBalance ? balanceRows(order) : [] },
      {
        title: 'Payment',
        rows: [
          moneyRow('Tax included', money(order.tax)),
          moneyRow('Paid', money(order.charged)),
          { label: 'Paid on', value: dayOf(order.paid_at) },
          ...cardRows(order),
          { label: 'Order', value: order.id },
        ],
      },
    ],
  };
}

/** What of a sale is undone, in both currencies. */
function takenBackSections(
  title: string,
  undone: Pick<z.output<typeof lateFailureRows>[number], 'kind' | 'credited' | 'charged' | 'charge_currency' | 'rate'>,
): readonly Section[] {
  const { kind, credited, charged, charge_currency: currency, rate } = undone;
  const soldBalance = kind === 'top_up' || kind === 'refill';
  const sold = soldBalance
    ? moneyRow('Prepaid balance', Money.of(credited, 'USD'))
    : moneyRow('Of what was sold', Money.of(charged, currency));
  const converted = soldBalance && currency !== 'USD';
  return [
    { title, rows: [sold] },
    { title: 'Conversion', rows: converted ? [{ label: 'Rate', value: `1 USD = ${rate} ${currency}` }] : [] },
  ];
}

/** A payment that failed after it had succeeded: its order's receipt stays, and is taken back by a credit note. */
export async function describeLateFailure(sql: Sql, agencyId: string, orderId: string): Promise<Description> {
  const [failed] = lateFailureRows.parse((await sql.query(selectLateFailure, [agencyId, orderId])).rows);
  if (!failed) return 'unpaid';
  const money = (amount: string): Money => Money.of(amount, failed.charge_currency);
  return {
    customerId: failed.customer_id,
    after: failed.id,
    sections: [
      ...takenBackSections('What was not paid after all', failed),
      {
        title: 'Payment',
        rows: [
          moneyRow('Tax included', money(failed.tax)),
          moneyRow('Failed', money(failed.charged)),
          { label: 'Heard of on', value: dayOf(failed.at) },
          { label: 'Order', value: failed.id },
        ],
      },
    ],
  };
}

export async function describeRefund(sql: Sql, agencyId: string, id: string): Promise<Description> {
  const [refund] = refundRows.parse((await sql.query(selectRefund, [agencyId, id])).rows);
  if (!refund) return 'unpaid';
  const money = (amount: string): Money => Money.of(amount, refund.charge_currency);
  return {
    customerId: refund.customer_id,
    after: refund.order_id,
    sections: [
      ...takenBackSections('What is given back', refund),
      {
        title: 'Refund',
        rows: [
          moneyRow('Tax included', money(refund.tax)),
          moneyRow('Given back', money(refund.charged)),
          { label: 'Asked for on', value: dayOf(refund.requested_at) },
          ...cardRows(refund),
          { label: 'Refund', value: refund.id },
        ],
      },
    ],
  };
}

/** An invoice that was paid from a balance, outside, or out of credit. */
export async function describeInvoice(sql: Sql, agencyId: string, id: string): Promise<Description> {
  const [invoice] = invoiceRows.parse((await sql.query(selectInvoice, [agencyId, id])).rows);
  if (!invoice) return 'unpaid';
  const money = (amount: string): Money => Money.of(amount, invoice.currency);
  const credit = money(invoice.provider_credit);
  const reference = invoice.external_reference;
  return {
    customerId: invoice.customer_id,
    sections: [
      { title: 'What was sold', rows: lineRows(invoice.lines, invoice.currency) },
      {
        title: 'Payment',
        rows: [
          moneyRow('Tax included', money(invoice.tax)),
          ...(credit.isNegative ? [moneyRow('Credit used', credit)] : []),
          moneyRow('Paid', money(invoice.total)),
          { label: 'Paid on', value: dayOf(invoice.paid_at) },
          ...(reference === null ? [] : [{ label: 'Reference', value: reference }]),
          { label: 'Invoice', value: invoice.id },
        ],
      },
    ],
  };
}

/** A payment that an operator entered. */
export const describeEntry = (
  customerId: string,
  entry: { readonly id: string; readonly amount: Money; readonly at: Date },
): Description =>
  entry.amount.isPositive
    ? {
        customerId,
        sections: [
          { title: 'What was sold', rows: [moneyRow('Prepaid balance', entry.amount)] },
          {
            title: 'Payment',
            rows: [
              moneyRow('Received', entry.amount),
              { label: 'Entered on', value: dayOf(entry.at) },
              { label: 'Entry', value: entry.id },
            ],
          },
        ],
      }
    : 'unpaid';
