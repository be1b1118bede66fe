import type { Logger } from 'pino';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { type Database, inTransaction, type Sql } from '../database/database.ts';
import type { ScheduledJob } from '../delivery/jobs.ts';
import { type AppError, conflict, notFound } from '../errors.ts';
import type { HistoryLine, LineKind } from '../history/history-line.ts';
import { createHistory } from '../history/read-history.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { agencySettings } from '../tenancy/agency.ts';
import { findCustomer } from '../tenancy/find-customers.ts';
import type { Scope } from '../tenancy/scope.ts';
import { describeMonth, monthOf } from './describe-month.ts';
import {
  cardWaitMs,
  type Description,
  describeEntry,
  describeInvoice,
  describeLateFailure,
  describeOrder,
  describeRefund,
} from './describe-payment.ts';
import { drawPdf } from './draw-pdf.ts';
import { findReceipt, insertReceipt, keepPdf, markNumbered, type ReceiptKey, takeNumber } from './receipt.store.ts';
import { documentOf, numberOf, type Parties, receiptDocumentSchema, type Section } from './receipt-document.ts';
import { selectParties, selectUnnumbered } from './subjects.sql.ts';

export interface ReceiptDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ledger: Pick<Ledger, 'composition'>;
  readonly log: Pick<Logger, 'warn'>;
}

export interface Receipts {
  /**
   * The receipt of a payment, or the credit note of a refund, as a PDF: the same bytes each time. Throws 404; 409 `receipt_not_paid` of what
   * is not paid (or not given back), `receipt_unavailable` of what has none, `receipt_not_ready` where the provider has not told yet what
   * paid. A payment that failed after it had succeeded keeps its receipt, and has a credit note where `asked` for.
   */
  receipt(scope: Scope, transactionId: string, asked?: 'credit_note'): Promise<Uint8Array>;
  /** A client's statement of a UTC month such as `2026-11`. Throws 404; 409 `statement_not_ready` while the month is not over. */
  statement(scope: Scope, customerId: string, month: string): Promise<Uint8Array>;
  /** Gives their numbers to what was paid and given back. */
  number(): Promise<void>;
  readonly jobs: Readonly<Record<string, ScheduledJob>>;
}

/** How long after its month a statement is made: what was posted at the month's end is committed by then. */
const monthWaitMs = 3_600_000;
/** Of each kind of subject, in one look. */
const numberedAtOnce = 500;

const partiesRows = z.array(
  z.object({
    name: z.string(),
    email: z.string(),
    country: z.string(),
    settings: agencySettings,
    client_name: z.string(),
    client_email: z.string(),
  }),
);
const unnumberedRows = z.array(
  z.object({ agency_id: z.string(), kind: z.enum(['receipt', 'credit_note']), subject: z.string() }),
);

/** What a line of the history has: kinds that are not here have no document. */
const kindOfLine: Readonly<Partial<Record<LineKind, 'receipt' | 'credit_note'>>> = {
  top_up: 'receipt',
  refill: 'receipt',
  pack: 'receipt',
  invoice: 'receipt',
  manual_payment: 'receipt',
  refund: 'credit_note',
};

type Describe = (sql: Sql) => Promise<Description>;

export function createReceipts({ database, clock, ledger, log }: ReceiptDependencies): Receipts {
  const { pool, prisma } = database;
  const history = createHistory(database);

  const describe = (sql: Sql, { agencyId, kind, subject }: ReceiptKey): Promise<Description> => {
    if (kind === 'credit_note' && subject.startsWith('ord_')) return describeLateFailure(sql, agencyId, subject);
    if (subject.startsWith('rfn_')) return describeRefund(sql, agencyId, subject);
    if (subject.startsWith('inv_')) return describeInvoice(sql, agencyId, subject);
    return describeOrder(sql, agencyId, subject, clock.now());
  };
  const describing =
    (key: ReceiptKey): Describe =>
    (sql) =>
      describe(sql, key);

  /** Gives a number unless the subject has one. Everything is read before the number is taken, which holds up the agency's other documents. */
  const issue = (key: ReceiptKey, read: Describe): Promise<'unpaid' | 'early' | 'issued'> =>
    inTransaction(pool, async (sql) => {
      if (await findReceipt(sql, key)) return 'issued';
      const described = await read(sql);
      if (typeof described === 'string') return described;
      const parties = await partiesOf(sql, key.agencyId, described.customerId);
      const number = await takeNumber(sql, key);
      // Somebody else may have given it one while this waited for the number: then nothing was taken.
      if (await findReceipt(sql, key)) throw new TakenMeanwhile();
      const issuedAt = clock.now();
      const sections = [...(await precedingOf(sql, key.agencyId, described.after)), ...described.sections];
      const document = documentOf(key.kind, number, issuedAt, parties, sections);
      await insertReceipt(sql, key, { number, customerId: described.customerId, document, issuedAt });
      await markNumbered(sql, key, issuedAt);
      return 'issued' as const;
    }).catch((error: unknown) => {
      if (error instanceof TakenMeanwhile) return 'issued' as const;
      throw error;
    });

  const pdfOf = async (key: ReceiptKey): Promise<Uint8Array> => {
    const stored = await findReceipt(pool, key);
    if (!stored) throw notFound('receipt');
    return stored.pdf ?? keepPdf(pool, key, stored.id, await drawPdf(receiptDocumentSchema.parse(stored.document)));
  };

  const issued = async (key: ReceiptKey, read: Describe): Promise<Uint8Array> => {
    const outcome = await issue(key, read);
    if (outcome !== 'issued') throw refusals[outcome]();
    return pdfOf(key);
  };

  const receiptOf = async (line: HistoryLine, asked: 'credit_note' | undefined): Promise<Uint8Array> => {
    const kind = line.id.startsWith('ord_') ? (asked ?? kindOfLine[line.kind]) : kindOfLine[line.kind];
    if (kind === undefined) throw conflict('receipt_unavailable', 'Only what is paid or given back has a receipt.');
    const key = { agencyId: line.agencyId, kind, subject: line.id };
    // A declined attempt has the kind of what was tried.
    if (line.id.startsWith('att_')) throw refusals.unpaid();
    if (line.kind === 'manual_payment') return issued(key, async () => describeEntry(line.customerId, line));
    if (kind === 'credit_note' && line.orderId !== null) {
      const sale = { agencyId: line.agencyId, kind: 'receipt', subject: line.orderId } as const;
      const outcome = await issue(sale, describing(sale));
      if (outcome === 'early') throw refusals.early();
    }
    return issued(key, describing(key));
  };

  /** Answers how many have a number now. */
  const numberSome = async (): Promise<number> => {
    const paidBefore = new Date(clock.now().getTime() - cardWaitMs);
    const waiting = unnumberedRows.parse((await pool.query(selectUnnumbered, [numberedAtOnce, paidBefore])).rows);
    let numbered = 0;
    for (const { agency_id: agencyId, kind, subject } of waiting) {
      const key = { agencyId, kind, subject } as const;
      const outcome = await issue(key, describing(key)).catch((error: unknown) => {
        // It is tried again by itself, and holds no other up.
        log.warn({ receipt: key, err: error }, 'a receipt could not be numbered now');
      });
      if (outcome === 'issued') numbered += 1;
    }
    return numbered;
  };

  const number = async (): Promise<void> => {
    while ((await numberSome()) > 0);
  };

  return {
    receipt: async (scope, transactionId, asked) => receiptOf((await history.find(scope, transactionId)).line, asked),
    statement: async (scope, customerId, name) => {
      const { agencyId } = await findCustomer({ prisma }, scope, customerId);
      const month = monthOf(name);
      if (clock.now().getTime() < month.until.getTime() + monthWaitMs) {
        throw conflict('statement_not_ready', 'A statement is made an hour after its month is over.');
      }
      const key = { agencyId, kind: 'statement', subject: `${customerId}:${name}` } as const;
      return issued(key, (sql) => describeMonth(sql, ledger, { agencyId, customerId }, month));
    },
    number,
    jobs: { 'receipts.number': { handle: number, cron: '* * * * *' } },
  };
}

/** Undoes the transaction, and with it the number that was taken. */
class TakenMeanwhile extends Error {}

const refusals: Readonly<Record<'unpaid' | 'early', () => AppError>> = {
  unpaid: () => conflict('receipt_not_paid', 'This is not paid: it has no receipt.'),
  early: () =>
    conflict('receipt_not_ready', 'The provider has not told yet what this was paid with: ask again in a minute.'),
};

async function partiesOf(sql: Sql, agencyId: string, customerId: string): Promise<Parties> {
  const [found] = partiesRows.parse((await sql.query(selectParties, [agencyId, customerId])).rows);
  if (!found) throw new Error(`client ${customerId} of ${agencyId} is gone`);
  return {
    sellerName: found.settings.branding?.displayName ?? found.name,
    sellerEmail: found.email,
    sellerCountry: found.country,
    support: found.settings.support,
    clientName: found.client_name,
    clientEmail: found.client_email,
  };
}

/** The receipt that a credit note takes from. */
async function precedingOf(sql: Sql, agencyId: string, subject: string | undefined): Promise<readonly Section[]> {
  if (subject === undefined) return [];
  const receipt = await findReceipt(sql, { agencyId, kind: 'receipt', subject });
  if (!receipt) return [];
  return [{ title: 'Of', rows: [{ label: 'Receipt', value: numberOf('receipt', receipt.number) }] }];
}
