/** What payments settled. Parameters: provider, account, payment (arrays). */
export const findSettled = `
SELECT s.provider, s.provider_account_id, s.payment_id, s.agency_id, s.order_id
  FROM settled_payments s
  JOIN unnest($1::text[], $2::text[], $3::text[]) AS named(provider, provider_account_id, payment_id)
    USING (provider, provider_account_id, payment_id)`;

/** Locks orders, in id order, so that what is left of them is counted by one at a time. Parameters: agencies, order ids. */
export const lockOrders = `
SELECT o.agency_id, o.id, o.customer_id, o.merchant_account_id, o.kind, o.status, o.credited, o.charge_currency, o.charged, o.exact,
       o.tax, o.overage, o.plan_id, o.agency_percent, o.platform_share, o.application_fee,
       m.provider, m.provider_account_id, m.agency_id AS account_agency_id
  FROM orders o
  JOIN unnest($1::text[], $2::text[]) AS named(agency_id, id) ON named.agency_id = o.agency_id AND named.id = o.id
  JOIN merchant_accounts m ON m.id = o.merchant_account_id
 ORDER BY o.agency_id, o.id
   FOR NO KEY UPDATE OF o`;

/** The order's payments, oldest first. Parameters: agency, order. */
export const paymentsOfOrder = `
SELECT payment_id FROM settled_payments WHERE agency_id = $1 AND order_id = $2 ORDER BY settled_at, payment_id`;

/** Parameters: agency, order. */
export const reversalsOfOrder = `
SELECT reference, provider_payment_id, kind, subject, credited, charged, settled
  FROM reversals WHERE agency_id = $1 AND order_id = $2`;

/** Parameters: agency, order, payment, now, then reference, kind, subject, credited, charged, settled (arrays). */
export const addReversals = `
INSERT INTO reversals (agency_id, order_id, provider_payment_id, created_at, reference, kind, subject, credited, charged, settled)
SELECT $1, $2, $3, $4, r.*
  FROM unnest($5::text[], $6::text[], $7::text[], $8::numeric[], $9::numeric[], $10::numeric[])
    AS r(reference, kind, subject, credited, charged, settled)`;

/** Parameters: agency, order, payment. */
export const refundsOfPayment = `
SELECT id, provider_refund_id, origin, credited, charged FROM refunds
 WHERE agency_id = $1 AND order_id = $2 AND provider_payment_id = $3
 ORDER BY requested_at, id`;

/**
 * A refund as the provider has it now. What was read before another read, and comes after it, takes nothing back: one that succeeded can fail yet, and
 * one that failed or was cancelled is over. Parameters: agency, id, order, client, account, payment, provider's id, origin, status, credited, charged,
 * currency, failure, when it was made, now.
 */
export const keepRefund = `
INSERT INTO refunds (agency_id, id, order_id, customer_id, merchant_account_id, provider_payment_id, provider_refund_id, origin, status,
                     credited, charged, charge_currency, failure, requested_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (agency_id, id) DO UPDATE
   SET provider_refund_id = excluded.provider_refund_id, status = excluded.status, failure = excluded.failure,
       updated_at = excluded.updated_at
 WHERE refunds.status = excluded.status OR excluded.status IN ('failed', 'canceled')
    OR refunds.status NOT IN ('succeeded', 'failed', 'canceled')`;

/**
 * What was read before another read, and comes after it, takes nothing back: an inquiry may become a chargeback, one that was lost may be won by an
 * appeal, and what is over otherwise stays over. Parameters: agency, id, order, client, account, payment, provider's id, status, inquiry, amount,
 * currency, reason, due, opened, now, appealed.
 */
export const keepDispute = `
INSERT INTO disputes (agency_id, id, order_id, customer_id, merchant_account_id, provider_payment_id, provider_dispute_id, status,
                      is_inquiry, amount, currency, reason, answer_due_at, opened_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (agency_id, merchant_account_id, provider_dispute_id) DO UPDATE
   SET status = excluded.status, is_inquiry = excluded.is_inquiry, amount = excluded.amount, reason = excluded.reason,
       answer_due_at = excluded.answer_due_at, updated_at = excluded.updated_at
 WHERE (disputes.is_inquiry AND NOT excluded.is_inquiry)
    OR (disputes.is_inquiry = excluded.is_inquiry
        AND (disputes.status = excluded.status OR disputes.status NOT IN ('won', 'lost', 'closed', 'prevented')
             OR (disputes.status = 'lost' AND (excluded.status = 'won' OR $16))))`;

/** Parameters: agency, order, status, now. */
export const moveOrder = `UPDATE orders SET status = $3, updated_at = $4 WHERE agency_id = $1 AND id = $2 AND status <> $3`;

/** Gives up a refund that the provider has not made; answers whether it was still to be made. Parameters: agency, id, failure, now. */
export const giveUpRefund = `
UPDATE refunds SET status = 'failed', failure = $3, updated_at = $4
 WHERE agency_id = $1 AND id = $2 AND status = 'pending' AND provider_refund_id IS NULL`;

/** Refunds that were asked for before, and that nobody has sent since. Parameters: until. */
export const unsentRefunds = `
SELECT agency_id, id FROM refunds
 WHERE provider_refund_id IS NULL AND status = 'pending' AND requested_at <= $1
 ORDER BY requested_at LIMIT 500`;

/** Parameters: agency, id, order, client, account, payment, credited, charged, currency, now. */
export const askRefund = `
INSERT INTO refunds (agency_id, id, order_id, customer_id, merchant_account_id, provider_payment_id, origin, status, credited, charged,
                     charge_currency, requested_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, 'api', 'pending', $7, $8, $9, $10, $10)`;
