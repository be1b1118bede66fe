import { Decimal } from 'decimal.js';
import type { Period } from './billing-periods.ts';
import type { Call } from './call.ts';

export interface UsageQuery {
  readonly meter: string;
  readonly customer: string;
  readonly period: Period;
}

/** What a customer used of a meter within a period: the sum of what is recorded there. */
export async function usageOf(call: Call, { meter, customer, period }: UsageQuery): Promise<Decimal> {
  const { rows } = await call.store.client.query<{ total: string | null }>(
    `SELECT sum(value)::text AS total FROM meter_usage
     WHERE account = $1 AND meter = $2 AND customer = $3 AND used_at >= to_timestamp($4) AND used_at < to_timestamp($5)`,
    [call.account.id, meter, customer, period.start, period.end],
  );
  return new Decimal(rows[0]?.total ?? 0);
}
