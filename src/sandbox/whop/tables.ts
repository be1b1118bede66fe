import type { Pool } from 'pg';

/** Beside Stripe's, in the sandbox's own database; nothing is shared but that. */
const tables = `
CREATE TABLE IF NOT EXISTS whop_objects (
  kind text NOT NULL,
  id text NOT NULL,
  account text NOT NULL,
  seq bigserial NOT NULL,
  body jsonb NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE INDEX IF NOT EXISTS whop_objects_order ON whop_objects (account, kind, seq);
CREATE TABLE IF NOT EXISTS whop_keys (key text PRIMARY KEY, account text NOT NULL);
CREATE TABLE IF NOT EXISTS whop_links (
  token text PRIMARY KEY,
  account text NOT NULL,
  return_url text NOT NULL,
  refresh_url text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS whop_deliveries (
  id bigserial PRIMARY KEY,
  webhook_id text NOT NULL,
  event_id text NOT NULL,
  type text NOT NULL,
  body text NOT NULL,
  status text NOT NULL CHECK (status IN ('pending', 'delivered', 'dropped')),
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL,
  last_result text
);
CREATE INDEX IF NOT EXISTS whop_deliveries_due ON whop_deliveries (due_at) WHERE status = 'pending';
CREATE TABLE IF NOT EXISTS whop_idempotency_keys (
  account text NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  status integer NOT NULL,
  body text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (account, key)
);
`;

/** Any constant will do: it only keeps two starts from creating the tables at once. */
const schemaLock = 7_242_002;

export async function createWhopTables(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [schemaLock]);
    await client.query(tables);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}
