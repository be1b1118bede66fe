/**
 * All that decides about a client's calls, in one statement. What is counted (slots, holds) is right only under the client's row lock.
 * An agency's own calls and those of its clients take the slots of one plan. Parameters: agency, client, feature, now, call or null,
 * session that is left out of what is counted or null, when calls ended whose holds are gone by now.
 */
export const selectGateFacts = `
SELECT c.disabled_at IS NOT NULL AS "customerDisabled", a.disabled_at IS NOT NULL AS "agencyDisabled",
       coalesce(st.state = 'paused', false) AS paused,
       CASE WHEN a.settings->'pauseWhileDisputed' = 'true' THEN EXISTS (
         SELECT 1 FROM disputes d WHERE d.agency_id = c.agency_id AND d.customer_id = c.id AND NOT d.is_inquiry
            AND d.status IN ('needs_response', 'under_review')) ELSE false END AS disputed,
       s.id AS "subscriptionId", s.status AS "subscriptionStatus", s.add_ons AS "addOns", s.quota_due_at AS "quotaDueAt",
       s.past_due_since AS "pastDueSince", s.trial_ends_at AS "trialEndsAt", s.cancel_at AS "cancelAt",
       s.plan_agency_id AS "planAgencyId", s.plan_id AS "planId", s.plan_version AS "planVersion",
       CASE WHEN s.collection = 'card' THEN carrying.provider END AS carrier,
       trial.concurrency AS "trialConcurrency", trial.goes_on AS "trialGoesOn",
       q.included::text, q.plan_agency_id AS "quotaPlanAgencyId", q.plan_id AS "quotaPlanId", q.plan_version AS "quotaPlanVersion",
       t.free::text, lic.quantity_left::text AS "addOnLeft", lic.days AS "daysLicensed",
       held.quantity::text AS "heldQuantity", held.amount::text AS "heldAmount", live.sessions,
       own.id AS "agencyCustomerId", own.agency_id AS "agencyCustomerAgencyId", coalesce(own_state.state = 'paused', false) AS "agencyPaused",
       call.id AS "callSessionId"
  FROM customers c
  JOIN agencies a ON a.id = c.agency_id
  LEFT JOIN service_states st ON st.agency_id = c.agency_id AND st.customer_id = c.id
  LEFT JOIN subscriptions s ON s.agency_id = c.agency_id AND s.customer_id = c.id AND s.ended_at IS NULL
  LEFT JOIN merchant_accounts carrying ON carrying.id = s.merchant_account_id
  LEFT JOIN LATERAL (
    SELECT concurrency, ends_at <= $4 AS goes_on FROM trials
     WHERE agency_id = c.agency_id AND customer_id = c.id AND status <> 'converted' AND (ends_at > $4 OR end_behavior = 'continue')
     ORDER BY ends_at DESC LIMIT 1
  ) trial ON true
  LEFT JOIN LATERAL (
    SELECT * FROM quota_periods p
     WHERE p.agency_id = c.agency_id AND p.customer_id = c.id AND p.feature = $3 AND p.period_start <= $4 AND p.period_end > $4
     ORDER BY p.holder_kind, p.period_start DESC LIMIT 1
  ) q ON true
  LEFT JOIN usage_totals t ON t.agency_id = c.agency_id AND t.customer_id = c.id AND t.feature = $3 AND t.holder_id = q.holder_id
   AND t.period_start = q.period_start
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.quantity - coalesce(d.drawn, 0)) FILTER (WHERE l.feature = $3), 0) AS quantity_left,
           coalesce(bool_or(l.kind = 'days'), false) AS days
      FROM licences l
      LEFT JOIN LATERAL (SELECT sum(quantity) AS drawn FROM licence_draws w
                          WHERE w.agency_id = l.agency_id AND w.licence_id = l.id) d ON true
     WHERE l.agency_id = c.agency_id AND l.customer_id = c.id AND l.starts_at <= $4
       AND coalesce(least(l.expires_at, l.revoked_at), 'infinity') > $4
  ) lic
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(h.held_quantity) FILTER (WHERE h.feature = $3), 0) AS quantity, coalesce(sum(h.held_amount), 0) AS amount
      FROM gate_sessions h
     WHERE h.agency_id = c.agency_id AND h.customer_id = c.id AND (h.held_quantity > 0 OR h.held_amount > 0)
       AND coalesce(h.ended_at, h.expires_at) > $7 AND h.id IS DISTINCT FROM $6
  ) held
  CROSS JOIN LATERAL (
    SELECT (SELECT count(*) FROM gate_sessions g
             WHERE g.agency_id = c.agency_id AND g.customer_id = c.id AND g.ended_at IS NULL AND g.expires_at > $4
               AND g.id IS DISTINCT FROM $6)::int
         + CASE WHEN a.is_platform THEN (SELECT count(*) FROM gate_sessions g
             WHERE g.agency_id = c.external_id AND g.ended_at IS NULL AND g.expires_at > $4)::int ELSE 0 END AS sessions
  ) live
  LEFT JOIN customers own ON own.external_id = c.agency_id AND own.agency_id = (SELECT id FROM agencies WHERE is_platform)
  LEFT JOIN service_states own_state ON own_state.agency_id = own.agency_id AND own_state.customer_id = own.id
  LEFT JOIN gate_sessions call ON call.agency_id = c.agency_id AND call.customer_id = c.id AND call.call_id = $5 AND call.ended_at IS NULL
 WHERE c.agency_id = $1 AND c.id = $2`;

/**
 * Calls of all an agency's clients and its own. Parameters: agency, now, the client that the agency is (its agency and id), session that is
 * left out or null.
 */
export const countAgencySessions = `
SELECT (SELECT count(*) FROM gate_sessions
         WHERE agency_id = $1 AND ended_at IS NULL AND expires_at > $2 AND id IS DISTINCT FROM $5)::int
     + (SELECT count(*) FROM gate_sessions
         WHERE agency_id = $3 AND customer_id = $4 AND ended_at IS NULL AND expires_at > $2)::int AS sessions`;

/** What calls hold of a client's balance, and whether it pauses service. Parameters: agency, client, when calls ended whose holds are gone. */
export const selectBalanceStanding = `
SELECT (SELECT coalesce(sum(held_amount), 0) FROM gate_sessions
         WHERE agency_id = $1 AND customer_id = $2 AND (held_quantity > 0 OR held_amount > 0)
           AND coalesce(ended_at, expires_at) > $3)::text AS held,
       EXISTS (SELECT 1 FROM service_states WHERE agency_id = $1 AND customer_id = $2 AND state = 'paused') AS paused`;

/**
 * Lets go of what nobody will settle any more. A lease that ran out is a call that ended then. Parameters: when calls ended whose holds are
 * gone, how many at once.
 */
export const endDeadCalls = `
UPDATE gate_sessions s SET held_quantity = 0, held_amount = 0, ended_at = coalesce(s.ended_at, s.expires_at)
  FROM (SELECT g.agency_id, g.id FROM gate_sessions g
          JOIN (SELECT agency_id, id FROM gate_sessions WHERE ended_at IS NULL AND expires_at <= $1
                 UNION
                SELECT agency_id, id FROM gate_sessions
                 WHERE (held_quantity > 0 OR held_amount > 0) AND coalesce(ended_at, expires_at) <= $1
                 LIMIT $2) AS due USING (agency_id, id)
         WHERE coalesce(g.ended_at, g.expires_at) <= $1
           FOR UPDATE OF g SKIP LOCKED) AS dead
 WHERE s.agency_id = dead.agency_id AND s.id = dead.id`;
