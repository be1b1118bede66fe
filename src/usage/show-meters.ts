import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { AppError, notFound } from '../errors.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import { selectMetered } from './compare-meters.sql.ts';

const meteredRows = z.array(
  z.object({
    customerId: z.string(),
    name: z.string(),
    feature: z.string(),
    periodStart: z.date(),
    periodEnd: z.date(),
    merchantAccountId: z.string(),
    counts: z.enum(['units', 'steps']),
    currency: z.string(),
    target: z.string(),
    delivered: z.string(),
    waiting: z.string(),
    refused: z.string(),
    unbillable: z.string(),
    credited: z.string(),
    differences: z.array(z.object({ day: z.string(), sent: z.string(), counted: z.string(), resent: z.boolean() })),
  }),
);

/**
 * What a provider's meter was told of a client's overage in a period, as the meter counts: units of the feature, or chargeable steps of
 * the currency. `differences`: UTC days since the period began on which the provider counted something else.
 */
export type Metered = z.output<typeof meteredRows>[number];

export interface MeteredQuery {
  /** The UTC month in which the periods began: `2026-11`; this month unless given. */
  readonly period: string | undefined;
  /** Only what the provider counted otherwise. */
  readonly differing: boolean;
}

const linesMax = 20_000;

/** By client, feature and period. Throws `AppError` 404, and 422 `report_too_large`. */
export async function showMeters(
  { database: { pool }, clock }: { readonly database: Pick<Database, 'pool'>; readonly clock: Clock },
  scope: Scope,
  agencyId: string,
  { period, differing }: MeteredQuery,
): Promise<{ readonly agencyId: string; readonly period: string; readonly lines: readonly Metered[] }> {
  if ((agencyOf(scope) ?? agencyId) !== agencyId) throw notFound('agency');
  const { rows: found } = await pool.query('SELECT 1 FROM agencies WHERE id = $1', [agencyId]);
  if (found.length === 0) throw notFound('agency');
  const month = period ?? clock.now().toISOString().slice(0, 7);
  const from = new Date(`${month}-01T00:00:00.000Z`);
  const until = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1));
  const { rows } = await pool.query(selectMetered, [agencyId, from, until, differing, linesMax + 1]);
  if (rows.length > linesMax) {
    throw new AppError(422, 'report_too_large', `More than ${linesMax} lines: ask for fewer clients.`);
  }
  return { agencyId, period: month, lines: meteredRows.parse(rows) };
}
