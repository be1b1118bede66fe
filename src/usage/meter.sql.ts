/** Meter windows and the events made of them. The totals that a window follows are the fact; these rows are what was said of it. */

const key = 'agency_id, customer_id, feature, holder_id, period_start';
const sameKey = (a: string, b: string): string =>
  key
    .split(', ')
    .map((column) => `${a}.${column} = ${b}.${column}`)
    .join(' AND ');

/**
 * The totals whose meter may be behind: of clients that a provider invoices, where something was used since they were looked at, or
 * their time has come. Parameters: now, the earliest period, at most.
 */
export const selectDue = `
SELECT t.agency_id AS "agencyId", t.customer_id AS "customerId", t.feature, t.holder_id AS "holderId",
       t.period_start AS "periodStart"
  FROM usage_totals t
  JOIN subscriptions s ON s.agency_id = t.agency_id AND s.id = t.holder_id
  LEFT JOIN meter_windows w ON ${sameKey('w', 't')}
 WHERE t.collect = 'invoice' AND t.period_start > $2 AND s.collection = 'card' AND s.provider_customer_id IS NOT NULL
   AND s.merchant_account_id IS NOT NULL
   AND ((w.agency_id IS NULL AND t.cost > 0) OR w.totals_revision <> t.revision OR w.next_at <= $1)
 ORDER BY t.agency_id, t.customer_id, t.feature, t.holder_id, t.period_start
 LIMIT $3`;

/** Of one window, with whom it is for. Parameters: the key. */
export const readTotals = `
SELECT t.overage::text, t.cost::text, t.revision, t.period_end AS "periodEnd", t.included::text,
       t.plan_agency_id AS "planAgencyId", t.plan_id AS "planId", t.plan_version AS "planVersion",
       s.merchant_account_id AS "merchantAccountId", s.provider_customer_id AS "providerCustomerId",
       s.plan_agency_id AS "livePlanAgencyId", s.plan_id AS "livePlanId", s.plan_version AS "livePlanVersion",
       s.ended_at AS "endedAt", s.cancel_at AS "cancelAt", s.past_due_since AS "pastDueSince",
       (SELECT l.remote_id FROM catalog_links l
         WHERE l.agency_id = t.plan_agency_id AND l.plan_id = t.plan_id AND l.merchant_account_id = s.merchant_account_id
           AND l.kind = 'meter' AND l.key = 'meter:' || t.feature
         ORDER BY l.active DESC, l.updated_at DESC LIMIT 1) AS "meterId"
  FROM usage_totals t
  JOIN subscriptions s ON s.agency_id = t.agency_id AND s.id = t.holder_id
 WHERE t.agency_id = $1 AND t.customer_id = $2 AND t.feature = $3 AND t.holder_id = $4 AND t.period_start = $5`;

/** Parameters: the key, end, account, customer, meter, event name, counts, currency, rate, now. */
export const addWindow = `
INSERT INTO meter_windows (${key}, period_end, merchant_account_id, provider_customer_id, meter_id, event_name, counts,
                           currency, rate, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (${key}) DO NOTHING`;

/** Parameters: the key. */
export const lockWindow = `
SELECT merchant_account_id AS "merchantAccountId", meter_id AS "meterId", event_name AS "eventName", counts, currency,
       rate::text, revision, credited::text, blocked_until AS "blockedUntil"
  FROM meter_windows
 WHERE agency_id = $1 AND customer_id = $2 AND feature = $3 AND holder_id = $4 AND period_start = $5
   FOR UPDATE`;

/** In the order in which they were made. Parameters: the key. */
export const readDeliveries = `
SELECT identifier, value::text, state, attempts, delivered_at AS "deliveredAt", created_at AS "createdAt"
  FROM meter_deliveries
 WHERE agency_id = $1 AND customer_id = $2 AND feature = $3 AND holder_id = $4 AND period_start = $5
 ORDER BY revision`;

/** Parameters: the key, meter, target, totals' revision, revision, credited so far, next look, now. */
export const saveWindow = `
UPDATE meter_windows
   SET meter_id = $6, target = $7, totals_revision = $8, revision = $9, credited = $10, next_at = $11, updated_at = $12
 WHERE agency_id = $1 AND customer_id = $2 AND feature = $3 AND holder_id = $4 AND period_start = $5`;

/** Parameters: the key, identifier, revision, value, when it counts, state, when to send it, code, now. */
export const addDelivery = `
INSERT INTO meter_deliveries (${key}, identifier, revision, value, at, state, next_at, code, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)`;

/** Parameters: agency, identifiers, state, when to call, now. */
export const moveDeliveries = `
UPDATE meter_deliveries SET state = $3, next_at = $4, updated_at = $5, attempts = CASE WHEN $3 = 'canceling' THEN 0 ELSE attempts END
 WHERE agency_id = $1 AND identifier = ANY($2)`;

/**
 * Takes in hand what is due, one more attempt each: what certainly never reached the provider counts now, within its period while
 * that lasts. Parameters: now, when to try again should nobody say what became of it, at most.
 */
export const takeDue = `
WITH due AS (
  SELECT agency_id, identifier FROM meter_deliveries WHERE next_at <= $1
   ORDER BY next_at, agency_id, identifier LIMIT $3 FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE meter_deliveries d SET attempts = d.attempts + 1, next_at = $2, updated_at = $1
    FROM due WHERE d.agency_id = due.agency_id AND d.identifier = due.identifier
  RETURNING d.*
)
SELECT d.agency_id AS "agencyId", d.identifier, d.customer_id AS "customerId", d.feature, d.holder_id AS "holderId",
       d.period_start AS "periodStart", d.revision, d.value::text, d.at, d.state, d.attempts, d.may_have_run AS "mayHaveRun",
       w.merchant_account_id AS "merchantAccountId", w.event_name AS "eventName",
       w.provider_customer_id AS "providerCustomerId", least(w.period_end, s.cancel_at) AS "endsAt"
  FROM taken d
  JOIN meter_windows w ON ${sameKey('w', 'd')}
  JOIN subscriptions s ON s.agency_id = d.agency_id AND s.id = d.holder_id
 ORDER BY d.created_at, d.revision`;

/** Before the calls, so that a second try of what may have run says the same. Parameters: agencies, identifiers, times (arrays). */
export const setTimes = `
UPDATE meter_deliveries d SET at = n.at
  FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS n(agency_id, identifier, at)
 WHERE d.agency_id = n.agency_id AND d.identifier = n.identifier AND NOT d.may_have_run`;

/**
 * What became of calls, where nothing else was said of the event in the meantime. Parameters: agency, identifier, state before, state,
 * next, may have run, code, message (arrays), now.
 */
export const settleDeliveries = `
UPDATE meter_deliveries d
   SET state = n.state, next_at = n.next_at, may_have_run = d.may_have_run OR n.may_have_run, code = n.code, message = n.message,
       delivered_at = CASE WHEN n.state IN ('delivered', 'canceling') THEN coalesce(d.delivered_at, $9) ELSE d.delivered_at END,
       updated_at = $9
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::boolean[], $7::text[], $8::text[])
    AS n(agency_id, identifier, before, state, next_at, may_have_run, code, message)
 WHERE d.agency_id = n.agency_id AND d.identifier = n.identifier AND d.state = n.before`;

/**
 * The windows of events look again: `blocked` keeps them from making another event until then. Parameters: agencies, identifiers
 * (arrays), next look, blocked until or null.
 */
export const wakeWindows = `
UPDATE meter_windows w SET next_at = least(coalesce(w.next_at, $3), $3), blocked_until = coalesce($4, w.blocked_until)
  FROM meter_deliveries d
  JOIN unnest($1::text[], $2::text[]) AS n(agency_id, identifier) ON d.agency_id = n.agency_id AND d.identifier = n.identifier
 WHERE ${sameKey('w', 'd')}`;

/** Parameters: account, identifiers, codes, messages (arrays), now. Answers what was refused. */
export const refuseReported = `
UPDATE meter_deliveries d
   SET state = 'refused', next_at = NULL, code = n.code, message = n.message, updated_at = $5
  FROM unnest($2::text[], $3::text[], $4::text[]) AS n(identifier, code, message), meter_windows w
 WHERE d.identifier = n.identifier AND d.state IN ('pending', 'delivered') AND ${sameKey('w', 'd')}
   AND w.merchant_account_id = $1
RETURNING d.agency_id AS "agencyId", d.identifier`;

/** Parameters: agency, kind, subject, id, detail, now. Told once. */
export const raiseAlert = `
INSERT INTO alerts (agency_id, kind, subject, id, detail, created_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (agency_id, kind, subject) DO NOTHING`;

/** When the last look before a period's end is due. Parameters: now, milliseconds before the end. */
export const selectNextFlush = `
SELECT min(due) AS due FROM (
  SELECT least(t.period_end, s.cancel_at) - $2 * interval '1 millisecond' AS due
    FROM usage_totals t JOIN subscriptions s ON s.agency_id = t.agency_id AND s.id = t.holder_id
   WHERE t.collect = 'invoice' AND t.period_start > $1::timestamptz - interval '32 days' AND t.period_end > $1 AND s.collection = 'card'
  UNION ALL SELECT next_at FROM meter_deliveries WHERE next_at > $1
  UNION ALL SELECT next_at FROM meter_windows WHERE next_at > $1) AS times
 WHERE due > $1`;
