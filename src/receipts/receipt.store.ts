import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import type { ReceiptDocument, ReceiptKind } from './receipt-document.ts';

export interface ReceiptKey {
  readonly agencyId: string;
  readonly kind: ReceiptKind;
  /** The order, invoice, refund or entry; of a statement its client and month. */
  readonly subject: string;
}

/** A receipt as it is kept; `pdf` is null until it is first asked for. */
export interface StoredReceipt {
  readonly id: string;
  readonly number: bigint;
  /** Parse it with `receiptDocumentSchema`. */
  readonly document: unknown;
  readonly pdf: Uint8Array | null;
}

const rows = z.array(
  z.object({
    id: z.string(),
    number: z.string().transform(BigInt),
    document: z.unknown(),
    pdf: z.instanceof(Uint8Array).nullable(),
  }),
);

export async function findReceipt(sql: Sql, { agencyId, kind, subject }: ReceiptKey): Promise<StoredReceipt | null> {
  const found = await sql.query(
    'SELECT id, number::text, document, pdf FROM receipts WHERE agency_id = $1 AND kind = $2 AND subject = $3',
    [agencyId, kind, subject],
  );
  return rows.parse(found.rows)[0] ?? null;
}

/**
 * The next number of the agency's for this kind. Whoever takes one holds it until the transaction ends: a transaction that fails gives its
 * number back, and the next waits to know.
 */
export async function takeNumber(sql: Sql, { agencyId, kind }: Omit<ReceiptKey, 'subject'>): Promise<bigint> {
  const { rows: taken } = await sql.query<{ last: string }>(
    `INSERT INTO receipt_counters AS c (agency_id, kind, last) VALUES ($1, $2, 1)
     ON CONFLICT (agency_id, kind) DO UPDATE SET last = c.last + 1 RETURNING last::text`,
    [agencyId, kind],
  );
  return BigInt(z.tuple([z.object({ last: z.string() })]).parse(taken)[0].last);
}

export async function insertReceipt(
  sql: Sql,
  { agencyId, kind, subject }: ReceiptKey,
  receipt: {
    readonly number: bigint;
    readonly customerId: string;
    readonly document: ReceiptDocument;
    readonly issuedAt: Date;
  },
): Promise<void> {
  await sql.query(
    `INSERT INTO receipts (agency_id, id, kind, number, subject, customer_id, document, issued_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      ...[agencyId, newId('receipt'), kind, receipt.number.toString(), subject, receipt.customerId],
      ...[JSON.stringify(receipt.document), receipt.issuedAt],
    ],
  );
}

/** Keeps the bytes unless others were kept first, and answers those that are kept. */
export async function keepPdf(sql: Sql, key: ReceiptKey, id: string, pdf: Uint8Array): Promise<Uint8Array> {
  await sql.query('UPDATE receipts SET pdf = $3 WHERE agency_id = $1 AND id = $2 AND pdf IS NULL', [
    ...[key.agencyId, id],
    Buffer.from(pdf),
  ]);
  return (await findReceipt(sql, key))?.pdf ?? pdf;
}

/** The row that has its number now, by the beginning of its id; others have none to mark. */
const tables: Readonly<Record<string, string>> = { ord: 'orders', inv: 'invoices', rfn: 'refunds' };

export async function markNumbered(sql: Sql, { agencyId, kind, subject }: ReceiptKey, at: Date): Promise<void> {
  // An order has its mark from its receipt.
  if (kind === 'credit_note' && subject.startsWith('ord_')) return;
  const table = tables[subject.slice(0, 3)];
  if (table === undefined) return;
  await sql.query(`UPDATE ${table} SET receipted_at = $3 WHERE agency_id = $1 AND id = $2`, [agencyId, subject, at]);
}
