import { openDatabase } from '../../src/database/database.ts';
import type { EmbeddedServer } from '../../src/database/embedded-server.ts';
import { migrate } from '../../src/database/migrate.ts';
import { createHistory } from '../../src/history/read-history.ts';
import { atMost, type BenchResult } from './result.ts';

/** Rows of the two exports that are compared. */
const small = 10_000;
const large = 1_000_000;
const agencyId = 'agc_bench';
const scope = { role: 'platform', keyId: 'bench' } as const;
/** How often memory is looked at, in rows. */
const sampledEvery = 5_000;

/** The memory of an export must not depend on how long it is. */
export async function benchExports(server: EmbeddedServer, progress: (line: string) => void): Promise<BenchResult[]> {
  const url = await server.ensureDatabase('bench_exports');
  await migrate(url);
  const database = openDatabase(url);
  await database.pool.query(
    `INSERT INTO agencies (id, name, email, country, created_at) VALUES ($1, 'Bench', 'bench@example.com', 'OM', now())`,
    [agencyId],
  );
  const peakMb: Record<number, number> = {};
  for (const rows of [small, large]) {
    const customerId = `cus_bench_${rows}`;
    await fill(database, customerId, rows);
    const history = await createHistory(database).all(scope, { customerId }, {});
    const started = performance.now();
    let read = 0;
    let peak = 0;
    for await (const _line of history) {
      read += 1;
      if (read % sampledEvery === 0) peak = Math.max(peak, process.memoryUsage().rss);
    }
    if (read !== rows) throw new Error(`an export of ${rows} rows had ${read}`);
    peakMb[rows] = peak / 2 ** 20;
    const seconds = (performance.now() - started) / 1_000;
    progress(
      `${rows.toLocaleString('en')} rows read at ${Math.round(rows / seconds)}/s, ${Math.round(peak / 2 ** 20)} MiB at most`,
    );
  }
  await database.close();
  return [
    atMost('history.export_memory_of_1000000_rows', 'MiB resident at most', peakMb[large] ?? Number.NaN, {
      baseline: 'an export of 10,000 rows',
      value: peakMb[small] ?? Number.NaN,
      // A hundred times the rows: what grows with them would be far above this, and the collector takes its time.
      target: 2,
    }),
  ];
}

async function fill({ pool }: ReturnType<typeof openDatabase>, customerId: string, rows: number): Promise<void> {
  await pool.query(
    `INSERT INTO customers (agency_id, id, name, email, created_at) VALUES ($1, $2, 'Bench', $2 || '@example.com', now())`,
    [agencyId, customerId],
  );
  await pool.query(
    `INSERT INTO orders (agency_id, id, customer_id, merchant_account_id, kind, status, credited, charge_currency, charged, exact, rate,
                         session_id, success_url, cancel_url, expires_at, paid_at, created_at, updated_at)
     SELECT $1, 'ord_' || $2 || '_' || lpad(n::text, 8, '0'), $2, 'macc_bench', 'top_up', 'paid', 5, 'OMR', 1.93, 1.925, 0.385,
            'cs_' || $2 || '_' || n, 'https://example.com', 'https://example.com', t.at, t.at, t.at, t.at
       FROM generate_series(1, $3::int) n, LATERAL (SELECT now() - n * interval '1 second' AS at) t`,
    [agencyId, customerId, rows],
  );
  await pool.query('ANALYZE');
}
