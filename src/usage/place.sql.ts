/** Where events belong: the client's agency and the period that holds their time. Set-wise, whatever the number of events. */

/**
 * The provider that carries the subscription which a row of that name is of, for a provider may lack what a plan asks for; null where
 * nobody collects for it, and for a trial.
 */
const carrierOf = (row: string): string => `(
  SELECT m.provider FROM subscriptions carried JOIN merchant_accounts m ON m.id = carried.merchant_account_id
   WHERE carried.agency_id = ${row}.agency_id AND carried.id = ${row}.holder_id AND carried.collection = 'card') AS carrier`;

const periodColumns = `p.holder_id AS "holderId", p.period_start AS "periodStart", p.period_end AS "periodEnd",
       p.plan_agency_id AS "planAgencyId", p.plan_id AS "planId", p.plan_version AS "planVersion", p.included::text, ${carrierOf('p')}`;

/**
 * A subscription's period comes before a trial's, a later one before an earlier one that it cut short. With each comes whether its totals
 * are there, the account in whose books its agency's draws are (as for a new checkout, or else what there is), and the client of the
 * platform's that its agency is. Parameters: clients, features, times (arrays, place by place), the agency that may be seen or null.
 */
export const locateEvents = `
SELECT e.place::int, c.agency_id AS "agencyId", c.created_at AS "createdAt", ${periodColumns},
       EXISTS (SELECT 1 FROM licences l
                WHERE l.agency_id = c.agency_id AND l.customer_id = c.id AND l.kind = 'quantity' AND l.feature = e.feature) AS licensed,
       EXISTS (SELECT 1 FROM usage_totals t
                WHERE t.agency_id = c.agency_id AND t.customer_id = c.id AND t.feature = e.feature AND t.holder_id = p.holder_id
                  AND t.period_start = p.period_start) AS counted,
       (SELECT m.id FROM merchant_accounts m
         WHERE m.agency_id IN (c.agency_id, platform.id)
         ORDER BY m.status <> 'active', m.agency_id <> c.agency_id, m.provider, m.id LIMIT 1) AS "accountId",
       own.id AS "resellerId"
  FROM unnest($1::text[], $2::text[], $3::timestamptz[]) WITH ORDINALITY AS e(customer_id, feature, at, place)
  JOIN customers c ON c.id = e.customer_id AND ($4::text IS NULL OR c.agency_id = $4)
  LEFT JOIN agencies platform ON platform.is_platform
  LEFT JOIN customers own ON own.agency_id = platform.id AND own.external_id = c.agency_id
  LEFT JOIN LATERAL (
    SELECT * FROM quota_periods q
     WHERE q.agency_id = c.agency_id AND q.customer_id = c.id AND q.feature = e.feature
       AND q.period_start <= e.at AND q.period_end > e.at
     ORDER BY q.holder_kind, q.period_start DESC LIMIT 1
  ) p ON true`;

/** Where the events lie that others take back: by the terms of the period that was opened since. Parameters: agencies, ids (arrays, pair by pair). */
export const locateReversed = `
SELECT e.agency_id AS "agencyId", e.id, e.customer_id AS "customerId", e.feature, e.rated_at AS "ratedAt",
       p.holder_id AS "holderId", p.period_start AS "periodStart", p.period_end AS "periodEnd",
       p.plan_agency_id AS "planAgencyId", p.plan_id AS "planId", p.plan_version AS "planVersion", p.included::text, ${carrierOf('p')}
  FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS w(agency_id, id)) AS wanted
  JOIN usage_events e ON e.agency_id = wanted.agency_id AND e.id = wanted.id AND e.reverses IS NULL
  CROSS JOIN LATERAL (
    SELECT agency_id, holder_id, period_start, period_end, plan_agency_id, plan_id, plan_version, included, 1 AS rank FROM quota_periods
     WHERE agency_id = e.agency_id AND holder_id = e.holder_id AND feature = e.feature AND period_start = e.period_start
    UNION ALL
    SELECT agency_id, holder_id, period_start, period_end, plan_agency_id, plan_id, plan_version, included, 2 FROM usage_totals
     WHERE agency_id = e.agency_id AND customer_id = e.customer_id AND feature = e.feature AND holder_id = e.holder_id
       AND period_start = e.period_start
     ORDER BY rank LIMIT 1
  ) p`;

/**
 * Totals that were counted before their period was opened, and are rated by other terms than it was sold at. Parameters: since when
 * periods may have been opened, how many.
 */
export const findOutdatedTotals = `
SELECT t.agency_id AS "agencyId", t.customer_id AS "customerId", t.feature, p.holder_id AS "holderId",
       p.period_start AS "periodStart", p.period_end AS "periodEnd", p.plan_agency_id AS "planAgencyId", p.plan_id AS "planId",
       p.plan_version AS "planVersion", p.included::text, ${carrierOf('p')},
       EXISTS (SELECT 1 FROM licences l
                WHERE l.agency_id = t.agency_id AND l.customer_id = t.customer_id AND l.kind = 'quantity' AND l.feature = t.feature)
         AS licensed,
       (SELECT m.id FROM merchant_accounts m
         WHERE m.agency_id IN (t.agency_id, (SELECT id FROM agencies WHERE is_platform))
         ORDER BY m.status <> 'active', m.agency_id <> t.agency_id, m.provider, m.id LIMIT 1) AS "accountId"
  FROM quota_periods p
  JOIN usage_totals t ON t.agency_id = p.agency_id AND t.customer_id = p.customer_id AND t.feature = p.feature
   AND t.holder_id = p.holder_id AND t.period_start = p.period_start
 WHERE p.opened_at > $1
   AND (t.included, t.plan_agency_id, t.plan_id, t.plan_version) IS DISTINCT FROM (p.included, p.plan_agency_id, p.plan_id, p.plan_version)
 ORDER BY t.agency_id, t.customer_id, t.feature, t.holder_id, t.period_start
 LIMIT $2`;

/** What clients without a period live on. Parameters: agencies, clients (arrays, pair by pair), now. */
export const findLiveSubscriptions = `
SELECT s.agency_id AS "agencyId", s.customer_id AS "customerId", s.id, s.anchor_at AS "anchorAt", s.quota_due_at AS "quotaDueAt",
       s.plan_agency_id AS "planAgencyId", s.plan_id AS "planId", s.plan_version AS "planVersion",
       EXISTS (SELECT 1 FROM licences l
                WHERE l.agency_id = s.agency_id AND l.customer_id = s.customer_id AND l.kind = 'days' AND l.starts_at <= $3
                  AND coalesce(least(l.expires_at, l.revoked_at), 'infinity') > $3) AS "daysLicensed",
       CASE WHEN s.collection = 'card' THEN m.provider END AS carrier
  FROM subscriptions s
  LEFT JOIN merchant_accounts m ON m.id = s.merchant_account_id
  JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS w(agency_id, customer_id)) AS wanted
    ON wanted.agency_id = s.agency_id AND wanted.customer_id = s.customer_id
 WHERE s.ended_at IS NULL AND s.anchor_at IS NOT NULL`;
