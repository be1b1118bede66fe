/** Conditions of one client `c`, each used by the figure that counts it and by the list that shows it. */
const paused = `EXISTS (SELECT 1 FROM service_states st
         WHERE st.agency_id = c.agency_id AND st.customer_id = c.id AND st.state = 'paused')`;
const refills = `EXISTS (SELECT 1 FROM auto_refills r WHERE r.agency_id = c.agency_id AND r.customer_id = c.id AND r.enabled)`;
const failing = `EXISTS (
        SELECT 1 FROM auto_refills r
          JOIN payment_methods m ON m.agency_id = r.agency_id AND m.customer_id = r.customer_id AND m.is_default AND m.removed_at IS NULL
          JOIN refill_breakers b ON b.agency_id = m.agency_id AND b.customer_id = m.customer_id AND b.fingerprint = m.fingerprint
         WHERE r.agency_id = c.agency_id AND r.customer_id = c.id AND r.enabled AND b.state <> 'closed')`;

/** Parameters: agency (null: everybody's). */
export const countClients = `
SELECT count(*)::int AS clients, count(*) FILTER (WHERE ${paused})::int AS paused,
       count(*) FILTER (WHERE ${failing})::int AS failing
  FROM customers c WHERE $1::text IS NULL OR c.agency_id = $1`;

/** Parameters: agency (null: everybody's). */
export const countDrift = `
SELECT count(*)::int AS changes, count(DISTINCT plan_id)::int AS plans
  FROM drift_findings WHERE status = 'open' AND ($1::text IS NULL OR agency_id = $1)`;

export const countParked = `SELECT count(*)::int AS parked FROM inbox_events WHERE status = 'parked'`;

/**
 * One page of clients, newest first. Parameters: agency (null: everybody's), state or null, refill or null, part of a name, address or
 * the agency's own id as a LIKE pattern or null, before or null, limit.
 */
export const selectStandings = `
SELECT * FROM (
  SELECT c.id AS "customerId", c.agency_id AS "agencyId", c.name, c.email, c.external_id AS "externalId", c.collection,
         c.disabled_at IS NOT NULL AS disabled,
         CASE WHEN ${paused} THEN 'paused' ELSE 'active' END AS state,
         CASE WHEN ${failing} THEN 'failing' WHEN ${refills} THEN 'on' ELSE 'off' END AS refill,
         s.plan_id AS "planId", s.plan_version AS "planVersion", s.status AS "planStatus",
         v.document->>'displayName' AS "planName"
    FROM customers c
    LEFT JOIN subscriptions s ON s.agency_id = c.agency_id AND s.customer_id = c.id AND s.ended_at IS NULL
    LEFT JOIN plan_versions v ON v.agency_id = s.plan_agency_id AND v.plan_id = s.plan_id AND v.version = s.plan_version
   WHERE ($1::text IS NULL OR c.agency_id = $1)
     AND ($4::text IS NULL OR c.name ILIKE $4 OR c.email ILIKE $4 OR c.external_id ILIKE $4)
     AND ($5::text IS NULL OR c.id < $5)
) standing
 WHERE ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR refill = $3)
 ORDER BY "customerId" DESC LIMIT $6`;
