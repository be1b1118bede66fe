/**
 * One text per client, which is another one when a page about it would show something else: its newest orders and what was tried
 * of them, cards, checks of cards, invoices, refunds, subscription, service, what calls hold, and the breaker. The balance is the
 * ledger's to tell.
 *
 * Only the newest rows of each are looked at, by an index that leads with the client: it costs the same however long a history is.
 */
export const clientVersions = `
SELECT concat_ws('|',
  (SELECT string_agg(o.status || o.updated_at || (SELECT count(*) FROM payment_attempts a WHERE a.agency_id = c.agency_id AND a.order_id = o.id), ',')
     FROM (SELECT id, status, updated_at FROM orders WHERE agency_id = c.agency_id AND customer_id = c.id ORDER BY id DESC LIMIT 10) o),
  (SELECT string_agg(m.id || m.status || m.is_default, ',' ORDER BY m.id)
     FROM payment_methods m WHERE m.agency_id = c.agency_id AND m.customer_id = c.id AND m.status <> 'removed'),
  (SELECT max(v.updated_at)
     FROM (SELECT updated_at FROM card_verifications WHERE agency_id = c.agency_id AND customer_id = c.id ORDER BY id DESC LIMIT 10) v),
  (SELECT max(i.updated_at)
     FROM (SELECT updated_at FROM invoices WHERE agency_id = c.agency_id AND customer_id = c.id ORDER BY id DESC LIMIT 10) i),
  (SELECT max(r.updated_at)
     FROM (SELECT updated_at FROM refunds WHERE agency_id = c.agency_id AND customer_id = c.id ORDER BY id DESC LIMIT 10) r),
  (SELECT s.id || s.status || s.updated_at || coalesce((
            SELECT g.id || g.status FROM subscription_changes g
             WHERE g.agency_id = c.agency_id AND g.subscription_id = s.id ORDER BY g.id DESC LIMIT 1), '')
     FROM subscriptions s WHERE s.agency_id = c.agency_id AND s.customer_id = c.id ORDER BY s.id DESC LIMIT 1),
  (SELECT w.state || w.revision FROM service_states w WHERE w.agency_id = c.agency_id AND w.customer_id = c.id),
  (SELECT sum(h.held_amount) || '/' || sum(h.held_quantity) FROM gate_sessions h
    WHERE h.agency_id = c.agency_id AND h.customer_id = c.id AND (h.held_quantity > 0 OR h.held_amount > 0)),
  (SELECT max(b.updated_at) FROM refill_breakers b WHERE b.agency_id = c.agency_id AND b.customer_id = c.id)
) AS version
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS c (agency_id, id, n) ORDER BY c.n`;

/** As `clientVersions`, of agencies: where their plans are published, their accounts, and their newest orders and clients. */
export const agencyVersions = `
SELECT concat_ws('|',
  (SELECT string_agg(p.status || p.count || p.latest, ',' ORDER BY p.status)
     FROM (SELECT status, count(*) AS count, max(updated_at) AS latest FROM publications WHERE agency_id = a.id GROUP BY status) p),
  (SELECT string_agg(m.id || m.status, ',' ORDER BY m.id) FROM merchant_accounts m WHERE m.agency_id = a.id),
  (SELECT string_agg(o.status || o.updated_at || (SELECT count(*) FROM payment_attempts t WHERE t.agency_id = a.id AND t.order_id = o.id), ',')
     FROM (SELECT id, status, updated_at FROM orders WHERE agency_id = a.id ORDER BY id DESC LIMIT 50) o),
  (SELECT max(r.updated_at) FROM (SELECT updated_at FROM refunds WHERE agency_id = a.id ORDER BY id DESC LIMIT 50) r),
  (SELECT c.id FROM customers c WHERE c.agency_id = a.id ORDER BY c.id DESC LIMIT 1)
) AS version
FROM unnest($1::text[]) WITH ORDINALITY AS a (id, n) ORDER BY a.n`;
