import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import type { ProviderInvoice } from '../providers/subscription-ports.ts';
import type { Subscription } from './subscription.ts';
import type { FailedCollection } from './subscription-event.ts';

export interface StoredInvoice {
  readonly id: string;
  readonly status: ProviderInvoice['status'];
}

const stored = z.array(
  z.object({ id: z.string(), status: z.enum(['draft', 'open', 'paid', 'void', 'uncollectible']) }),
);

/** The provider's invoice as it is stored; null where it was not heard of. Nobody else changes it until the transaction ends. */
export async function lockProviderInvoice(
  sql: Sql,
  { agencyId, merchantAccountId }: Pick<Subscription, 'agencyId' | 'merchantAccountId'>,
  providerInvoiceId: string,
): Promise<StoredInvoice | null> {
  const { rows } = await sql.query(
    `SELECT id, status FROM invoices WHERE agency_id = $1 AND merchant_account_id = $2 AND provider_invoice_id = $3
        FOR NO KEY UPDATE`,
    [agencyId, merchantAccountId, providerInvoiceId],
  );
  return stored.parse(rows)[0] ?? null;
}

/** Stores the invoice as it was read; an older reading changes nothing, and what is paid stays paid. Answers its id. */
export async function saveProviderInvoice(
  sql: Sql,
  subscription: Subscription,
  invoice: ProviderInvoice,
  readAt: Date,
): Promise<string> {
  const lines = invoice.lines.map(({ priceId, description, quantity, net, tax, periodStart, periodEnd }) => ({
    description,
    feature: null,
    quantity: String(quantity ?? 1),
    amount: net.plus(tax).toDecimalString(),
    priceId,
    net: net.toJSON(),
    tax: tax.toJSON(),
    periodStart: periodStart.toISOString(),
    periodEnd: periodEnd.toISOString(),
  }));
  const { rows } = await sql.query<{ id: string }>(
    `INSERT INTO invoices (agency_id, id, customer_id, subscription_id, merchant_account_id, kind, provider_invoice_id, number, status,
                           billing_reason, currency, total, tax, amount_due, amount_paid, provider_credit, lines, payment_ids,
                           plan_id, plan_version, hosted_url, attempt_count, next_attempt_at, period_start, period_end, read_at,
                           paid_at, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, 'provider', $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
             $24, $25, $26, $27, $25)
     ON CONFLICT (agency_id, merchant_account_id, provider_invoice_id) DO UPDATE SET
       number = excluded.number, status = excluded.status, total = excluded.total, tax = excluded.tax,
       amount_due = excluded.amount_due, amount_paid = excluded.amount_paid, provider_credit = excluded.provider_credit,
       lines = excluded.lines, payment_ids = excluded.payment_ids, hosted_url = excluded.hosted_url,
       attempt_count = excluded.attempt_count, next_attempt_at = excluded.next_attempt_at, read_at = excluded.read_at,
       paid_at = excluded.paid_at, updated_at = excluded.updated_at
     WHERE invoices.read_at <= excluded.read_at AND (invoices.status <> 'paid' OR excluded.status = 'paid')
     RETURNING id`,
    [
      ...[
        subscription.agencyId,
        newId('invoice'),
        subscription.customerId,
        subscription.id,
        subscription.merchantAccountId,
      ],
      ...[invoice.id, invoice.number, invoice.status, invoice.billingReason, invoice.total.currency.code],
      ...[invoice.total, invoice.tax, invoice.amountDue, invoice.amountPaid, invoice.credit].map((m) =>
        m.amount.toFixed(),
      ),
      ...[JSON.stringify(lines), invoice.paymentIds, subscription.plan.planId, subscription.planVersion],
      ...[
        invoice.hostedUrl,
        invoice.attemptCount,
        invoice.nextAttemptAt,
        invoice.periodStart,
        invoice.periodEnd,
        readAt,
      ],
      ...[invoice.status === 'paid' ? (invoice.paidAt ?? readAt) : null, invoice.createdAt],
    ],
  );
  const id = rows[0]?.id ?? (await lockProviderInvoice(sql, subscription, invoice.id))?.id;
  if (id === undefined) throw new Error(`invoice ${invoice.id} was not stored`);
  return id;
}

/** One line for each try that failed, however often it is told. */
export async function recordFailedCollection(
  sql: Sql,
  { agencyId, customerId }: Pick<Subscription, 'agencyId' | 'customerId'>,
  invoiceId: string,
  failure: FailedCollection,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `INSERT INTO invoice_attempts (agency_id, invoice_id, fact, id, customer_id, code, decline_code, message, occurred_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
    [
      ...[agencyId, invoiceId, failure.fact, newId('paymentAttempt'), customerId],
      ...[failure.code, failure.declineCode, failure.message, failure.occurredAt],
    ],
  );
  return rowCount === 1;
}

/** Whether an invoice of the subscription was ever paid: service begins with the first. A trial's own, of nothing, is none. */
export async function hasPaidInvoice(
  sql: Sql,
  { agencyId, id, trialEndsAt }: Pick<Subscription, 'agencyId' | 'id' | 'trialEndsAt'>,
): Promise<boolean> {
  const { rows } = await sql.query(
    `SELECT 1 FROM invoices WHERE agency_id = $1 AND subscription_id = $2 AND status = 'paid'
        AND ($3::timestamptz IS NULL OR created_at >= $3) LIMIT 1`,
    [agencyId, id, trialEndsAt],
  );
  return rows.length > 0;
}
