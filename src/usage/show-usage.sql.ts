/**
 * The periods of a client that hold a moment, of every feature or of one: those that its plan or trial opened, and those that something
 * was used in. What counts is the newest of each feature and holder. Parameters: agency, client, moment, feature or null.
 */
export const selectUsage = `
WITH period AS (
  SELECT feature, holder_id, period_start, period_end, plan_agency_id, plan_id, plan_version, included
    FROM quota_periods
   WHERE agency_id = $1 AND customer_id = $2 AND period_start <= $3 AND period_end > $3 AND ($4::text IS NULL OR feature = $4)
), total AS (
  SELECT * FROM usage_totals
   WHERE agency_id = $1 AND customer_id = $2 AND period_start <= $3 AND period_end > $3 AND ($4::text IS NULL OR feature = $4)
)
SELECT feature, holder_id AS "holderId",
       (SELECT m.provider FROM subscriptions s JOIN merchant_accounts m ON m.id = s.merchant_account_id
         WHERE s.agency_id = $1 AND s.id = holder_id AND s.collection = 'card') AS carrier, period_start AS "periodStart", coalesce(p.period_end, t.period_end) AS "periodEnd",
       coalesce(p.plan_agency_id, t.plan_agency_id) AS "planAgencyId", coalesce(p.plan_id, t.plan_id) AS "planId",
       coalesce(p.plan_version, t.plan_version) AS "planVersion", coalesce(p.included, t.included)::text AS included,
       coalesce(t.used, 0)::text AS used, coalesce(t.late, 0)::text AS late, coalesce(t.free, 0)::text AS free,
       coalesce(t.add_on, 0)::text AS "addOn", coalesce(t.overage, 0)::text AS overage, coalesce(t.cost, 0)::text AS cost,
       coalesce(t.tax, 0)::text AS tax, coalesce(t.events, 0) AS events
  FROM period p FULL JOIN total t USING (feature, holder_id, period_start)
 ORDER BY feature, period_start DESC, holder_id`;

/** What licences that are valid at a moment have left, by feature. Parameters: agency, client, moment. */
export const selectLicencesLeft = `
SELECT l.feature, sum(l.quantity)::text AS granted, sum(l.quantity - coalesce(d.drawn, 0))::text AS "left"
  FROM licences l
  LEFT JOIN LATERAL (SELECT sum(quantity) AS drawn FROM licence_draws d
                      WHERE d.agency_id = l.agency_id AND d.licence_id = l.id) d ON true
 WHERE l.agency_id = $1 AND l.customer_id = $2 AND l.kind = 'quantity' AND l.starts_at <= $3
   AND coalesce(least(l.expires_at, l.revoked_at), 'infinity') > $3
 GROUP BY l.feature`;

/** Newest first. Parameters: agency, client, feature or null, from, until, before (time and id) or null, limit. */
export const selectEvents = `
SELECT id, feature, trim_scale(quantity)::text AS quantity, occurred_at AS "occurredAt", session_id AS "sessionId", reverses,
       period_start AS "periodStart", trim_scale(free)::text AS free, trim_scale(add_on)::text AS "addOn",
       trim_scale(overage)::text AS overage, cost::text, draw, rated_at AS "ratedAt", recorded_at AS "recordedAt"
  FROM usage_events
 WHERE agency_id = $1 AND customer_id = $2 AND ($3::text IS NULL OR feature = $3) AND rated_at >= $4 AND rated_at < $5
   AND ($6::timestamptz IS NULL OR (rated_at, id) < ($6, $7))
 ORDER BY rated_at DESC, id DESC LIMIT $8`;

/** Where a cost is collected: off the balance, by the provider's next invoice, or by the agency itself from a client that pays outside. */
const destination = `CASE WHEN t.collect = 'balance' THEN 'drawn' WHEN c.collection = 'offline' THEN 'owed' ELSE 'invoiced' END`;

const reported = `
  FROM usage_totals t
  JOIN customers c ON c.agency_id = t.agency_id AND c.id = t.customer_id
 WHERE t.agency_id = $1 AND t.period_start >= $2 AND t.period_start < $3`;

/**
 * What each client used in the periods that began from one time until another. Parameters: agency, from, until, after (client, feature,
 * holder and period's start) or null, limit.
 */
export const selectReport = `
SELECT t.customer_id AS "customerId", c.name, c.external_id AS "externalId", t.feature, t.holder_id AS "holderId",
       t.period_start AS "periodStart", t.period_end AS "periodEnd", t.plan_id AS "planId", t.plan_version AS "planVersion",
       ${destination} AS destination, trim_scale(t.used + t.late)::text AS used, trim_scale(t.included)::text AS included,
       trim_scale(t.free)::text AS free, trim_scale(t.add_on)::text AS "addOn", trim_scale(t.overage)::text AS overage,
       t.cost::text, t.tax::text
  ${reported}
   AND ($4::text IS NULL OR (t.customer_id, t.feature, t.holder_id, t.period_start) > ($4, $5, $6, $7))
 ORDER BY t.customer_id, t.feature, t.holder_id, t.period_start
 LIMIT $8`;

/** Parameters: agency, from, until. */
export const sumReport = `
SELECT ${destination} AS destination, sum(t.cost)::text AS cost, sum(t.tax)::text AS tax
  ${reported}
 GROUP BY 1`;
