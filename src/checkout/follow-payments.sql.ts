/**
 * Claims payments that are due, the longest waiting first, by moving what they are due at to the claim's end. Parameters: now, the
 * claim's end, how many.
 */
export const claimToFollow = `
WITH due AS (
  SELECT s.provider, s.provider_account_id, s.payment_id FROM settled_payments s
   WHERE s.followed_at IS NULL AND s.follow_due_at <= $1
   ORDER BY s.follow_due_at LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE settled_payments s SET follow_attempts = s.follow_attempts + 1, follow_due_at = $2
  FROM due, orders o, merchant_accounts m
 WHERE s.provider = due.provider AND s.provider_account_id = due.provider_account_id AND s.payment_id = due.payment_id
   AND o.agency_id = s.agency_id AND o.id = s.order_id AND m.id = o.merchant_account_id
RETURNING s.provider, s.provider_account_id, s.payment_id, s.settled_at, s.follow_attempts, o.id AS order_id, o.agency_id,
          o.customer_id, o.merchant_account_id, o.credited, o.charge_currency, o.charged, o.plan_id, o.pack, o.agency_percent,
          o.platform_share, o.application_fee, m.agency_id AS account_agency_id, s.told_at IS NOT NULL AS told`;

/** Takes payments off the list, once: those that another run has taken are not answered. Parameters: provider, account, payment (arrays), now, card's brand, card's last four (arrays). */
export const markFollowed = `
UPDATE settled_payments s SET followed_at = $4, card_brand = n.card_brand, card_last4 = n.card_last4
  FROM (SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $5::text[], $6::text[])
                   AS n(provider, provider_account_id, payment_id, card_brand, card_last4)
         ORDER BY 1, 2, 3) AS n
 WHERE s.provider = n.provider AND s.provider_account_id = n.provider_account_id AND s.payment_id = n.payment_id
   AND s.followed_at IS NULL
RETURNING s.provider, s.provider_account_id, s.payment_id`;

/** Parameters: provider, account, payment, when (arrays). */
export const postponeFollowing = `
UPDATE settled_payments s SET follow_due_at = n.due_at
  FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS n(provider, provider_account_id, payment_id, due_at)
 WHERE s.provider = n.provider AND s.provider_account_id = n.provider_account_id AND s.payment_id = n.payment_id
   AND s.followed_at IS NULL`;

/** Keeps payments for when their account answers to us again, and answers those that nobody was told of. Parameters: provider, account, payment (arrays), now, when. */
export const keepUnread = `
WITH named AS (
  SELECT s.provider, s.provider_account_id, s.payment_id, s.told_at
    FROM settled_payments s
    JOIN unnest($1::text[], $2::text[], $3::text[]) AS n(provider, provider_account_id, payment_id)
      USING (provider, provider_account_id, payment_id)
   WHERE s.followed_at IS NULL
   ORDER BY s.provider, s.provider_account_id, s.payment_id FOR NO KEY UPDATE OF s
), kept AS (
  UPDATE settled_payments s SET told_at = coalesce(s.told_at, $4), follow_due_at = $5
    FROM named
   WHERE s.provider = named.provider AND s.provider_account_id = named.provider_account_id AND s.payment_id = named.payment_id
)
SELECT provider, provider_account_id, payment_id FROM named WHERE told_at IS NULL`;

/** What was kept of an account is due. Parameters: provider, account, now. */
export const resumeUnread = `
UPDATE settled_payments SET follow_due_at = $3
 WHERE provider = $1 AND provider_account_id = $2 AND followed_at IS NULL AND told_at IS NOT NULL`;
