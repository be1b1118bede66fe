/** The hot path of usage: any number of events, the totals that they move and the licences that they draw on. */

/** Parameters: agency, customer, feature, holder, start, end, plan's agency, plan, version, collect, included (arrays), now. */
export const ensureTotals = `
INSERT INTO usage_totals (agency_id, customer_id, feature, holder_id, period_start, period_end, plan_agency_id, plan_id,
                          plan_version, collect, included, updated_at)
SELECT n.*, $12::timestamptz
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::text[],
              $9::int[], $10::text[], $11::numeric[])
    AS n(agency_id, customer_id, feature, holder_id, period_start, period_end, plan_agency_id, plan_id, plan_version, collect, included)
 WHERE NOT EXISTS (SELECT 1 FROM usage_totals t
                    WHERE t.agency_id = n.agency_id AND t.customer_id = n.customer_id AND t.feature = n.feature
                      AND t.holder_id = n.holder_id AND t.period_start = n.period_start)
 ORDER BY n.agency_id, n.customer_id, n.feature, n.holder_id, n.period_start
ON CONFLICT DO NOTHING`;

/** One row each, locked in the order of their key. Parameters: agency, customer, feature, holder, start (arrays). */
export const lockTotals = `
SELECT k.place::int, t.used::text, t.late::text, t.free::text, t.add_on::text AS "addOn", t.overage::text, t.cost::text,
       t.tax::text, t.collect, t.revision, t.through_at AS "throughAt", t.through_id AS "throughId"
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
         WITH ORDINALITY AS k(agency_id, customer_id, feature, holder_id, period_start, place)
  JOIN usage_totals t ON t.agency_id = k.agency_id AND t.customer_id = k.customer_id AND t.feature = k.feature
   AND t.holder_id = k.holder_id AND t.period_start = k.period_start
 ORDER BY t.agency_id, t.customer_id, t.feature, t.holder_id, t.period_start
   FOR NO KEY UPDATE OF t`;

/** Parameters: agencies, ids (arrays, pair by pair). */
export const findEvents = `
SELECT e.agency_id AS "agencyId", e.id, e.customer_id AS "customerId", e.feature, e.holder_id AS "holderId",
       e.period_start AS "periodStart", e.content_hash AS "contentHash", e.recorded_at AS "recordedAt", e.quantity::text, e.reversed::text
  FROM unnest($1::text[], $2::text[]) AS w(agency_id, id)
  JOIN usage_events e ON e.agency_id = w.agency_id AND e.id = w.id`;

/** What still counts of the events of periods. Parameters: agency, customer, feature, holder, start, end, closing (arrays). */
export const readEvents = `
SELECT k.place::int, e.id, e.rated_at AS at, (e.quantity - e.reversed)::text AS quantity, e.recorded_at >= k.closes_at AS late
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[])
         WITH ORDINALITY AS k(agency_id, customer_id, feature, holder_id, period_start, period_end, closes_at, place)
  JOIN usage_events e ON e.agency_id = k.agency_id AND e.customer_id = k.customer_id AND e.feature = k.feature
   AND e.rated_at >= k.period_start AND e.rated_at < k.period_end
   AND e.holder_id = k.holder_id AND e.period_start = k.period_start
 WHERE e.reverses IS NULL AND (e.reversed = 0 OR e.reversed < e.quantity)`;

/** What events in time come to, by span. Parameters: agency, customer, feature, holder, start, from, until, closing (arrays). */
export const readSpans = `
SELECT k.place::int, sum(e.quantity - e.reversed)::text AS quantity
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
              $8::timestamptz[])
         WITH ORDINALITY AS k(agency_id, customer_id, feature, holder_id, period_start, span_from, span_until, closes_at, place)
  JOIN usage_events e ON e.agency_id = k.agency_id AND e.customer_id = k.customer_id AND e.feature = k.feature
   AND e.rated_at >= k.span_from AND e.rated_at < k.span_until
   AND e.holder_id = k.holder_id AND e.period_start = k.period_start
 WHERE e.reverses IS NULL AND e.recorded_at < k.closes_at
 GROUP BY k.place`;

/** The licences that periods may draw on, locked in id order. Parameters: agency, customer, feature, start, end (arrays). */
export const lockLicences = `
SELECT l.agency_id AS "agencyId", l.customer_id AS "customerId", l.feature, l.id, l.starts_at AS "startsAt",
       least(l.expires_at, l.revoked_at) AS "endsAt", l.quantity::text
  FROM licences l
 WHERE l.kind = 'quantity' AND EXISTS (
   SELECT 1 FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
            AS k(agency_id, customer_id, feature, period_start, period_end)
    WHERE k.agency_id = l.agency_id AND k.customer_id = l.customer_id AND k.feature = l.feature
      AND l.starts_at < k.period_end AND coalesce(least(l.expires_at, l.revoked_at), 'infinity') > k.period_start)
   AND (l.agency_id, l.customer_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
 ORDER BY l.agency_id, l.id
   FOR NO KEY UPDATE OF l`;

/** Parameters: agencies, licences (arrays, pair by pair). */
export const readDraws = `
SELECT d.licence_id AS "licenceId", d.holder_id AS "holderId", d.period_start AS "periodStart", d.quantity::text
  FROM unnest($1::text[], $2::text[]) AS w(agency_id, id)
  JOIN licence_draws d ON d.agency_id = w.agency_id AND d.licence_id = w.id`;

/**
 * Adds events and moves their totals, by the terms that they were rated at, in one statement. Answers how many events were added: fewer than were given means that another
 * transaction added one of them meanwhile, and that nothing of this may be kept. Parameters: $1..$19 events; $20 now; $21..$41 totals.
 */
export const addEvents = `
WITH added AS (
  INSERT INTO usage_events (agency_id, id, customer_id, feature, quantity, occurred_at, session_id, reverses, content_hash,
                            rated_at, holder_id, period_start, free, add_on, overage, cost, tax, reversed, draw, recorded_at)
  SELECT n.*, $20::timestamptz
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::numeric[], $6::timestamptz[], $7::text[], $8::text[], $9::text[],
                $10::timestamptz[], $11::text[], $12::timestamptz[], $13::numeric[], $14::numeric[], $15::numeric[], $16::numeric[],
                $17::numeric[], $18::numeric[], $19::text[])
      AS n(agency_id, id, customer_id, feature, quantity, occurred_at, session_id, reverses, content_hash, rated_at, holder_id,
           period_start, free, add_on, overage, cost, tax, reversed, draw)
   ORDER BY n.agency_id, n.id
  ON CONFLICT (agency_id, id) DO NOTHING
  RETURNING 1
), moved AS (
  UPDATE usage_totals t
     SET included = n.included, used = n.used, late = n.late, free = n.free, add_on = n.add_on, overage = n.overage,
         cost = n.cost, tax = n.tax, revision = n.revision, events = t.events + n.events, through_at = n.through_at,
         through_id = n.through_id, plan_agency_id = n.plan_agency_id, plan_id = n.plan_id, plan_version = n.plan_version,
         collect = n.collect, updated_at = $20
    FROM unnest($21::text[], $22::text[], $23::text[], $24::text[], $25::timestamptz[], $26::numeric[], $27::numeric[],
                $28::numeric[], $29::numeric[], $30::numeric[], $31::numeric[], $32::numeric[], $33::numeric[], $34::int[],
                $35::int[], $36::timestamptz[], $37::text[], $38::text[], $39::text[], $40::int[], $41::text[])
      AS n(agency_id, customer_id, feature, holder_id, period_start, included, used, late, free, add_on, overage, cost, tax,
           revision, events, through_at, through_id, plan_agency_id, plan_id, plan_version, collect)
   WHERE t.agency_id = n.agency_id AND t.customer_id = n.customer_id AND t.feature = n.feature
     AND t.holder_id = n.holder_id AND t.period_start = n.period_start
)
SELECT count(*)::int AS added FROM added`;

/** Parameters: agencies, ids, quantities taken back now (arrays). */
export const markReversed = `
UPDATE usage_events e SET reversed = e.reversed + n.quantity
  FROM unnest($1::text[], $2::text[], $3::numeric[]) AS n(agency_id, id, quantity)
 WHERE e.agency_id = n.agency_id AND e.id = n.id`;

/** Parameters: agency, licence, customer, holder, start, quantity (arrays). */
export const saveDraws = `
INSERT INTO licence_draws (agency_id, licence_id, customer_id, holder_id, period_start, quantity)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::numeric[])
ON CONFLICT (agency_id, licence_id, holder_id, period_start) DO UPDATE SET quantity = excluded.quantity`;

/**
 * What a call has used is no longer held for it, nor held again when it is taken back; a call that was ended holds nothing once its usage
 * came. Parameters: agency, customer, session, quantity, amount (arrays).
 */
export const settleHolds = `
UPDATE gate_sessions s
   SET held_quantity = CASE WHEN s.ended_at IS NULL THEN greatest(s.held_quantity - greatest(n.quantity, 0), 0) ELSE 0 END,
       held_amount = CASE WHEN s.ended_at IS NULL THEN greatest(s.held_amount - greatest(n.amount, 0), 0) ELSE 0 END
  FROM unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::numeric[]) AS n(agency_id, customer_id, id, quantity, amount)
 WHERE s.agency_id = n.agency_id AND s.customer_id = n.customer_id AND s.id = n.id`;
