/** What was sent to meters, by UTC day, and the days on which the provider counted something else. */

/**
 * What was sent of each client, meter and UTC day; days of which something is still under way are left out. Parameters: from, until.
 */
export const selectSent = `
SELECT w.agency_id AS "agencyId", w.customer_id AS "customerId", w.merchant_account_id AS "merchantAccountId",
       w.meter_id AS "meterId", min(w.feature) AS feature, w.provider_customer_id AS "providerCustomerId",
       date_trunc('day', d.at, 'UTC') AS day, coalesce(sum(d.value) FILTER (WHERE d.state = 'delivered'), 0)::text AS sent,
       bool_or(d.state IN ('pending', 'canceling')) AS "underWay"
  FROM meter_deliveries d
  JOIN meter_windows w ON w.agency_id = d.agency_id AND w.customer_id = d.customer_id AND w.feature = d.feature
   AND w.holder_id = d.holder_id AND w.period_start = d.period_start
 WHERE d.at >= $1 AND d.at < $2 AND d.state NOT IN ('withdrawn', 'unbillable') AND w.meter_id IS NOT NULL
 GROUP BY 1, 2, 3, 4, 6, 7
 ORDER BY 1, 2, 3, 4, 6, 7`;

/** Parameters: agency, customer, account, meter, feature, days, sent, counted (arrays by day), now. */
export const saveDifferences = `
INSERT INTO meter_differences AS m (agency_id, customer_id, merchant_account_id, meter_id, feature, day, sent, counted, checked_at)
SELECT $1, $2, $3, $4, $5, n.*, $9 FROM unnest($6::date[], $7::numeric[], $8::numeric[]) AS n(day, sent, counted)
ON CONFLICT (agency_id, customer_id, merchant_account_id, meter_id, day) DO UPDATE
   SET sent = excluded.sent, counted = excluded.counted, checked_at = excluded.checked_at, resolved_at = NULL`;

/** All that were compared and agree now. Parameters: agency, customer, account, meter, from, until, the days that are left as they are, now. */
export const resolveDifferences = `
UPDATE meter_differences SET resolved_at = $8, checked_at = $8
 WHERE agency_id = $1 AND customer_id = $2 AND merchant_account_id = $3 AND meter_id = $4 AND day >= $5::date AND day < $6::date
   AND NOT day = ANY($7::date[]) AND resolved_at IS NULL`;

/**
 * Sends again what the provider had so lately that it still knows the identifier: what it counted it counts once. Parameters: agency,
 * customer, account, meter, days, the earliest delivery, now. Answers the days.
 */
export const resendOfDays = `
WITH again AS (
  UPDATE meter_deliveries d SET state = 'pending', may_have_run = true, next_at = $7, attempts = d.attempts + 1, updated_at = $7
    FROM meter_windows w
   WHERE w.agency_id = d.agency_id AND w.customer_id = d.customer_id AND w.feature = d.feature AND w.holder_id = d.holder_id
     AND w.period_start = d.period_start AND w.agency_id = $1 AND w.customer_id = $2 AND w.merchant_account_id = $3
     AND w.meter_id = $4 AND d.state = 'delivered' AND d.delivered_at > $6
     AND (d.at AT TIME ZONE 'UTC')::date = ANY($5::date[])
  RETURNING (d.at AT TIME ZONE 'UTC')::date AS day
)
UPDATE meter_differences m SET resent_at = $7 FROM (SELECT DISTINCT day FROM again) AS days
 WHERE m.agency_id = $1 AND m.customer_id = $2 AND m.merchant_account_id = $3 AND m.meter_id = $4 AND m.day = days.day
RETURNING m.day`;

/** Parameters: agency, from, until, whether only what differs, at most. */
export const selectMetered = `
SELECT w.customer_id AS "customerId", c.name, w.feature, w.period_start AS "periodStart", w.period_end AS "periodEnd",
       w.merchant_account_id AS "merchantAccountId", w.counts, trim_scale(w.target)::text AS target, w.currency,
       trim_scale(coalesce(d.delivered, 0))::text AS delivered, trim_scale(coalesce(d.waiting, 0))::text AS waiting,
       trim_scale(coalesce(d.refused, 0))::text AS refused, trim_scale(coalesce(d.unbillable, 0))::text AS unbillable,
       trim_scale(w.credited)::text AS credited, x.differences
  FROM meter_windows w
  JOIN customers c ON c.agency_id = w.agency_id AND c.id = w.customer_id
  LEFT JOIN LATERAL (
    SELECT sum(value) FILTER (WHERE state = 'delivered') AS delivered,
           sum(value) FILTER (WHERE state IN ('pending', 'canceling')) AS waiting,
           sum(value) FILTER (WHERE state = 'refused') AS refused,
           sum(value) FILTER (WHERE state = 'unbillable') AS unbillable
      FROM meter_deliveries d
     WHERE d.agency_id = w.agency_id AND d.customer_id = w.customer_id AND d.feature = w.feature
       AND d.holder_id = w.holder_id AND d.period_start = w.period_start) AS d ON true
  CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('day', m.day, 'sent', trim_scale(m.sent)::text,
             'counted', trim_scale(m.counted)::text, 'resent', m.resent_at IS NOT NULL) ORDER BY m.day), '[]') AS differences
      FROM meter_differences m
     WHERE m.agency_id = w.agency_id AND m.customer_id = w.customer_id AND m.merchant_account_id = w.merchant_account_id
       AND m.meter_id = w.meter_id AND m.resolved_at IS NULL
       AND m.day >= (w.period_start AT TIME ZONE 'UTC')::date) AS x
 WHERE w.agency_id = $1 AND w.period_start >= $2 AND w.period_start < $3
   AND (NOT $4 OR json_array_length(x.differences) > 0)
 ORDER BY w.customer_id, w.feature, w.period_start, w.holder_id
 LIMIT $5`;
