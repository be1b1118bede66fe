import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/database.ts';
import { invalidField, notFound } from '../errors.ts';
import { Money } from '../money/money.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import { selectReport, sumReport } from './show-usage.sql.ts';

/** What a client used of a feature in a period, and what became of its cost. Quantities are decimals in the feature's unit. */
export interface ReportLine {
  readonly customerId: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly feature: string;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly planId: string | null;
  readonly planVersion: number | null;
  readonly used: string;
  readonly included: string;
  readonly free: string;
  readonly addOn: string;
  readonly overage: string;
  /** USD, tax in it. */
  readonly cost: Money;
  readonly tax: Money;
  /** USD that left the balance. */
  readonly drawn: Money;
  /** USD that the provider's next invoice asks for. */
  readonly invoiced: Money;
  /** USD that the agency collects itself: no provider invoices a client that pays outside. */
  readonly owed: Money;
}

export interface UsageReport {
  readonly agencyId: string;
  /** The UTC month in which the periods began: `2026-11`. */
  readonly period: string;
  readonly lines: readonly ReportLine[];
  /** What to send as `after` for the next lines; null on the last page. */
  readonly next: string | null;
  /** Of all lines, whatever the page. */
  readonly totals: Pick<ReportLine, 'cost' | 'tax' | Destination>;
}

export interface ReportQuery {
  /** A UTC month; left out: this one. */
  readonly period?: string | undefined;
  readonly limit: number;
  /** The `next` of the page before. */
  readonly after?: string | undefined;
}

type Destination = 'drawn' | 'invoiced' | 'owed';

interface SumRow {
  readonly destination: Destination;
  readonly cost: string;
  readonly tax: string;
}
type ReportRow = SumRow & Omit<ReportLine, 'cost' | 'tax' | Destination> & { readonly holderId: string };

/** A table is read so many lines at a time. */
const chunkMax = 1_000;
const none = Money.zero('USD');

/** What an agency's clients used in the periods that began in a UTC month. Throws `AppError` 404, and 422 for a wrong `after`. */
export async function reportUsage(
  { database: { pool }, clock }: { readonly database: Database; readonly clock: Clock },
  scope: Scope,
  agencyId: string,
  { period, limit, after }: ReportQuery,
): Promise<UsageReport> {
  if ((agencyOf(scope) ?? agencyId) !== agencyId) throw notFound('agency');
  const { rows: found } = await pool.query('SELECT 1 FROM agencies WHERE id = $1', [agencyId]);
  if (found.length === 0) throw notFound('agency');
  const month = period ?? clock.now().toISOString().slice(0, 7);
  const rows = await readRows(pool, agencyId, month, after === undefined ? null : placeOf(after), limit + 1);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    agencyId,
    period: month,
    lines: page.map(lineOf),
    next: rows.length > limit && last ? JSON.stringify(placeOfRow(last)) : null,
    totals: await readTotals(pool, agencyId, month),
  };
}

/** All lines of a report, as they are asked for: an agency may have more than fit into memory. Whose they are has been checked. */
export async function* reportLines(
  { database: { pool } }: { readonly database: Database },
  agencyId: string,
  month: string,
): AsyncGenerator<ReportLine> {
  let after: RowPlace | null = null;
  for (;;) {
    const rows: readonly ReportRow[] = await readRows(pool, agencyId, month, after, chunkMax);
    for (const row of rows) yield lineOf(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < chunkMax) return;
    after = placeOfRow(last);
  }
}

const rowPlace = z.tuple([z.string(), z.string(), z.string(), z.iso.datetime()]);
/** Client, feature, holder and the period's start: by this lines are ordered. */
type RowPlace = z.infer<typeof rowPlace>;

const placeOfRow = ({ customerId, feature, holderId, periodStart }: ReportRow): RowPlace => [
  customerId,
  feature,
  holderId,
  periodStart.toISOString(),
];

function placeOf(cursor: string): RowPlace {
  const { data } = z.preprocess(parsed, rowPlace).safeParse(cursor);
  if (!data) throw invalidField('after', 'invalid_request', 'Not a cursor of this list.');
  return data;
}

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return null;
  }
}

function boundsOf(month: string): readonly [Date, Date] {
  const from = new Date(`${month}-01T00:00:00.000Z`);
  return [from, new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1))];
}

async function readRows(
  pool: Sql,
  agencyId: string,
  month: string,
  after: RowPlace | null,
  limit: number,
): Promise<readonly ReportRow[]> {
  const place = after ?? [null, null, null, null];
  const { rows } = await pool.query<ReportRow>(selectReport, [agencyId, ...boundsOf(month), ...place, limit]);
  return rows;
}

async function readTotals(pool: Sql, agencyId: string, month: string): Promise<UsageReport['totals']> {
  const { rows } = await pool.query<SumRow>(sumReport, [agencyId, ...boundsOf(month)]);
  return rows.map(amountsOf).reduce(
    (total, each) => ({
      cost: total.cost.plus(each.cost),
      tax: total.tax.plus(each.tax),
      drawn: total.drawn.plus(each.drawn),
      invoiced: total.invoiced.plus(each.invoiced),
      owed: total.owed.plus(each.owed),
    }),
    { cost: none, tax: none, drawn: none, invoiced: none, owed: none },
  );
}

function amountsOf({ destination, cost: costText, tax }: SumRow): UsageReport['totals'] {
  const cost = Money.of(costText, 'USD');
  return { cost, tax: Money.of(tax, 'USD'), drawn: none, invoiced: none, owed: none, [destination]: cost };
}

const lineOf = ({ destination, cost, tax, holderId: _, ...row }: ReportRow): ReportLine => ({
  ...row,
  ...amountsOf({ destination, cost, tax }),
});
