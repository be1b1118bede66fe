/**
 * Keeps arrivals; one that is there already changes nothing. Parameters: id, provider, account, event id, type, payload's
 * first byte (from 1) and length, livemode, status, reason, occurred at (arrays), then received at, due at, claim token and
 * all payloads in one: as an array of texts each quote in them would be escaped here and unescaped there.
 */
export const storeEvents = `
WITH arrival AS (
  SELECT *
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::integer[], $8::boolean[], $9::text[],
                $10::text[], $11::timestamptz[])
      AS a(id, provider, account, event_id, type, first_byte, bytes, livemode, status, reason, occurred_at)
), kept AS (
  INSERT INTO inbox_events
    (id, provider, account, event_id, type, livemode, status, reason, occurred_at, received_at, due_at, claim_token, attempts, handled_at)
  SELECT a.id, a.provider, a.account, a.event_id, a.type, a.livemode, a.status, a.reason, a.occurred_at, $12::timestamptz,
         $13::timestamptz, CASE WHEN a.status = 'received' THEN $14::text END, CASE WHEN $14::text IS NULL THEN 0 ELSE 1 END,
         CASE WHEN a.status <> 'received' THEN $12::timestamptz END
    FROM arrival a
   ORDER BY a.provider, a.account, a.event_id
  ON CONFLICT (provider, account, event_id) DO NOTHING
  RETURNING id
), bodies AS (
  INSERT INTO inbox_payloads (id, payload)
  SELECT a.id, substring($15::bytea FROM a.first_byte FOR a.bytes) FROM arrival a WHERE a.id IN (SELECT id FROM kept)
)
SELECT id FROM kept`;

/** Parameters: now, claim's end, token, limit. */
export const claimEvents = `
WITH due AS (
  SELECT id FROM inbox_events
   WHERE status = 'received' AND due_at <= $1
   ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED
)
UPDATE inbox_events e SET due_at = $2, claim_token = $3, attempts = e.attempts + 1
  FROM due JOIN inbox_payloads p ON p.id = due.id
 WHERE e.id = due.id
RETURNING e.id, e.provider, e.account, e.event_id, e.type, p.payload, e.livemode, e.attempts, e.received_at`;

/** Only what the token still holds is marked. Parameters: id, status, reason (arrays), handled at, token. */
export const finishEvents = `
UPDATE inbox_events e SET status = o.status, reason = o.reason, handled_at = $4, claim_token = NULL
  FROM unnest($1::text[], $2::text[], $3::text[]) AS o(id, status, reason)
 WHERE e.id = o.id AND e.status = 'received' AND e.claim_token = $5`;

/** Parameters: id, claim's end, token. */
export const renewClaim = `
UPDATE inbox_events SET due_at = $2 WHERE id = $1 AND status = 'received' AND claim_token = $3`;

/** Parameters: id, due at, reason, token. */
export const postponeEvent = `
UPDATE inbox_events SET due_at = $2, reason = $3, claim_token = NULL
 WHERE id = $1 AND status = 'received' AND claim_token = $4`;

/** For the sole owner of a database at its start: nobody else can hold a claim. Parameter: now. */
export const releaseClaims = `
UPDATE inbox_events SET due_at = $1, claim_token = NULL WHERE status = 'received' AND claim_token IS NOT NULL`;

/** Makes a handled event due again. Parameters: id, now. */
export const replayEvent = `
UPDATE inbox_events SET status = 'received', reason = NULL, due_at = $2, claim_token = NULL, attempts = 0, handled_at = NULL
 WHERE id = $1 AND (status <> 'received' OR claim_token IS NULL)`;

/** Parameter: now. */
export const countDue = `
SELECT count(*) FILTER (WHERE status = 'received') AS waiting,
       count(*) FILTER (WHERE status = 'received' AND due_at <= $1) AS due,
       count(*) FILTER (WHERE status = 'parked') AS parked
  FROM inbox_events WHERE status IN ('received', 'parked')`;

/** What became of events: `of_nobody` are those of the account's other business, `pending` what is under way or due. Parameters: provider, account, the provider's id (arrays), now. */
export const outcomesOfEvents = `
SELECT e.event_id, e.status = 'ignored' AND e.reason LIKE 'foreign:%' AS of_nobody,
       e.status = 'received' AND (e.claim_token IS NOT NULL OR e.due_at <= $4) AS pending
  FROM inbox_events e
  JOIN unnest($1::text[], $2::text[], $3::text[]) AS named(provider, account, event_id) USING (provider, account, event_id)`;
