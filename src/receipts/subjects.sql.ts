const card = `
  LEFT JOIN LATERAL (
    SELECT p.followed_at, p.card_brand, p.card_last4 FROM settled_payments p
     WHERE p.agency_id = o.agency_id AND p.order_id = o.id ORDER BY p.settled_at LIMIT 1) AS s ON true`;

/** An order, what paid it, and the invoice that it is named after. Parameters: agency, order. */
export const selectOrder = `
SELECT o.id, o.customer_id, o.kind, o.status, o.credited, o.charged, o.charge_currency, o.exact, trim_scale(o.rate) AS rate, o.tax, o.pack, o.paid_at,
       s.followed_at, s.card_brand, s.card_last4, i.lines
  FROM orders o ${card}
  LEFT JOIN invoices i ON o.kind = 'invoice' AND i.agency_id = o.agency_id AND i.id = 'inv_' || substr(o.id, 5)
 WHERE o.agency_id = $1 AND o.id = $2`;

/** Parameters: agency, refund. */
export const selectRefund = `
SELECT r.id, r.customer_id, r.order_id, r.credited, r.charged, r.charge_currency, r.requested_at, o.kind, trim_scale(o.rate) AS rate,
       round(o.tax * r.charged / o.charged, 6) AS tax, s.card_brand, s.card_last4
  FROM refunds r JOIN orders o ON o.agency_id = r.agency_id AND o.id = r.order_id ${card}
 WHERE r.agency_id = $1 AND r.id = $2 AND r.status = 'succeeded'`;

/** What of a receipt's payment failed after it had succeeded. Parameters: agency, order. */
export const selectLateFailure = `
SELECT o.id, o.customer_id, o.kind, o.charge_currency, trim_scale(o.rate) AS rate, f.credited, f.charged, f.at,
       round(o.tax * f.charged / o.charged, 6) AS tax
  FROM orders o
  CROSS JOIN LATERAL (
    SELECT sum(r.credited) AS credited, sum(r.settled) AS charged, max(r.created_at) AS at FROM reversals r
     WHERE r.agency_id = o.agency_id AND r.order_id = o.id AND r.kind = 'late_failure') AS f
 WHERE o.agency_id = $1 AND o.id = $2 AND o.receipted_at IS NOT NULL AND f.charged > 0`;

/** An invoice that no order was paid for. Parameters: agency, invoice. */
export const selectInvoice = `
SELECT id, customer_id, currency, total, tax, amount_paid, provider_credit, lines, external_reference, paid_at
  FROM invoices
 WHERE agency_id = $1 AND id = $2 AND status = 'paid' AND (kind = 'offline' OR amount_paid = 0 OR cardinality(payment_ids) = 0)`;

/** Parameters: agency, client. */
export const selectParties = `
SELECT a.name, a.email, a.country, a.settings, c.name AS client_name, c.email AS client_email
  FROM agencies a JOIN customers c ON c.agency_id = a.id
 WHERE a.id = $1 AND c.id = $2`;

/** What was rated in a time. Parameters: agency, client, from, until. */
export const selectUsage = `
SELECT feature, trim_scale(sum(quantity))::text AS quantity, sum(cost)::text AS cost, sum(tax)::text AS tax
  FROM usage_events
 WHERE agency_id = $1 AND customer_id = $2 AND rated_at >= $3 AND rated_at < $4
 GROUP BY feature ORDER BY feature`;

/** The tax in what was paid in a time, and less what went back of it then, by currency. Parameters: agency, client, from, until. */
export const selectTax = `
SELECT currency, sum(tax)::text AS tax FROM (
  SELECT charge_currency AS currency, tax FROM orders
   WHERE agency_id = $1 AND customer_id = $2 AND paid_at >= $3 AND paid_at < $4 AND status IN ('paid', 'refunded', 'partially_refunded')
  UNION ALL
  SELECT currency, tax FROM invoices
   WHERE agency_id = $1 AND customer_id = $2 AND paid_at >= $3 AND paid_at < $4 AND status = 'paid'
     AND (kind = 'offline' OR amount_paid = 0 OR cardinality(payment_ids) = 0)
  UNION ALL
  SELECT r.charge_currency, -round(o.tax * r.charged / o.charged, 6)
    FROM refunds r JOIN orders o ON o.agency_id = r.agency_id AND o.id = r.order_id
   WHERE r.agency_id = $1 AND r.customer_id = $2 AND r.requested_at >= $3 AND r.requested_at < $4 AND r.status = 'succeeded'
) AS taxed
 GROUP BY currency HAVING sum(tax) <> 0 ORDER BY currency`;

/**
 * What has no number yet, the longest paid first. Parameters: how many, and the moment before which what was paid need not have been
 * followed to its provider.
 */
export const selectUnnumbered = `
(SELECT o.agency_id, 'receipt' AS kind, o.id AS subject FROM orders o ${card}
  WHERE o.receipted_at IS NULL AND o.paid_at IS NOT NULL AND o.status IN ('paid', 'refunded', 'partially_refunded')
    AND (s.followed_at IS NOT NULL OR o.paid_at < $2)
  ORDER BY o.agency_id, o.paid_at, o.id LIMIT $1)
UNION ALL
(SELECT agency_id, 'receipt', id FROM invoices
  WHERE receipted_at IS NULL AND status = 'paid' AND total > 0
    AND (kind = 'offline' OR amount_paid = 0 OR cardinality(payment_ids) = 0)
  ORDER BY agency_id, paid_at, id LIMIT $1)
UNION ALL
(SELECT r.agency_id, 'credit_note', r.id FROM refunds r JOIN orders o ON o.agency_id = r.agency_id AND o.id = r.order_id
  WHERE r.receipted_at IS NULL AND r.status = 'succeeded' AND o.receipted_at IS NOT NULL
  ORDER BY r.agency_id, r.requested_at, r.id LIMIT $1)
UNION ALL
(SELECT DISTINCT r.agency_id, 'credit_note', r.order_id FROM reversals r JOIN orders o ON o.agency_id = r.agency_id AND o.id = r.order_id
  WHERE r.kind = 'late_failure' AND o.receipted_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM receipts n WHERE n.agency_id = r.agency_id AND n.kind = 'credit_note' AND n.subject = r.order_id)
  LIMIT $1)`;
