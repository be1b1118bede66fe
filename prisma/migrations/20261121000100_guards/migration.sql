-- What Prisma's schema language cannot say: the database is the last to check, and the one that cannot be forgotten.

ALTER TABLE installation
  ADD CONSTRAINT installation_singleton CHECK (id = 1),
  ADD CONSTRAINT installation_mode CHECK (mode IN ('live', 'test', 'sandbox'));

CREATE UNIQUE INDEX agencies_one_platform ON agencies (is_platform) WHERE is_platform;

ALTER TABLE api_keys ADD CONSTRAINT api_keys_role CHECK (role IN ('platform', 'agency'));
ALTER TABLE api_keys ADD CONSTRAINT api_keys_agency FOREIGN KEY (agency_id) REFERENCES agencies (id);

ALTER TABLE customers
  ADD CONSTRAINT customers_agency FOREIGN KEY (agency_id) REFERENCES agencies (id),
  ADD CONSTRAINT customers_collection CHECK (collection IN ('card', 'offline'));

ALTER TABLE merchant_accounts
  ADD CONSTRAINT merchant_accounts_agency FOREIGN KEY (agency_id) REFERENCES agencies (id),
  ADD CONSTRAINT merchant_accounts_rate CHECK (usd_rate > 0),
  ADD CONSTRAINT merchant_accounts_status CHECK (status IN ('onboarding', 'restricted', 'active', 'disconnected'));

ALTER TABLE features ADD CONSTRAINT features_agency FOREIGN KEY (agency_id) REFERENCES agencies (id);

ALTER TABLE plans
  ADD CONSTRAINT plans_agency FOREIGN KEY (agency_id) REFERENCES agencies (id),
  ADD CONSTRAINT plans_type CHECK (type IN ('usage_based', 'revenue_sharing')),
  ADD CONSTRAINT plans_status CHECK (status IN ('draft', 'published', 'disabled', 'archived')),
  ADD CONSTRAINT plans_visibility CHECK (visibility IN ('visible', 'hidden'));
-- A deleted plan's name is free again.
CREATE UNIQUE INDEX plans_name ON plans (agency_id, name) WHERE deleted_at IS NULL;

ALTER TABLE plan_versions
  ADD CONSTRAINT plan_versions_plan FOREIGN KEY (agency_id, plan_id) REFERENCES plans (agency_id, id),
  ADD CONSTRAINT plan_versions_status CHECK (status IN ('draft', 'published', 'superseded')),
  ADD CONSTRAINT plan_versions_number CHECK (version >= 1);
CREATE UNIQUE INDEX plan_versions_one_draft ON plan_versions (agency_id, plan_id) WHERE status = 'draft';
CREATE UNIQUE INDEX plan_versions_one_published ON plan_versions (agency_id, plan_id) WHERE status = 'published';

-- A version that was published is what somebody bought: only its place in the line may change, never its content.
CREATE FUNCTION keep_published_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.status <> 'draft' THEN RAISE EXCEPTION 'plan version % was published and is kept', OLD.id; END IF;
    RETURN OLD;
  END IF;
  IF OLD.status <> 'draft' AND (NEW.document IS DISTINCT FROM OLD.document OR NEW.version <> OLD.version
      OR NEW.published_at IS DISTINCT FROM OLD.published_at OR NEW.status = 'draft') THEN
    RAISE EXCEPTION 'plan version % was published and does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER plan_versions_keep BEFORE UPDATE OR DELETE ON plan_versions
  FOR EACH ROW EXECUTE FUNCTION keep_published_version();

-- One live price per plan, cycle and account.
ALTER TABLE catalog_links ADD CONSTRAINT catalog_links_kind CHECK (kind IN ('product', 'price'));
CREATE UNIQUE INDEX catalog_links_one_active ON catalog_links (agency_id, merchant_account_id, plan_id, key) WHERE active;

ALTER TABLE publications
  ADD CONSTRAINT publications_status CHECK (status IN ('pending', 'in_sync', 'drifted', 'blocked'));

ALTER TABLE quotes ADD CONSTRAINT quotes_positive CHECK (credited > 0 AND charged > 0 AND rate > 0);
ALTER TABLE orders
  ADD CONSTRAINT orders_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT orders_status CHECK (status IN ('checkout', 'paid', 'failed', 'expired', 'refunded', 'partially_refunded')),
  ADD CONSTRAINT orders_positive CHECK (credited > 0 AND charged > 0 AND rate > 0);
CREATE UNIQUE INDEX orders_session ON orders (agency_id, session_id);
-- Room on each page for the next version of a row, and no index on what changes: an order's move touches no index.
ALTER TABLE orders SET (fillfactor = 70);

ALTER TABLE payment_attempts ADD CONSTRAINT payment_attempts_outcome CHECK (outcome IN ('declined', 'succeeded', 'failed'));

ALTER TABLE provider_operations
  ADD CONSTRAINT provider_operations_state CHECK (state IN ('sent', 'done', 'failed')),
  ADD CONSTRAINT provider_operations_attempt CHECK (attempt >= 1),
  ADD CONSTRAINT provider_operations_key CHECK (length(idempotency_key) <= 255);

ALTER TABLE inbox_events ADD CONSTRAINT inbox_events_status CHECK (status IN ('received', 'done', 'ignored', 'parked'));
-- `due_at` is when an event may next be claimed; a claim moves it to the claim's end, so that a dead worker's events come back.
CREATE INDEX inbox_events_due ON inbox_events (due_at, id) WHERE status = 'received';
CREATE INDEX inbox_events_parked ON inbox_events (id) WHERE status = 'parked';

ALTER TABLE idempotency_requests ADD CONSTRAINT idempotency_requests_state CHECK (state IN ('in_flight', 'done'));

-- The ledger ------------------------------------------------------------------------------------------------------

CREATE UNIQUE INDEX ledger_accounts_name
  ON ledger_accounts (agency_id, code, merchant_account_id, customer_id, currency);
ALTER TABLE ledger_accounts SET (fillfactor = 50);
-- Only a customer's own account runs: a running system account would be one row that the whole platform waits for.
ALTER TABLE ledger_accounts ADD CONSTRAINT ledger_accounts_running CHECK (running = (customer_id <> ''));
ALTER TABLE ledger_transactions ADD CONSTRAINT ledger_transactions_entries CHECK (entry_count >= 2);
ALTER TABLE ledger_entries
  ADD CONSTRAINT ledger_entries_amount CHECK (amount <> 0),
  ADD CONSTRAINT ledger_entries_running CHECK ((sequence IS NULL) = (balance_after IS NULL));
ALTER TABLE ledger_rollup_cursor ADD CONSTRAINT ledger_rollup_cursor_singleton CHECK (id = 1);
INSERT INTO ledger_rollup_cursor (id, through_id) VALUES (1, 0);
-- A statement's order; system accounts, most of the entries, have none.
CREATE UNIQUE INDEX ledger_entries_sequence ON ledger_entries (agency_id, account_id, sequence) WHERE sequence IS NOT NULL;
-- Rollups read only what is newer than their cursor; a block-range index on the ever-growing id costs next to nothing.
CREATE INDEX ledger_entries_id ON ledger_entries USING brin (id) WITH (pages_per_range = 32);

CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: the ledger only grows; post a correction instead', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_transactions_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transactions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER ledger_entries_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- A transaction's entries arrive in one statement, all of them, and sum to zero in each currency. Checked once per
-- statement over the rows it added, so that a batch of hundreds costs one pass.
--
-- The checks are EXECUTEd so that they are planned each time, a fraction of a millisecond per batch: a cached plan would stay
-- with the session from when the tables were empty, and be as slow as the ledger is long.
CREATE FUNCTION check_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  offender text;
BEGIN
  EXECUTE 'SELECT transaction_id FROM added GROUP BY transaction_id, currency HAVING sum(amount) <> 0 LIMIT 1' INTO offender;
  IF offender IS NOT NULL THEN
    RAISE EXCEPTION 'ledger transaction % does not sum to zero', offender USING ERRCODE = 'check_violation';
  END IF;

  EXECUTE 'SELECT a.transaction_id
    FROM (SELECT transaction_id, min(agency_id) AS agency_id, count(*) AS entries, max(line) AS last FROM added GROUP BY 1) a
    LEFT JOIN ledger_transactions t ON t.agency_id = a.agency_id AND t.id = a.transaction_id
    WHERE t.id IS NULL OR t.entry_count <> a.entries OR a.last <> a.entries LIMIT 1' INTO offender;
  IF offender IS NOT NULL THEN
    RAISE EXCEPTION 'ledger transaction % does not have the entries it announced', offender USING ERRCODE = 'check_violation';
  END IF;

  EXECUTE 'SELECT a.account_id
    FROM (SELECT DISTINCT agency_id, account_id, currency, sequence IS NOT NULL AS running FROM added) a
    LEFT JOIN ledger_accounts l ON l.agency_id = a.agency_id AND l.id = a.account_id
    WHERE l.id IS NULL OR l.currency <> a.currency OR l.running <> a.running LIMIT 1' INTO offender;
  IF offender IS NOT NULL THEN
    RAISE EXCEPTION 'ledger account % is not there or is of another kind', offender USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_entries_check AFTER INSERT ON ledger_entries
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_entries();

-- A transaction without its entries would be a hole in the books: they must come in the same statement.
CREATE FUNCTION check_transactions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  offender text;
BEGIN
  EXECUTE 'SELECT a.id FROM added a
    WHERE NOT EXISTS (SELECT 1 FROM ledger_entries e WHERE e.agency_id = a.agency_id AND e.transaction_id = a.id) LIMIT 1'
    INTO offender;
  IF offender IS NOT NULL THEN
    RAISE EXCEPTION 'ledger transaction % has no entries', offender USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_transactions_check AFTER INSERT ON ledger_transactions
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_transactions();
