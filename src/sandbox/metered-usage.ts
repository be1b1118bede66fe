import { Decimal } from 'decimal.js';
import type { Period } from './billing-periods.ts';
import type { Call } from './call.ts';

export interface UsageQuery {
  readonly meter: string;
  readonly customer: string;
  readonly period: Period;
}

const aggregations: Readonly<Record<string, string>> = {
  sum: 'sum(value)',
  count: 'count(*)',
  last: '(array_agg(value ORDER BY used_at DESC, event_id DESC))[1]',
};

/** What a customer used of a meter within a period, by the meter's own formula: of what was found valid by now. */
export async function usageOf(call: Call, { meter, customer, period }: UsageQuery): Promise<Decimal> {
  const formula = (await call.store.find('billing.meter', meter))?.default_aggregation.formula ?? 'sum';
  const { rows } = await call.store.client.query<{ total: string | null }>(
    `SELECT ${aggregations[formula] ?? aggregations.sum}::text AS total FROM meter_usage
     WHERE account = $1 AND meter = $2 AND customer = $3 AND used_at >= to_timestamp($4) AND used_at < to_timestamp($5)`,
    [call.account.id, meter, customer, period.start, period.end],
  );
  return new Decimal(rows[0]?.total ?? 0);
}
