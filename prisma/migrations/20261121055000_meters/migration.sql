-- CreateTable
CREATE TABLE "meter_windows" (
    "agency_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "feature" TEXT NOT NULL,
    "holder_id" TEXT NOT NULL,
    "period_start" TIMESTAMPTZ(3) NOT NULL,
    "period_end" TIMESTAMPTZ(3) NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "provider_customer_id" TEXT NOT NULL,
    "meter_id" TEXT,
    "event_name" TEXT NOT NULL,
    "counts" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "rate" DECIMAL(20,6) NOT NULL,
    "target" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "totals_revision" INTEGER NOT NULL DEFAULT 0,
    "revision" INTEGER NOT NULL DEFAULT 0,
    "credited" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(3),
    "blocked_until" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "meter_windows_pkey" PRIMARY KEY ("agency_id","customer_id","feature","holder_id","period_start")
);

-- CreateTable
CREATE TABLE "meter_deliveries" (
    "agency_id" TEXT NOT NULL,
    "identifier" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "feature" TEXT NOT NULL,
    "holder_id" TEXT NOT NULL,
    "period_start" TIMESTAMPTZ(3) NOT NULL,
    "revision" INTEGER NOT NULL,
    "value" DECIMAL(20,6) NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "state" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "may_have_run" BOOLEAN NOT NULL DEFAULT false,
    "next_at" TIMESTAMPTZ(3),
    "delivered_at" TIMESTAMPTZ(3),
    "code" TEXT,
    "message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "meter_deliveries_pkey" PRIMARY KEY ("agency_id","identifier")
);

-- CreateTable
CREATE TABLE "meter_differences" (
    "agency_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "meter_id" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "feature" TEXT NOT NULL,
    "sent" DECIMAL(20,6) NOT NULL,
    "counted" DECIMAL(20,6) NOT NULL,
    "resent_at" TIMESTAMPTZ(3),
    "checked_at" TIMESTAMPTZ(3) NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "meter_differences_pkey" PRIMARY KEY ("agency_id","customer_id","merchant_account_id","meter_id","day")
);

-- CreateIndex
CREATE INDEX "meter_deliveries_identifier_idx" ON "meter_deliveries"("identifier");

-- CreateIndex
CREATE UNIQUE INDEX "meter_deliveries_agency_id_customer_id_feature_holder_id_pe_key" ON "meter_deliveries"("agency_id", "customer_id", "feature", "holder_id", "period_start", "revision");


ALTER TABLE meter_windows
  ADD CONSTRAINT meter_windows_totals FOREIGN KEY (agency_id, customer_id, feature, holder_id, period_start)
    REFERENCES usage_totals (agency_id, customer_id, feature, holder_id, period_start),
  ADD CONSTRAINT meter_windows_counts CHECK (counts IN ('units', 'steps')),
  ADD CONSTRAINT meter_windows_not_negative CHECK (target >= 0 AND credited >= 0 AND rate > 0);
CREATE INDEX meter_windows_due ON meter_windows (next_at) WHERE next_at IS NOT NULL;

-- `withdrawn`: it was never sent. `unbillable`: the provider no longer takes it.
ALTER TABLE meter_deliveries
  ADD CONSTRAINT meter_deliveries_window FOREIGN KEY (agency_id, customer_id, feature, holder_id, period_start)
    REFERENCES meter_windows (agency_id, customer_id, feature, holder_id, period_start),
  ADD CONSTRAINT meter_deliveries_state
    CHECK (state IN ('pending', 'delivered', 'canceling', 'canceled', 'withdrawn', 'refused', 'unbillable')),
  ADD CONSTRAINT meter_deliveries_value CHECK (value > 0),
  ADD CONSTRAINT meter_deliveries_due CHECK ((next_at IS NOT NULL) = (state IN ('pending', 'canceling'))),
  ADD CONSTRAINT meter_deliveries_delivered CHECK (state NOT IN ('delivered', 'canceling') OR delivered_at IS NOT NULL);
CREATE INDEX meter_deliveries_due ON meter_deliveries (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX meter_deliveries_delivered ON meter_deliveries (at) WHERE state = 'delivered';

ALTER TABLE meter_differences
  ADD CONSTRAINT meter_differences_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id);
CREATE INDEX meter_differences_open ON meter_differences (agency_id, day) WHERE resolved_at IS NULL;

-- What is collected by invoice, and since when, never changes: a rating does not touch this index.
CREATE INDEX usage_totals_invoiced ON usage_totals (period_start) WHERE collect = 'invoice';
