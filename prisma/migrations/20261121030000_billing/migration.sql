-- AlterTable
ALTER TABLE "subscriptions" ADD COLUMN     "add_ons" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN     "anchor_at" TIMESTAMPTZ(3),
ADD COLUMN     "cancel_at" TIMESTAMPTZ(3),
ADD COLUMN     "collection" TEXT NOT NULL DEFAULT 'none',
ADD COLUMN     "end_wanted" BOOLEAN,
ADD COLUMN     "past_due_since" TIMESTAMPTZ(3),
ADD COLUMN     "pause_reason" TEXT,
ADD COLUMN     "period_end" TIMESTAMPTZ(3),
ADD COLUMN     "period_start" TIMESTAMPTZ(3),
ADD COLUMN     "provider_customer_id" TEXT,
ADD COLUMN     "provider_schedule_id" TEXT,
ADD COLUMN     "provider_subscription_id" TEXT,
ADD COLUMN     "quota_due_at" TIMESTAMPTZ(3),
ADD COLUMN     "read_at" TIMESTAMPTZ(3),
ADD COLUMN     "trial_ends_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "subscription_checkouts" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "plan_agency_id" TEXT NOT NULL,
    "plan_id" TEXT NOT NULL,
    "plan_version" INTEGER NOT NULL,
    "cycle" TEXT NOT NULL,
    "add_ons" JSONB NOT NULL DEFAULT '{}',
    "mode" TEXT NOT NULL,
    "subscription_id" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "provider_session_id" TEXT,
    "session_url" TEXT,
    "success_url" TEXT NOT NULL,
    "cancel_url" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "subscription_checkouts_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "subscription_changes" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "subscription_id" TEXT NOT NULL,
    "plan_agency_id" TEXT NOT NULL,
    "plan_id" TEXT NOT NULL,
    "plan_version" INTEGER NOT NULL,
    "cycle" TEXT,
    "add_ons" JSONB NOT NULL DEFAULT '{}',
    "collection" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "effective_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "subscription_changes_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "quota_periods" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "holder_id" TEXT NOT NULL,
    "holder_kind" TEXT NOT NULL,
    "feature" TEXT NOT NULL,
    "period_start" TIMESTAMPTZ(3) NOT NULL,
    "period_end" TIMESTAMPTZ(3) NOT NULL,
    "plan_agency_id" TEXT,
    "plan_id" TEXT,
    "plan_version" INTEGER,
    "included" DECIMAL(20,6) NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "quota_periods_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "invoices" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "subscription_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "provider_invoice_id" TEXT,
    "number" TEXT,
    "status" TEXT NOT NULL,
    "billing_reason" TEXT,
    "currency" TEXT NOT NULL,
    "total" DECIMAL(20,6) NOT NULL,
    "tax" DECIMAL(20,6) NOT NULL,
    "amount_due" DECIMAL(20,6) NOT NULL,
    "amount_paid" DECIMAL(20,6) NOT NULL,
    "provider_credit" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "lines" JSONB NOT NULL DEFAULT '[]',
    "payment_ids" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "plan_id" TEXT,
    "plan_version" INTEGER,
    "hosted_url" TEXT,
    "attempt_count" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3),
    "period_start" TIMESTAMPTZ(3),
    "period_end" TIMESTAMPTZ(3),
    "read_at" TIMESTAMPTZ(3),
    "paid_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "invoices_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "invoice_attempts" (
    "agency_id" TEXT NOT NULL,
    "invoice_id" TEXT NOT NULL,
    "fact" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "code" TEXT,
    "decline_code" TEXT,
    "message" TEXT,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "invoice_attempts_pkey" PRIMARY KEY ("agency_id","invoice_id","fact")
);

-- CreateTable
CREATE TABLE "trials" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "email_key" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "minutes" DECIMAL(20,6) NOT NULL,
    "concurrency" INTEGER NOT NULL,
    "end_behavior" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "reminded_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "trials_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "licences" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "feature" TEXT,
    "quantity" DECIMAL(20,6),
    "days" INTEGER,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "remarks" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "order_id" TEXT,
    "granted_by" TEXT NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "licences_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateIndex
CREATE INDEX "subscription_checkouts_id_idx" ON "subscription_checkouts"("id");

-- CreateIndex
CREATE UNIQUE INDEX "subscription_checkouts_agency_id_request_id_key" ON "subscription_checkouts"("agency_id", "request_id");

-- CreateIndex
CREATE INDEX "subscription_changes_agency_id_subscription_id_id_idx" ON "subscription_changes"("agency_id", "subscription_id", "id");

-- CreateIndex
CREATE INDEX "quota_periods_agency_id_customer_id_feature_period_start_idx" ON "quota_periods"("agency_id", "customer_id", "feature", "period_start");

-- CreateIndex
CREATE UNIQUE INDEX "quota_periods_agency_id_holder_id_feature_period_start_key" ON "quota_periods"("agency_id", "holder_id", "feature", "period_start");

-- CreateIndex
CREATE INDEX "invoices_id_idx" ON "invoices"("id");

-- CreateIndex
CREATE INDEX "invoices_agency_id_customer_id_id_idx" ON "invoices"("agency_id", "customer_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "invoices_agency_id_merchant_account_id_provider_invoice_id_key" ON "invoices"("agency_id", "merchant_account_id", "provider_invoice_id");

-- CreateIndex
CREATE INDEX "trials_agency_id_customer_id_idx" ON "trials"("agency_id", "customer_id");

-- CreateIndex
CREATE UNIQUE INDEX "trials_agency_id_email_key_key" ON "trials"("agency_id", "email_key");

-- CreateIndex
CREATE INDEX "licences_id_idx" ON "licences"("id");

-- CreateIndex
CREATE INDEX "licences_agency_id_customer_id_expires_at_idx" ON "licences"("agency_id", "customer_id", "expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "licences_agency_id_order_id_key" ON "licences"("agency_id", "order_id");

-- CreateIndex
CREATE UNIQUE INDEX "subscriptions_agency_id_merchant_account_id_provider_subscr_key" ON "subscriptions"("agency_id", "merchant_account_id", "provider_subscription_id");


ALTER TABLE subscriptions
  ADD CONSTRAINT subscriptions_collection CHECK (collection IN ('none', 'card', 'offline')),
  ADD CONSTRAINT subscriptions_collected CHECK (collection = 'none' OR (cycle IS NOT NULL AND merchant_account_id IS NOT NULL)),
  ADD CONSTRAINT subscriptions_by_card CHECK (collection <> 'card' OR provider_subscription_id IS NOT NULL),
  ADD CONSTRAINT subscriptions_pause_reason CHECK (pause_reason IN ('trial_ended', 'unpaid', 'provider')),
  ADD CONSTRAINT subscriptions_period CHECK (period_end > period_start);
-- What the schedulers look at.
CREATE INDEX subscriptions_quota_due ON subscriptions (quota_due_at) WHERE ended_at IS NULL AND quota_due_at IS NOT NULL;
CREATE INDEX subscriptions_offline_due ON subscriptions (period_end) WHERE ended_at IS NULL AND collection = 'offline';

ALTER TABLE subscription_checkouts
  ADD CONSTRAINT subscription_checkouts_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT subscription_checkouts_status CHECK (status IN ('open', 'complete', 'expired')),
  ADD CONSTRAINT subscription_checkouts_mode CHECK (mode IN ('subscription', 'setup', 'api')),
  ADD CONSTRAINT subscription_checkouts_cycle CHECK (cycle IN ('monthly', 'quarterly', 'yearly'));
CREATE UNIQUE INDEX subscription_checkouts_subscription ON subscription_checkouts (agency_id, subscription_id);
-- One that is open per client.
CREATE UNIQUE INDEX subscription_checkouts_one_open ON subscription_checkouts (agency_id, customer_id) WHERE status = 'open';

ALTER TABLE subscription_changes
  ADD CONSTRAINT subscription_changes_subscription
    FOREIGN KEY (agency_id, subscription_id) REFERENCES subscriptions (agency_id, id),
  ADD CONSTRAINT subscription_changes_status CHECK (status IN ('pending', 'applied', 'canceled', 'replaced')),
  ADD CONSTRAINT subscription_changes_collection CHECK (collection IN ('none', 'card', 'offline')),
  ADD CONSTRAINT subscription_changes_ended CHECK ((ended_at IS NULL) = (status = 'pending'));
CREATE UNIQUE INDEX subscription_changes_one_pending ON subscription_changes (agency_id, subscription_id)
  WHERE status = 'pending';

ALTER TABLE quota_periods
  ADD CONSTRAINT quota_periods_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT quota_periods_holder CHECK (holder_kind IN ('subscription', 'trial')),
  ADD CONSTRAINT quota_periods_period CHECK (period_end > period_start),
  ADD CONSTRAINT quota_periods_included CHECK (included >= 0);
CREATE INDEX quota_periods_open ON quota_periods (period_end) WHERE closed_at IS NULL;

ALTER TABLE invoices
  ADD CONSTRAINT invoices_subscription FOREIGN KEY (agency_id, subscription_id) REFERENCES subscriptions (agency_id, id),
  ADD CONSTRAINT invoices_kind CHECK (kind IN ('provider', 'offline')),
  ADD CONSTRAINT invoices_status CHECK (status IN ('draft', 'open', 'paid', 'void', 'uncollectible')),
  ADD CONSTRAINT invoices_provider CHECK ((kind = 'provider') = (provider_invoice_id IS NOT NULL)),
  ADD CONSTRAINT invoices_paid CHECK (status <> 'paid' OR paid_at IS NOT NULL);
-- One of ours for each period.
CREATE UNIQUE INDEX invoices_offline_period ON invoices (agency_id, subscription_id, period_start) WHERE kind = 'offline';

ALTER TABLE invoice_attempts
  ADD CONSTRAINT invoice_attempts_invoice FOREIGN KEY (agency_id, invoice_id) REFERENCES invoices (agency_id, id);

ALTER TABLE trials
  ADD CONSTRAINT trials_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT trials_status CHECK (status IN ('active', 'ended', 'converted')),
  ADD CONSTRAINT trials_end_behavior CHECK (end_behavior IN ('pause', 'continue')),
  ADD CONSTRAINT trials_period CHECK (ends_at > started_at),
  ADD CONSTRAINT trials_allowance CHECK (minutes >= 0 AND concurrency >= 0);
CREATE INDEX trials_due ON trials (ends_at) WHERE status = 'active';

ALTER TABLE licences
  ADD CONSTRAINT licences_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT licences_kind CHECK (kind IN ('days', 'quantity')),
  ADD CONSTRAINT licences_source CHECK (source IN ('granted', 'pack')),
  ADD CONSTRAINT licences_of_days CHECK ((kind = 'days') = (days IS NOT NULL)),
  ADD CONSTRAINT licences_of_quantity CHECK ((kind = 'quantity') = (feature IS NOT NULL AND quantity IS NOT NULL)),
  ADD CONSTRAINT licences_positive CHECK (coalesce(days, 1) > 0 AND coalesce(quantity, 1) > 0),
  ADD CONSTRAINT licences_time CHECK (expires_at > starts_at);
