-- Orders of which a payment failed after it had succeeded: few, and looked for every minute.
CREATE INDEX reversals_late_failures ON reversals (agency_id, order_id) WHERE kind = 'late_failure';
