import pg from 'pg';
import { agencyId } from './usage-world.ts';

/**
 * What one writes first: a transaction per event, over the same tables, statement by statement, with the same locks. Its totals and
 * accounts are there already, and it decides nothing but the price.
 */
export async function drawOneByOne(
  databaseUrl: string,
  events: readonly { readonly id: string; readonly customerId: string }[],
  connections: number,
): Promise<number> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
  const queue = events.values();
  const started = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const client = await pool.connect();
      for (const event of queue) await draw(client, event);
      client.release();
    }),
  );
  const seconds = (performance.now() - started) / 1_000;
  await pool.end();
  return seconds;
}

async function draw(
  client: pg.PoolClient,
  { id, customerId }: { readonly id: string; readonly customerId: string },
): Promise<void> {
  await client.query('BEGIN');
  const totals = await client.query<{ holder_id: string; period_start: Date; revision: number }>({
    name: 'lock',
    text: `SELECT holder_id, period_start, revision FROM usage_totals
            WHERE agency_id = $1 AND customer_id = $2 AND feature = 'call_minutes' FOR NO KEY UPDATE`,
    values: [agencyId, customerId],
  });
  const [row] = totals.rows;
  if (!row) throw new Error(`no totals of ${customerId}`);
  const reference = `naive:${customerId}:${row.revision + 1}:${id}`;
  await client.query({
    name: 'event',
    text: `INSERT INTO usage_events (agency_id, id, customer_id, feature, quantity, occurred_at, content_hash, rated_at, holder_id,
                                     period_start, free, add_on, overage, cost, tax, draw, recorded_at)
           VALUES ($1, $2, $3, 'call_minutes', 1, now(), $2, now(), $4, $5, 0, 0, 1, 0.01, 0, $6, now())
           ON CONFLICT DO NOTHING`,
    values: [agencyId, id, customerId, row.holder_id, row.period_start, reference],
  });
  await client.query({
    name: 'totals',
    text: `UPDATE usage_totals SET used = used + 1, overage = overage + 1, cost = cost + 0.01, revision = revision + 1, events = events + 1
            WHERE agency_id = $1 AND customer_id = $2 AND feature = 'call_minutes'`,
    values: [agencyId, customerId],
  });
  // The books take a transaction only together with its entries.
  await client.query({
    name: 'posting',
    text: `WITH added AS (
             INSERT INTO ledger_transactions (agency_id, id, reference, code, content_hash, entry_count, source, posted_at, customer_id)
             VALUES ($1, $2, $2, 'usage.draw', $2, 2, 'naive', now(), $3)
           ), moved AS (
             UPDATE ledger_accounts SET balance = balance - 0.01, sequence = sequence + 1
              WHERE agency_id = $1 AND customer_id = $3 RETURNING id, balance, sequence
           )
           INSERT INTO ledger_entries (agency_id, transaction_id, line, account_id, currency, amount, sequence, balance_after)
           SELECT $1, $2, 1, id, 'USD', 0.01, sequence, balance FROM moved
           UNION ALL
           SELECT $1, $2, 2, id, 'USD', -0.01, NULL, NULL FROM ledger_accounts WHERE agency_id = $1 AND code = 'revenue'`,
    values: [agencyId, reference, customerId],
  });
  await client.query('COMMIT');
}

/** A row and a commit each: the least that a durable answer to a single event can cost. */
export async function insertOneByOne(databaseUrl: string, rows: number, connections: number): Promise<number> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
  await pool.query(
    'CREATE TABLE IF NOT EXISTS bench_plain (id text PRIMARY KEY, customer_id text, quantity numeric, at timestamptz)',
  );
  await pool.query('TRUNCATE bench_plain');
  await Promise.all(Array.from({ length: connections }, () => pool.query('SELECT 1')));
  let next = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (next < rows) {
        const id = next;
        next += 1;
        await pool.query({
          name: 'plain',
          text: 'INSERT INTO bench_plain VALUES ($1, $2, 1, now())',
          values: [`plain ${id}`, `cus_${id}`],
        });
      }
    }),
  );
  const seconds = (performance.now() - started) / 1_000;
  await pool.end();
  return seconds;
}
