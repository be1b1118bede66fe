import type { Pool } from 'pg';

/**
 * The sandbox's own tables. Documents are whole provider objects; `links` holds what lists filter by (`customer:cus_1`),
 * so that one index serves every list.
 */
const tables = `
CREATE TABLE IF NOT EXISTS sandbox_state (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
  account text NOT NULL,
  type text NOT NULL,
  id text NOT NULL,
  seq bigserial NOT NULL,
  created bigint NOT NULL,
  links text[] NOT NULL,
  body jsonb NOT NULL,
  PRIMARY KEY (account, type, id)
  -- Compressing whole objects costs more than all else that a year of renewals writes.
) WITH (toast_tuple_target = 8160);
CREATE INDEX IF NOT EXISTS documents_order ON documents (account, type, seq);
CREATE INDEX IF NOT EXISTS documents_session ON documents (id) WHERE type = 'checkout.session';
CREATE INDEX IF NOT EXISTS documents_held ON documents (id)
  WHERE type IN ('payment_intent', 'setup_intent', 'payment_method');
CREATE INDEX IF NOT EXISTS documents_links ON documents USING gin (links) WHERE type <> 'event';
CREATE TABLE IF NOT EXISTS endpoints (
  account text NOT NULL,
  id text PRIMARY KEY,
  url text NOT NULL,
  secret text NOT NULL,
  connect boolean NOT NULL,
  enabled boolean NOT NULL,
  enabled_events text[] NOT NULL,
  api_version text NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
  id bigserial PRIMARY KEY,
  event_account text NOT NULL,
  event_id text NOT NULL,
  endpoint_id text NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
  lane text NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed', 'dropped')),
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL,
  first_due_at timestamptz NOT NULL,
  last_result text
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS deliveries_event ON deliveries (event_id);
CREATE TABLE IF NOT EXISTS idempotency_keys (
  account text NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  status integer NOT NULL,
  body text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (account, key)
);
CREATE TABLE IF NOT EXISTS timers (
  account text NOT NULL,
  kind text NOT NULL,
  object_id text NOT NULL,
  due_at timestamptz NOT NULL,
  detail text NOT NULL,
  PRIMARY KEY (account, kind, object_id)
);
CREATE INDEX IF NOT EXISTS timers_due ON timers (due_at);
CREATE TABLE IF NOT EXISTS meter_usage (
  account text NOT NULL,
  meter text NOT NULL,
  customer text NOT NULL,
  used_at timestamptz NOT NULL,
  value numeric NOT NULL
);
CREATE INDEX IF NOT EXISTS meter_usage_of ON meter_usage (account, meter, customer, used_at);
-- What an event counted, so that it can be canceled.
ALTER TABLE meter_usage ADD COLUMN IF NOT EXISTS event_id bigint;
CREATE INDEX IF NOT EXISTS meter_usage_event ON meter_usage (event_id) WHERE event_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS meter_events (
  id bigserial PRIMARY KEY,
  account text NOT NULL,
  identifier text NOT NULL,
  event_name text NOT NULL,
  payload jsonb NOT NULL,
  at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'counted', 'canceled', 'refused'))
);
CREATE INDEX IF NOT EXISTS meter_events_identifier ON meter_events (account, identifier);
CREATE INDEX IF NOT EXISTS meter_events_pending ON meter_events (account, received_at) WHERE state = 'pending';
`;

/** Any constant will do: it only keeps two starts from creating the tables at once. */
const schemaLock = 7_242_001;

/** Creates what is missing; an existing database keeps its state. */
export async function createTables(pool: Pool): Promise<void> {
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

export async function readState(pool: Pool, name: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ value: string }>('SELECT value FROM sandbox_state WHERE name = $1', [name]);
  return rows[0]?.value;
}

export async function writeState(pool: Pool, name: string, value: string): Promise<void> {
  await pool.query(
    'INSERT INTO sandbox_state (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    [name, value],
  );
}
