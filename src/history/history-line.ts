import { z } from 'zod';
import { Money } from '../money/money.ts';

export const lineKinds = [
  'top_up',
  'refill',
  'pack',
  'invoice',
  'refund',
  'dispute',
  'inquiry',
  'hold',
  'manual_payment',
  'adjustment',
] as const;

/**
 * `failed`: a declined attempt, each a line of its own, or what finally failed. `checkout`: started, and not paid; over where it says when it
 * expired. `disputed`: a bank holds the money, or has taken it for good. `closed`: a dispute that is over, whose money came back or was never
 * taken. `held`, `released`: of a hold that verifies a card, which is no payment.
 */
export const lineStatuses = [
  'paid',
  'failed',
  'checkout',
  'partially_refunded',
  'refunded',
  'disputed',
  'closed',
  'pending',
  'held',
  'released',
] as const;

export type LineKind = (typeof lineKinds)[number];
export type LineStatus = (typeof lineStatuses)[number];

/** One line of a billing history. */
export interface HistoryLine {
  readonly id: string;
  readonly agencyId: string;
  readonly customerId: string;
  readonly kind: LineKind;
  readonly status: LineStatus;
  readonly merchantAccountId: string | null;
  /** The order that was paid, tried, refunded or disputed. */
  readonly orderId: string | null;
  readonly invoiceId: string | null;
  /** USD of balance where balance was sold, else what was charged. Without sign, but for an adjustment. */
  readonly amount: Money;
  readonly charged: Money | null;
  /** What of `amount` has gone back by refunds; null where nothing could. */
  readonly amountRefunded: Money | null;
  readonly reason: {
    readonly code: string | null;
    readonly declineCode: string | null;
    readonly message: string | null;
  } | null;
  readonly at: Date;
  readonly paidAt: Date | null;
  readonly expiredAt: Date | null;
}

/** As the database answers a line. */
export interface LineRow {
  readonly id: string;
  readonly agency_id: string;
  readonly customer_id: string;
  readonly at: Date;
  readonly kind: string;
  readonly status: string;
  readonly merchant_account_id: string | null;
  readonly order_id: string | null;
  readonly invoice_id: string | null;
  readonly amount: string;
  readonly currency: string;
  readonly charged: string | null;
  readonly charge_currency: string | null;
  readonly refunded: string | null;
  readonly reason_code: string | null;
  readonly decline_code: string | null;
  readonly reason: string | null;
  readonly paid_at: Date | null;
  readonly expired_at: Date | null;
}

const kindSchema = z.enum(lineKinds);
const statusSchema = z.enum(lineStatuses);

export const lineOfRow = (row: LineRow): HistoryLine => ({
  id: row.id,
  agencyId: row.agency_id,
  customerId: row.customer_id,
  kind: kindSchema.parse(row.kind),
  status: statusSchema.parse(row.status),
  merchantAccountId: row.merchant_account_id,
  orderId: row.order_id,
  invoiceId: row.invoice_id,
  amount: Money.of(row.amount, row.currency),
  charged: row.charged === null || row.charge_currency === null ? null : Money.of(row.charged, row.charge_currency),
  amountRefunded: row.refunded === null ? null : Money.of(row.refunded, row.currency),
  reason:
    row.reason_code === null && row.decline_code === null && row.reason === null
      ? null
      : { code: row.reason_code, declineCode: row.decline_code, message: row.reason },
  at: row.at,
  paidAt: row.paid_at,
  expiredAt: row.expired_at,
});
