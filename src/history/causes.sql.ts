/** Of the provider's events, in its own words. Parameter: our ids. */
export const eventsById = `SELECT id, event_id, type FROM inbox_events WHERE id = ANY($1)`;

/** The usage that draws carry. Parameters: agency, client, references of the draws. */
export const usageOfDraws = `
SELECT id, draw, feature, trim_scale(quantity)::text AS quantity, cost::text
  FROM usage_events WHERE agency_id = $1 AND customer_id = $2 AND draw = ANY($3)
 ORDER BY occurred_at, id`;

/** Which order what went back is of. Parameters: agency, references of the postings. */
export const ordersOfReversals = `
SELECT reference, order_id FROM reversals WHERE agency_id = $1 AND reference = ANY($2)`;

/** Which order a payment settled. Parameters: agency, references of the postings. */
export const ordersOfPayments = `
SELECT provider || ':' || provider_account_id || ':' || payment_id || ':settled' AS reference, order_id
  FROM settled_payments WHERE agency_id = $1 AND payment_id = ANY($2)`;
