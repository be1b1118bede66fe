-- AlterTable
ALTER TABLE "orders" ADD COLUMN     "agency_percent" DECIMAL(7,4),
ADD COLUMN     "application_fee" DECIMAL(20,6) NOT NULL DEFAULT 0,
ADD COLUMN     "plan_id" TEXT,
ADD COLUMN     "plan_version" INTEGER,
ADD COLUMN     "platform_share" DECIMAL(20,6) NOT NULL DEFAULT 0;

-- What a provider is asked to take is the platform's whole part, or nothing: two figures that differ would be two truths.
ALTER TABLE orders
  ADD CONSTRAINT orders_plan CHECK ((plan_id IS NULL) = (plan_version IS NULL)),
  ADD CONSTRAINT orders_share CHECK (
    agency_percent BETWEEN 0 AND 100 AND plan_id IS NOT NULL OR agency_percent IS NULL AND platform_share = 0),
  ADD CONSTRAINT orders_platform_share CHECK (platform_share BETWEEN 0 AND charged),
  ADD CONSTRAINT orders_application_fee CHECK (application_fee IN (0, platform_share));

-- Payments of before are followed like any other: each is due since it was settled.
ALTER TABLE "settled_payments" ADD COLUMN     "follow_attempts" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "follow_due_at" TIMESTAMPTZ(3),
ADD COLUMN     "followed_at" TIMESTAMPTZ(3);
UPDATE settled_payments SET follow_due_at = settled_at;
ALTER TABLE settled_payments ALTER COLUMN follow_due_at SET NOT NULL;
CREATE INDEX settled_payments_to_follow ON settled_payments (follow_due_at) WHERE followed_at IS NULL;

-- AlterTable
ALTER TABLE "ledger_transactions" ADD COLUMN     "customer_id" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "plan_id" TEXT;

-- Whose a transaction of before is stands in its entries; no amount, account or reference changes.
ALTER TABLE ledger_transactions DISABLE TRIGGER ledger_transactions_grow;
UPDATE ledger_transactions t SET customer_id = a.customer_id
  FROM ledger_entries e JOIN ledger_accounts a ON a.agency_id = e.agency_id AND a.id = e.account_id
 WHERE e.agency_id = t.agency_id AND e.transaction_id = t.id AND a.running;
ALTER TABLE ledger_transactions ENABLE TRIGGER ledger_transactions_grow;
-- Reports read by time; a block-range index on a time that only grows costs next to nothing.
CREATE INDEX ledger_transactions_posted_at ON ledger_transactions USING brin (posted_at) WITH (pages_per_range = 32);
