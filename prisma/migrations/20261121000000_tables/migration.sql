-- CreateTable
CREATE TABLE "installation" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "mode" TEXT NOT NULL,
    "encryption_key_fingerprint" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "installation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "agencies" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "country" TEXT NOT NULL,
    "is_platform" BOOLEAN NOT NULL DEFAULT false,
    "settings" JSONB NOT NULL DEFAULT '{}',
    "disabled_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "agencies_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_keys" (
    "id" TEXT NOT NULL,
    "agency_id" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "hint" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "customers" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "external_id" TEXT,
    "collection" TEXT NOT NULL DEFAULT 'card',
    "disabled_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "customers_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "merchant_accounts" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "provider_account_id" TEXT NOT NULL,
    "livemode" BOOLEAN NOT NULL,
    "country" TEXT NOT NULL,
    "charge_currency" TEXT NOT NULL,
    "usd_rate" DECIMAL(12,4) NOT NULL,
    "effective_currency" TEXT NOT NULL,
    "effective_reason" TEXT,
    "settlement_currency" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "merchant_accounts_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "provider_customers" (
    "agency_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "provider_customer_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "provider_customers_pkey" PRIMARY KEY ("agency_id","customer_id","merchant_account_id")
);

-- CreateTable
CREATE TABLE "features" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "unit" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "aggregation" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "features_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "plans" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "display_name" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "visibility" TEXT NOT NULL,
    "customer_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "plans_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "plan_versions" (
    "agency_id" TEXT NOT NULL,
    "plan_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "document" JSONB NOT NULL,
    "published_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "plan_versions_pkey" PRIMARY KEY ("agency_id","plan_id","version")
);

-- CreateTable
CREATE TABLE "catalog_links" (
    "agency_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "remote_id" TEXT NOT NULL,
    "plan_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "active" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "catalog_links_pkey" PRIMARY KEY ("agency_id","merchant_account_id","remote_id")
);

-- CreateTable
CREATE TABLE "publications" (
    "agency_id" TEXT NOT NULL,
    "plan_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "reason" TEXT,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "publications_pkey" PRIMARY KEY ("agency_id","plan_id","merchant_account_id")
);

-- CreateTable
CREATE TABLE "quotes" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "credited" DECIMAL(20,6) NOT NULL,
    "charge_currency" TEXT NOT NULL,
    "charged" DECIMAL(20,6) NOT NULL,
    "exact" DECIMAL(20,6) NOT NULL,
    "rate" DECIMAL(12,4) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "quotes_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "orders" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "credited" DECIMAL(20,6) NOT NULL,
    "charge_currency" TEXT NOT NULL,
    "charged" DECIMAL(20,6) NOT NULL,
    "exact" DECIMAL(20,6) NOT NULL,
    "rate" DECIMAL(12,4) NOT NULL,
    "quote_id" TEXT,
    "request_id" TEXT,
    "session_id" TEXT NOT NULL,
    "session_url" TEXT,
    "provider_session_id" TEXT,
    "provider_payment_id" TEXT,
    "success_url" TEXT NOT NULL,
    "cancel_url" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "paid_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "orders_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "payment_attempts" (
    "agency_id" TEXT NOT NULL,
    "order_id" TEXT NOT NULL,
    "fact" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "code" TEXT,
    "decline_code" TEXT,
    "message" TEXT,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "payment_attempts_pkey" PRIMARY KEY ("agency_id","order_id","fact")
);

-- CreateTable
CREATE TABLE "settled_payments" (
    "provider" TEXT NOT NULL,
    "provider_account_id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "agency_id" TEXT NOT NULL,
    "order_id" TEXT NOT NULL,
    "settled_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "settled_payments_pkey" PRIMARY KEY ("provider","provider_account_id","payment_id")
);

-- CreateTable
CREATE TABLE "provider_operations" (
    "id" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "idempotency_key" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "first_sent_at" TIMESTAMPTZ(3) NOT NULL,
    "last_sent_at" TIMESTAMPTZ(3) NOT NULL,
    "error" JSONB,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "provider_operations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "inbox_events" (
    "id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "event_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "livemode" BOOLEAN NOT NULL,
    "status" TEXT NOT NULL,
    "reason" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "claim_token" TEXT,
    "handled_at" TIMESTAMPTZ(3),

    CONSTRAINT "inbox_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "inbox_payloads" (
    "id" TEXT NOT NULL,
    "payload" BYTEA NOT NULL,

    CONSTRAINT "inbox_payloads_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alerts" (
    "agency_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "detail" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "alerts_pkey" PRIMARY KEY ("agency_id","kind","subject")
);

-- CreateTable
CREATE TABLE "idempotency_requests" (
    "principal" TEXT NOT NULL,
    "route" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "lease_until" TIMESTAMPTZ(3) NOT NULL,
    "response_status" INTEGER,
    "response_body" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "completed_at" TIMESTAMPTZ(3),

    CONSTRAINT "idempotency_requests_pkey" PRIMARY KEY ("principal","route","key")
);

-- CreateTable
CREATE TABLE "ledger_accounts" (
    "agency_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "code" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "running" BOOLEAN NOT NULL,
    "balance" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "sequence" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "ledger_accounts_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "ledger_transactions" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "reference" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "content_hash" TEXT NOT NULL,
    "entry_count" SMALLINT NOT NULL,
    "source" TEXT NOT NULL,
    "posted_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ledger_transactions_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "ledger_entries" (
    "agency_id" TEXT NOT NULL,
    "transaction_id" TEXT NOT NULL,
    "line" SMALLINT NOT NULL,
    "id" BIGSERIAL NOT NULL,
    "account_id" UUID NOT NULL,
    "currency" TEXT NOT NULL,
    "amount" DECIMAL(20,6) NOT NULL,
    "sequence" BIGINT,
    "balance_after" DECIMAL(20,6),

    CONSTRAINT "ledger_entries_pkey" PRIMARY KEY ("agency_id","transaction_id","line")
);

-- CreateTable
CREATE TABLE "ledger_rollups" (
    "agency_id" TEXT NOT NULL,
    "account_id" UUID NOT NULL,
    "balance" DECIMAL(20,6) NOT NULL,
    "entries" BIGINT NOT NULL,

    CONSTRAINT "ledger_rollups_pkey" PRIMARY KEY ("agency_id","account_id")
);

-- CreateTable
CREATE TABLE "ledger_rollup_cursor" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "through_id" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "ledger_rollup_cursor_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_hash_key" ON "api_keys"("hash");

-- CreateIndex
CREATE INDEX "api_keys_agency_id_idx" ON "api_keys"("agency_id");

-- CreateIndex
CREATE INDEX "customers_id_idx" ON "customers"("id");

-- CreateIndex
CREATE UNIQUE INDEX "customers_agency_id_external_id_key" ON "customers"("agency_id", "external_id");

-- CreateIndex
CREATE INDEX "merchant_accounts_id_idx" ON "merchant_accounts"("id");

-- CreateIndex
CREATE UNIQUE INDEX "merchant_accounts_provider_provider_account_id_key" ON "merchant_accounts"("provider", "provider_account_id");

-- CreateIndex
CREATE INDEX "plans_id_idx" ON "plans"("id");

-- CreateIndex
CREATE UNIQUE INDEX "plan_versions_agency_id_id_key" ON "plan_versions"("agency_id", "id");

-- CreateIndex
CREATE INDEX "catalog_links_agency_id_plan_id_merchant_account_id_idx" ON "catalog_links"("agency_id", "plan_id", "merchant_account_id");

-- CreateIndex
CREATE INDEX "quotes_id_idx" ON "quotes"("id");

-- CreateIndex
CREATE INDEX "orders_id_idx" ON "orders"("id");

-- CreateIndex
CREATE INDEX "orders_agency_id_customer_id_id_idx" ON "orders"("agency_id", "customer_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "orders_agency_id_request_id_key" ON "orders"("agency_id", "request_id");

-- CreateIndex
CREATE UNIQUE INDEX "inbox_events_provider_account_event_id_key" ON "inbox_events"("provider", "account", "event_id");

-- CreateIndex
CREATE UNIQUE INDEX "idempotency_requests_id_key" ON "idempotency_requests"("id");

-- CreateIndex
CREATE INDEX "idempotency_requests_created_at_idx" ON "idempotency_requests"("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "ledger_transactions_agency_id_reference_key" ON "ledger_transactions"("agency_id", "reference");

