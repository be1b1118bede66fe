/** Parameters: run, now, then account, class, subject, status, detail (arrays). Answers those that no run had found before, or that came back. */
export const keepFindings = `
INSERT INTO reconciliation_findings AS f (merchant_account_id, class, subject, run_id, status, detail, found_at, ended_at)
SELECT n.account, n.class, n.subject, $1, n.status, n.detail, $2, CASE WHEN n.status = 'raised' THEN NULL ELSE $2::timestamptz END
  FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[]) AS n(account, class, subject, status, detail)
ON CONFLICT (merchant_account_id, class, subject) DO UPDATE
   SET run_id = excluded.run_id, status = excluded.status, detail = excluded.detail, found_at = excluded.found_at, ended_at = excluded.ended_at
 WHERE NOT (f.status = 'raised' AND excluded.status = 'raised')
RETURNING merchant_account_id, class, subject`;

/** Ends what was raised and is in order now. Parameters: account, now, subjects. */
export const resolveFindings = `
UPDATE reconciliation_findings SET status = 'resolved', ended_at = $2
 WHERE merchant_account_id = $1 AND status = 'raised' AND class IN ('amount_differs', 'unknown_payment') AND subject = ANY($3)`;

/** Ends what was raised of rows of ours that are in order now. Parameters: account, now, class, subjects that are not. */
export const resolveOthers = `
UPDATE reconciliation_findings SET status = 'resolved', ended_at = $2
 WHERE merchant_account_id = $1 AND status = 'raised' AND class = $3 AND subject <> ALL($4)`;

/** Which of an account's payments settled an order. Parameters: provider, account, payments. */
export const settledOf = `
SELECT payment_id, followed_at IS NOT NULL AS followed FROM settled_payments
 WHERE provider = $1 AND provider_account_id = $2 AND payment_id = ANY($3)`;

/** Orders that are open past their end. Parameters: account, until. */
export const stuckOrders = `
SELECT id, agency_id, provider_session_id FROM orders
 WHERE merchant_account_id = $1 AND status = 'checkout' AND provider_session_id IS NOT NULL AND expires_at < $2
 ORDER BY id LIMIT 1000`;

/** Holds that stand for too long. Parameters: account, until. */
export const openHolds = `
SELECT id, status FROM card_verifications
 WHERE merchant_account_id = $1 AND status IN ('requested', 'placed') AND requested_at < $2 ORDER BY id LIMIT 1000`;

/** Refills and refunds that were sent, or were to be, and of which nothing was heard since. Parameters: account, until. */
export const unknownOutcomes = `
SELECT r.id, 'refill' AS kind FROM refills r JOIN orders o ON o.agency_id = r.agency_id AND o.id = r.order_id
 WHERE o.merchant_account_id = $1 AND r.status = 'in_flight' AND r.created_at < $2
UNION ALL
SELECT r.id, 'refund' AS kind FROM refunds r
 WHERE r.merchant_account_id = $1 AND r.status = 'pending' AND r.provider_refund_id IS NULL AND r.requested_at < $2
 ORDER BY id LIMIT 1000`;

/** Lines of an account that are raised, in the order of their ids. Parameters: account, id to begin after, how many. */
export const raisedLines = `
SELECT subject, detail->>'kind' AS kind, detail->>'paymentId' AS payment_id, detail->>'provider' AS provider
  FROM reconciliation_findings
 WHERE merchant_account_id = $1 AND status = 'raised' AND class IN ('amount_differs', 'unknown_payment') AND subject > $2
 GROUP BY subject, detail ORDER BY subject LIMIT $3`;

/** What of an account's payments is raised. Parameter: account. */
export const raisedSubjects = `
SELECT DISTINCT subject FROM reconciliation_findings
 WHERE merchant_account_id = $1 AND status = 'raised' AND class IN ('amount_differs', 'unknown_payment') ORDER BY subject`;
