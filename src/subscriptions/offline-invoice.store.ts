import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { Money } from '../money/money.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import { type InvoiceLine, invoiceLineSchema } from './offline-price.ts';

export const invoiceKindSchema = z.enum(['provider', 'offline']);
export const invoiceStatusSchema = z.enum(['draft', 'open', 'paid', 'void', 'uncollectible']);

/** What a client owes for a period of its subscription: a provider's invoice, or one of ours where no provider collects. */
export interface Invoice {
  readonly id: string;
  readonly agencyId: string;
  readonly customerId: string;
  readonly subscriptionId: string;
  readonly merchantAccountId: string;
  readonly kind: z.output<typeof invoiceKindSchema>;
  readonly number: string | null;
  readonly status: z.output<typeof invoiceStatusSchema>;
  /** As Stripe says it: `subscription_create` for the first period, `subscription_cycle` for the others. */
  readonly billingReason: string | null;
  /** `tax` is in `total`. */
  readonly total: Money;
  readonly tax: Money;
  readonly amountDue: Money;
  readonly amountPaid: Money;
  readonly lines: readonly InvoiceLine[];
  readonly planId: string | null;
  readonly planVersion: number | null;
  readonly hostedUrl: string | null;
  readonly periodStart: Date | null;
  readonly periodEnd: Date | null;
  readonly externalReference: string | null;
  readonly paidAt: Date | null;
  readonly createdAt: Date;
}

const invoiceRows = z.array(
  z
    .object({
      id: z.string(),
      agencyId: z.string(),
      customerId: z.string(),
      subscriptionId: z.string(),
      merchantAccountId: z.string(),
      kind: invoiceKindSchema,
      number: z.string().nullable(),
      status: invoiceStatusSchema,
      billingReason: z.string().nullable(),
      currency: z.string(),
      total: z.string(),
      tax: z.string(),
      amountDue: z.string(),
      amountPaid: z.string(),
      lines: z.array(invoiceLineSchema),
      planId: z.string().nullable(),
      planVersion: z.number().nullable(),
      hostedUrl: z.string().nullable(),
      periodStart: z.date().nullable(),
      periodEnd: z.date().nullable(),
      externalReference: z.string().nullable(),
      paidAt: z.date().nullable(),
      createdAt: z.date(),
    })
    .transform(
      ({ currency, total, tax, amountDue, amountPaid, ...row }): Invoice => ({
        ...row,
        total: Money.of(total, currency),
        tax: Money.of(tax, currency),
        amountDue: Money.of(amountDue, currency),
        amountPaid: Money.of(amountPaid, currency),
      }),
    ),
);

const columns = `id, agency_id AS "agencyId", customer_id AS "customerId", subscription_id AS "subscriptionId",
  merchant_account_id AS "merchantAccountId", kind, number, status, billing_reason AS "billingReason", currency, total::text, tax::text,
  amount_due::text AS "amountDue", amount_paid::text AS "amountPaid", lines, plan_id AS "planId", plan_version AS "planVersion",
  hosted_url AS "hostedUrl", period_start AS "periodStart", period_end AS "periodEnd", external_reference AS "externalReference",
  paid_at AS "paidAt", created_at AS "createdAt"`;

/** One of ours for a period of a subscription. Answers false where the period has its invoice already: that one stays. */
export async function insertOfflineInvoice(sql: Sql, invoice: Invoice): Promise<boolean> {
  const i = invoice;
  const { rowCount } = await sql.query(
    `INSERT INTO invoices (agency_id, id, customer_id, subscription_id, merchant_account_id, kind, status, billing_reason, currency,
                           total, tax, amount_due, amount_paid, lines, plan_id, plan_version, period_start, period_end, paid_at,
                           created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, 'offline', $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19)
     ON CONFLICT (agency_id, subscription_id, period_start) WHERE kind = 'offline' DO NOTHING`,
    [
      ...[i.agencyId, i.id, i.customerId, i.subscriptionId, i.merchantAccountId, i.status, i.billingReason],
      ...[i.total.currency.code, i.total.amount.toFixed(), i.tax.amount.toFixed(), i.amountDue.amount.toFixed()],
      ...[i.amountPaid.amount.toFixed(), JSON.stringify(i.lines), i.planId, i.planVersion, i.periodStart, i.periodEnd],
      ...[i.paidAt, i.createdAt],
    ],
  );
  return (rowCount ?? 0) > 0;
}

/** Null for one that is not there for the scope; nobody else changes it until the transaction ends. */
export async function lockInvoice(sql: Sql, scope: Scope, id: string): Promise<Invoice | null> {
  return findInvoice(sql, scope, id, 'FOR NO KEY UPDATE');
}

/** Null for one that is not there for the scope. */
export async function findInvoice(
  sql: Sql,
  scope: Scope,
  id: string,
  lock: '' | 'FOR NO KEY UPDATE' = '',
): Promise<Invoice | null> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM invoices
      WHERE id = $1 AND ($2::text IS NULL OR agency_id = $2) AND ($3::text IS NULL OR customer_id = $3) ${lock}`,
    [id, agencyOf(scope) ?? null, scope.role === 'portal' ? scope.customerId : null],
  );
  return invoiceRows.parse(rows)[0] ?? null;
}

/** A client's, newest first, at most `limit`, those made before the one whose id is `after`. */
export async function listInvoices(
  sql: Sql,
  { agencyId, customerId }: { readonly agencyId: string; readonly customerId: string },
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
): Promise<readonly Invoice[]> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM invoices WHERE agency_id = $1 AND customer_id = $2 AND ($3::text IS NULL OR id < $3)
      ORDER BY id DESC LIMIT $4`,
    [agencyId, customerId, after ?? null, limit],
  );
  return invoiceRows.parse(rows);
}

export async function saveInvoicePaid(sql: Sql, invoice: Invoice, now: Date): Promise<void> {
  const { agencyId, id, status, amountPaid, externalReference, paidAt } = invoice;
  await sql.query(
    `UPDATE invoices SET status = $3, amount_paid = $4, external_reference = $5, paid_at = $6, updated_at = $7
      WHERE agency_id = $1 AND id = $2`,
    [agencyId, id, status, amountPaid.amount.toFixed(), externalReference, paidAt, now],
  );
}
