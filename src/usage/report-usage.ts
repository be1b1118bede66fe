import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { AppError, notFound } from '../errors.ts';
import { Money } from '../money/money.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import { selectReport } from './show-usage.sql.ts';

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
  readonly totals: Pick<ReportLine, 'cost' | 'tax' | 'drawn' | 'invoiced' | 'owed'>;
}

type ReportRow = Omit<ReportLine, 'cost' | 'tax' | 'drawn' | 'invoiced' | 'owed'> & {
  readonly collect: 'balance' | 'invoice';
  readonly collection: string;
  readonly cost: string;
  readonly tax: string;
};

/** More lines than this are not one answer. */
const linesMax = 20_000;
const none = Money.zero('USD');

/**
 * What an agency's clients used in the periods that began in a UTC month. Throws `AppError` 404, and 422 `report_too_large`.
 */
export async function reportUsage(
  { database: { pool }, clock }: { readonly database: Database; readonly clock: Clock },
  scope: Scope,
  agencyId: string,
  period: string | undefined,
): Promise<UsageReport> {
  if ((agencyOf(scope) ?? agencyId) !== agencyId) throw notFound('agency');
  const { rows: found } = await pool.query('SELECT 1 FROM agencies WHERE id = $1', [agencyId]);
  if (found.length === 0) throw notFound('agency');
  const month = period ?? clock.now().toISOString().slice(0, 7);
  const from = new Date(`${month}-01T00:00:00.000Z`);
  const until = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1));
  const { rows } = await pool.query<ReportRow>(selectReport, [agencyId, from, until, linesMax + 1]);
  if (rows.length > linesMax) {
    throw new AppError(422, 'report_too_large', `More than ${linesMax} lines: ask for fewer clients.`);
  }
  const lines = rows.map(lineOf);
  const sum = (part: 'cost' | 'tax' | 'drawn' | 'invoiced' | 'owed'): Money =>
    lines.reduce((total, line) => total.plus(line[part]), none);
  return {
    agencyId,
    period: month,
    lines,
    totals: {
      cost: sum('cost'),
      tax: sum('tax'),
      drawn: sum('drawn'),
      invoiced: sum('invoiced'),
      owed: sum('owed'),
    },
  };
}

function lineOf({ collect, collection, cost: costText, tax, ...row }: ReportRow): ReportLine {
  const cost = Money.of(costText, 'USD');
  const destination = collect === 'balance' ? 'drawn' : collection === 'offline' ? 'owed' : 'invoiced';
  return {
    ...row,
    cost,
    tax: Money.of(tax, 'USD'),
    drawn: none,
    invoiced: none,
    owed: none,
    [destination]: cost,
  };
}
