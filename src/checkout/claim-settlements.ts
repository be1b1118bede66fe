import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import type { PaymentEvent } from './payment-event.ts';
import { claimPayments, findPayments } from './settle-payments.sql.ts';

export type Settled = Extract<PaymentEvent, { type: 'payment.settled' }>;

export const orderKey = (agencyId: string, orderId: string): string => `${agencyId} ${orderId}`;

export const paymentKeyOf = ({ provider, providerAccountId, paymentId }: Settled): string =>
  `${provider} ${providerAccountId} ${paymentId}`;

/** The order that a payment settles, and whether this batch is the first to say so. */
export interface Settler {
  readonly order: string;
  isNew: boolean;
}

interface SettledRow {
  readonly provider: string;
  readonly provider_account_id: string;
  readonly payment_id: string;
  readonly agency_id: string;
  readonly order_id: string;
}

/** Binds each payment to the order it settles: the one it named first, in this batch or in any before. By payment. */
export async function claimSettlements(
  sql: Sql,
  clock: Clock,
  events: readonly Settled[],
): Promise<Map<string, Settler>> {
  const first = new Map<string, Settled>();
  for (const event of events) if (!first.has(paymentKeyOf(event))) first.set(paymentKeyOf(event), event);
  if (first.size === 0) return new Map();
  const named = [...first.values()];
  const keys = [
    named.map(({ provider }) => provider),
    named.map(({ providerAccountId }) => providerAccountId),
    named.map(({ paymentId }) => paymentId),
  ];
  const claimed = await sql.query<SettledRow>(claimPayments, [
    ...keys,
    named.map(({ order }) => order.agencyId),
    named.map(({ order }) => order.orderId),
    clock.now(),
  ]);
  const settlers = new Map<string, Settler>();
  const add = (row: SettledRow, isNew: boolean): void => {
    const key = `${row.provider} ${row.provider_account_id} ${row.payment_id}`;
    if (!settlers.has(key)) settlers.set(key, { order: orderKey(row.agency_id, row.order_id), isNew });
  };
  for (const row of claimed.rows) add(row, true);
  if (settlers.size < first.size) {
    for (const row of (await sql.query<SettledRow>(findPayments, keys)).rows) add(row, false);
  }
  return settlers;
}
