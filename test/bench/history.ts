import type { Database } from '../../src/database/database.ts';
import { agencyId, clientsMax } from './usage-world.ts';

export const historyRows = 10_000_000;
const chunkRows = 500_000;

/** A year of events of all the clients, in the periods before the one that is measured. */
export async function fillHistory({ pool }: Pick<Database, 'pool'>): Promise<void> {
  for (let first = 0; first < historyRows; first += chunkRows) {
    await pool.query(
      `INSERT INTO usage_events (agency_id, id, customer_id, feature, quantity, occurred_at, content_hash, rated_at, holder_id,
                                 period_start, free, add_on, overage, cost, tax, recorded_at)
       SELECT $1, 'history ' || n, 'cus_bench_' || (n % $4), 'call_minutes', 1, t.at, 'history', t.at, '', date_trunc('month', t.at),
              0, 0, 1, 0, 0, t.at
         FROM generate_series($2::int, $2::int + $3::int - 1) n,
              LATERAL (SELECT now() - interval '40 days' - (n % 31536000) * interval '1 second' AS at) t`,
      [agencyId, first, chunkRows, clientsMax],
    );
  }
  await pool.query('ANALYZE usage_events');
}
