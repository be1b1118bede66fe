-- CreateTable
CREATE TABLE "subscriptions" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "plan_agency_id" TEXT NOT NULL,
    "plan_id" TEXT NOT NULL,
    "plan_version" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "cycle" TEXT,
    "merchant_account_id" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "subscriptions_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateIndex
CREATE INDEX "subscriptions_id_idx" ON "subscriptions"("id");

-- CreateIndex
CREATE INDEX "subscriptions_agency_id_customer_id_id_idx" ON "subscriptions"("agency_id", "customer_id", "id");

-- The plan and the account have no foreign key, for a resold plan and the account that sells it may be the platform's: rows
-- of another tenant. A published version is never deleted, nor is a plan in use; both are held while a sale is recorded.
ALTER TABLE subscriptions
  ADD CONSTRAINT subscriptions_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT subscriptions_status CHECK (status IN ('trialing', 'active', 'past_due', 'paused', 'canceled', 'expired')),
  ADD CONSTRAINT subscriptions_ended CHECK ((ended_at IS NULL) = (status NOT IN ('canceled', 'expired'))),
  ADD CONSTRAINT subscriptions_ended_after_start CHECK (ended_at >= started_at),
  ADD CONSTRAINT subscriptions_cycle CHECK (cycle IN ('monthly', 'quarterly', 'yearly')),
  ADD CONSTRAINT subscriptions_plan_version CHECK (plan_version >= 1);

-- One live subscription per client.
CREATE UNIQUE INDEX subscriptions_one_live ON subscriptions (agency_id, customer_id) WHERE ended_at IS NULL;
-- Is a plan in use.
CREATE INDEX subscriptions_live_on_plan ON subscriptions (plan_agency_id, plan_id) WHERE ended_at IS NULL;

-- AlterTable
ALTER TABLE "catalog_links" ADD COLUMN     "revision" INTEGER NOT NULL DEFAULT 1;
