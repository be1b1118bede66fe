-- The billing history reads each of its sources newest first, of one client or of a whole agency, a page at a time.
CREATE INDEX orders_history ON orders (agency_id, created_at, id);
CREATE INDEX orders_client_history ON orders (agency_id, customer_id, created_at, id);
CREATE INDEX refunds_history ON refunds (agency_id, requested_at, id);
CREATE INDEX refunds_client_history ON refunds (agency_id, customer_id, requested_at, id);
CREATE INDEX disputes_history ON disputes (agency_id, opened_at, id);
CREATE INDEX disputes_client_history ON disputes (agency_id, customer_id, opened_at, id);
CREATE INDEX card_verifications_history ON card_verifications (agency_id, requested_at, id);
CREATE INDEX card_verifications_client_history ON card_verifications (agency_id, customer_id, requested_at, id);
CREATE INDEX payment_attempts_history ON payment_attempts (agency_id, occurred_at, id);
CREATE INDEX invoice_attempts_history ON invoice_attempts (agency_id, occurred_at, id);
CREATE INDEX invoice_attempts_client_history ON invoice_attempts (agency_id, customer_id, occurred_at, id);

-- Those that no order was made for: paid outside, or out of credit alone.
CREATE INDEX invoices_history ON invoices (agency_id, paid_at, id)
  WHERE status = 'paid' AND (kind = 'offline' OR amount_paid = 0 OR cardinality(payment_ids) = 0);

-- What an operator entered, among all that was ever posted.
CREATE INDEX ledger_transactions_history ON ledger_transactions (agency_id, posted_at, id)
  WHERE code IN ('topup.receive', 'topup.receive.reverse', 'adjustment.credit', 'adjustment.debit');
CREATE INDEX ledger_transactions_client_history ON ledger_transactions (agency_id, customer_id, posted_at, id)
  WHERE code IN ('topup.receive', 'topup.receive.reverse', 'adjustment.credit', 'adjustment.debit');

CREATE INDEX payment_attempts_id ON payment_attempts (id);
CREATE INDEX invoice_attempts_id ON invoice_attempts (id);
CREATE INDEX disputes_id ON disputes (id);
