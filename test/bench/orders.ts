import type pg from 'pg';
import { accountIdOf, customerAccount } from '../../src/ledger/accounts.ts';

export interface OrderSeries {
  readonly agencyId: string;
  readonly orderPrefix: string;
  readonly count: number;
  /** Orders are dealt to this many customers in turn. */
  readonly customers: number;
}

/** The platform, which sells to clients of its own here: a credit is one posting then, in one book. */
export async function sellerOf(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ id: string }>('SELECT agency_id AS id FROM merchant_accounts LIMIT 1');
  const [seller] = rows;
  if (!seller) throw new Error('the platform has no account yet');
  return seller.id;
}

const clientOf = (orderPrefix: string, index: number | string): string => `${orderPrefix}client_${index}`;

/** Open top-up orders of 5.00 USD, 1.930 OMR, on the platform's account, as checkout would have stored them. */
export async function createOrders(
  pool: pg.Pool,
  { agencyId, orderPrefix, count, customers }: OrderSeries,
): Promise<void> {
  await pool.query(
    `INSERT INTO customers (agency_id, id, name, email, created_at)
     SELECT $1, $3 || i, 'Client ' || i, 'client' || i || '@client.example', now() FROM generate_series(0, $2::int - 1) i
     ON CONFLICT DO NOTHING`,
    [agencyId, customers, clientOf(orderPrefix, '')],
  );
  await pool.query(
    `INSERT INTO orders (agency_id, id, customer_id, merchant_account_id, kind, status, credited, charge_currency, charged, exact, rate,
                         request_id, session_id, success_url, cancel_url, expires_at, created_at, updated_at)
     SELECT $1, $2 || i, $5 || (i % $4::int), m.id, 'top_up', 'checkout', 5.00, 'OMR', 1.930, 1.925, 0.385,
            'req_' || $2 || i, 'cs_' || $2 || i, 'https://client.example', 'https://client.example', now() + interval '1 day', now(), now()
       FROM generate_series(0, $3::int - 1) i, (SELECT id FROM merchant_accounts LIMIT 1) m`,
    [agencyId, orderPrefix, count, customers, clientOf(orderPrefix, '')],
  );
  // Fresh tables have no statistics, and PostgreSQL caches bad plans from that.
  await pool.query('ANALYZE');
}

/** Throws unless exactly `count` credits were posted, and their clients' balances say so. */
export async function checkCredits(
  pool: pg.Pool,
  { agencyId, orderPrefix, count, customers }: OrderSeries,
): Promise<void> {
  const posted = await pool.query<{ count: number }>(
    'SELECT count(*) AS count FROM ledger_transactions WHERE agency_id = $1 AND starts_with(customer_id, $2)',
    [agencyId, clientOf(orderPrefix, '')],
  );
  const accounts = Array.from({ length: customers }, (_, index) =>
    accountIdOf(customerAccount(agencyId, clientOf(orderPrefix, index))),
  );
  const balance = await pool.query<{ total: string | null }>(
    'SELECT sum(balance) AS total FROM ledger_accounts WHERE agency_id = $1 AND id = ANY ($2::uuid[])',
    [agencyId, accounts],
  );
  const expected = (count * 5).toFixed(6);
  if (posted.rows[0]?.count !== count || balance.rows[0]?.total !== expected) {
    throw new Error(
      `expected ${count} credits of ${expected} USD, found ${posted.rows[0]?.count} of ${balance.rows[0]?.total}`,
    );
  }
}
