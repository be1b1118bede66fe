/** Locks the orders that a batch names, in id order. Parameters: agencies, order ids. */
export const lockOrders = `
SELECT o.agency_id, o.id, o.customer_id, o.merchant_account_id, o.kind, o.status, o.credited, o.charge_currency, o.charged, o.exact, o.tax,
       o.provider_payment_id, o.plan_id, o.agency_percent, o.platform_share, o.application_fee,
       m.provider, m.provider_account_id, m.agency_id AS account_agency_id
  FROM orders o
  JOIN unnest($1::text[], $2::text[]) AS named(agency_id, id) ON named.agency_id = o.agency_id AND named.id = o.id
  JOIN merchant_accounts m ON m.id = o.merchant_account_id
 ORDER BY o.agency_id, o.id
   FOR NO KEY UPDATE OF o`;

/** Names the order that each payment settles, once. Parameters: provider, account, payment, agency, order (arrays), now. */
export const claimPayments = `
INSERT INTO settled_payments (provider, provider_account_id, payment_id, agency_id, order_id, settled_at, follow_due_at)
SELECT p.*, $6::timestamptz, $6::timestamptz FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    AS p(provider, provider_account_id, payment_id, agency_id, order_id)
 ORDER BY p.provider, p.provider_account_id, p.payment_id
ON CONFLICT DO NOTHING
RETURNING provider, provider_account_id, payment_id, agency_id, order_id`;

/** What these payments settled before. Parameters: provider, account, payment (arrays). */
export const findPayments = `
SELECT s.provider, s.provider_account_id, s.payment_id, s.agency_id, s.order_id
  FROM settled_payments s
  JOIN unnest($1::text[], $2::text[], $3::text[]) AS named(provider, provider_account_id, payment_id)
    USING (provider, provider_account_id, payment_id)`;

/** Parameters: agency, order, status, payment id or null (arrays), now. The first payment stays the order's own. */
export const moveOrders = `
UPDATE orders o SET status = n.status,
       provider_payment_id = coalesce(o.provider_payment_id, n.payment_id),
       paid_at = CASE WHEN n.payment_id IS NULL THEN o.paid_at ELSE coalesce(o.paid_at, $5) END,
       updated_at = $5
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS n(agency_id, id, status, payment_id)
 WHERE o.agency_id = n.agency_id AND o.id = n.id`;

/** One row per try, however often it is told. Parameters: nine arrays in the order of the columns. */
export const recordAttempts = `
INSERT INTO payment_attempts (agency_id, order_id, fact, id, outcome, payment_id, code, decline_code, message, occurred_at)
SELECT a.agency_id, a.order_id, a.fact, a.id, 'declined', a.payment_id, a.code, a.decline_code, a.message, a.occurred_at
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[])
    AS a(agency_id, order_id, fact, id, payment_id, code, decline_code, message, occurred_at)
ON CONFLICT (agency_id, order_id, fact) DO NOTHING`;

/** Parameters: agency, kind, subject, id, detail (arrays), now. */
export const raiseAlerts = `
INSERT INTO alerts (agency_id, kind, subject, id, detail, created_at)
SELECT a.*, $6 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[]) AS a(agency_id, kind, subject, id, detail)
ON CONFLICT (agency_id, kind, subject) DO NOTHING`;
