import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { Money } from '../money/money.ts';
import type { ProviderDispute } from '../providers/refund-ports.ts';
import { platformBooksAt } from '../revenue/platform-books.ts';
import { type HeardRefund, type KnownRefund, providerSubjectOf } from './hear-refunds.ts';
import { orderStatusOf } from './order-status.ts';
import { PaymentBooks } from './payment-books.ts';
import {
  addReversals,
  keepDispute,
  keepRefund,
  lockOrders,
  moveOrder,
  paymentsOfOrder,
  refundsOfPayment,
  reversalsOfOrder,
} from './refunds.sql.ts';
import type { Reversal } from './reversal.ts';
import { isTopUp, type ReversedOrder } from './reversed-order.ts';

export interface OrderKey {
  readonly agencyId: string;
  readonly orderId: string;
}

export const orderKeyOf = ({ agencyId, orderId }: OrderKey): string => `${agencyId} ${orderId}`;

/** Holds orders as they are until the transaction ends. In id order, whatever the order of `keys`. */
export async function lockReversedOrders(sql: Sql, keys: readonly OrderKey[]): Promise<Map<string, ReversedOrder>> {
  const found = await sql.query<ReversedOrder>(lockOrders, [
    keys.map(({ agencyId }) => agencyId),
    keys.map(({ orderId }) => orderId),
  ]);
  return new Map(found.rows.map((row) => [orderKeyOf({ agencyId: row.agency_id, orderId: row.id }), row]));
}

const kindSchema = z.enum(['refund', 'dispute', 'late_failure', 'arrival', 'share']);

/** An order's payments, and what is held of them, as they are under its lock. */
export interface HeldOrder {
  readonly order: ReversedOrder;
  /** The provider's ids, oldest first. */
  readonly paymentIds: readonly string[];
  readonly reversals: readonly (Reversal & { readonly paymentId: string })[];
}

const creditCurrencyOf = (order: ReversedOrder): string => (isTopUp(order) ? 'USD' : order.charge_currency);

/** Read after the lock, in statements of their own: before it, another transaction may have added to them. */
export async function loadHeld(sql: Sql, order: ReversedOrder): Promise<HeldOrder> {
  const key = [order.agency_id, order.id];
  const payments = await sql.query<{ payment_id: string }>(paymentsOfOrder, key);
  const rows = await sql.query<{
    reference: string;
    provider_payment_id: string;
    kind: string;
    subject: string;
    credited: string;
    charged: string;
    settled: string;
  }>(reversalsOfOrder, key);
  return {
    order,
    paymentIds: payments.rows.map(({ payment_id: id }) => id),
    reversals: rows.rows.map((row) => ({
      reference: row.reference,
      paymentId: row.provider_payment_id,
      kind: kindSchema.parse(row.kind),
      subject: row.subject,
      credited: Money.of(row.credited, creditCurrencyOf(order)),
      charged: Money.of(row.charged, order.charge_currency),
      settled: Money.of(row.settled, order.charge_currency),
    })),
  };
}

/** The books of one payment of an order. The platform's are needed where something of its fee went back. */
export async function openBooks(
  sql: Sql,
  held: HeldOrder,
  { paymentId, source, withPlatform }: { paymentId: string; source: string; withPlatform: boolean },
): Promise<PaymentBooks> {
  const { order } = held;
  const platform = withPlatform ? await platformBooksAt(sql, order.provider) : null;
  const about = { order, paymentId, platform, source };
  return new PaymentBooks(
    about,
    held.reversals.filter((reversal) => reversal.paymentId === paymentId),
  );
}

interface Writing {
  readonly ledger: Pick<Ledger, 'post'>;
  readonly clock: Clock;
}

/** Posts and stores what the books of a payment decided, and moves the order to what is shown of it now. */
export async function keepBooks(
  { ledger, clock }: Writing,
  sql: Sql,
  held: HeldOrder,
  paymentId: string,
  books: PaymentBooks,
): Promise<void> {
  await storeBooks(clock, sql, held, paymentId, books);
  await ledger.post(sql, books.postings);
}

/** As `keepBooks`, but for the postings: whoever keeps the books of many orders posts them together, for that locks accounts in one order. */
export async function storeBooks(
  clock: Clock,
  sql: Sql,
  { order, paymentIds, reversals }: HeldOrder,
  paymentId: string,
  { added }: PaymentBooks,
): Promise<void> {
  const now = clock.now();
  if (added.length > 0) {
    await sql.query(addReversals, [
      ...[order.agency_id, order.id, paymentId, now],
      added.map(({ reference }) => reference),
      added.map(({ kind }) => kind),
      added.map(({ subject }) => subject),
      added.map(({ credited }) => credited.amount.toFixed()),
      added.map(({ charged }) => charged.amount.toFixed()),
      added.map(({ settled }) => settled.amount.toFixed()),
    ]);
  }
  const charged = Money.of(order.charged, order.charge_currency);
  const status = orderStatusOf(charged, paymentIds.length, [...reversals, ...added]);
  await sql.query(moveOrder, [order.agency_id, order.id, status, now]);
}

export async function loadRefunds(sql: Sql, order: ReversedOrder, paymentId: string): Promise<readonly KnownRefund[]> {
  const { rows } = await sql.query<{
    id: string;
    provider_refund_id: string | null;
    origin: string;
    credited: string;
    charged: string;
  }>(refundsOfPayment, [order.agency_id, order.id, paymentId]);
  return rows.map((row) => ({
    id: row.id,
    subject: row.origin === 'api' ? row.id : providerSubjectOf(order, row.provider_refund_id ?? row.id),
    providerRefundId: row.provider_refund_id,
    credited: Money.of(row.credited, creditCurrencyOf(order)),
    charged: Money.of(row.charged, order.charge_currency),
  }));
}

export async function storeHeard(
  clock: Clock,
  sql: Sql,
  order: ReversedOrder,
  paymentId: string,
  heard: readonly HeardRefund[],
): Promise<void> {
  for (const { known, refund, stored } of heard) {
    await sql.query(keepRefund, [
      ...[order.agency_id, known?.id ?? newId('refund'), order.id, order.customer_id, order.merchant_account_id],
      ...[paymentId, refund.id, known ? 'api' : 'provider', refund.status],
      ...[stored.credited.amount.toFixed(), stored.charged.amount.toFixed(), order.charge_currency],
      ...[refund.failure, refund.createdAt, clock.now()],
    ]);
  }
}

export async function storeDisputes(
  clock: Clock,
  sql: Sql,
  order: ReversedOrder,
  paymentId: string,
  disputes: readonly ProviderDispute[],
): Promise<void> {
  for (const { id, status, isInquiry, amount, reason, answerDueAt, createdAt, isAppealed } of disputes) {
    await sql.query(keepDispute, [
      ...[order.agency_id, newId('dispute'), order.id, order.customer_id, order.merchant_account_id, paymentId, id],
      ...[
        status,
        isInquiry,
        amount.amount.toFixed(),
        amount.currency.code,
        reason,
        answerDueAt,
        createdAt,
        clock.now(),
        isAppealed,
      ],
    ]);
  }
}
