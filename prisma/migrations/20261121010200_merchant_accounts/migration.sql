-- AlterTable
ALTER TABLE "merchant_accounts" ADD COLUMN     "chargeable_currencies" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "charges_enabled" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "connected_at" TIMESTAMPTZ(3),
ADD COLUMN     "details_submitted" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "disconnected_at" TIMESTAMPTZ(3),
ADD COLUMN     "disconnected_by" TEXT,
ADD COLUMN     "payouts_enabled" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "read_at" TIMESTAMPTZ(3),
ADD COLUMN     "requirements" JSONB NOT NULL DEFAULT '{}';

-- CreateTable
CREATE TABLE "merchant_account_intents" (
    "agency_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "country" TEXT NOT NULL,
    "charge_currency" TEXT NOT NULL,
    "usd_rate" DECIMAL(12,4) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "merchant_account_intents_pkey" PRIMARY KEY ("agency_id","provider")
);


ALTER TABLE merchant_accounts
  ADD CONSTRAINT merchant_accounts_disconnected_by CHECK (disconnected_by IN ('provider', 'operator')),
  ADD CONSTRAINT merchant_accounts_disconnected CHECK (status = 'disconnected' OR disconnected_by IS NULL);

ALTER TABLE merchant_account_intents
  ADD CONSTRAINT merchant_account_intents_agency FOREIGN KEY (agency_id) REFERENCES agencies (id),
  ADD CONSTRAINT merchant_account_intents_rate CHECK (usd_rate > 0);

-- Somebody without a key, such as a browser that follows a link.
ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_actor;
ALTER TABLE audit_entries ADD CONSTRAINT audit_entries_actor CHECK (actor_role IN ('platform', 'agency', 'portal', 'public'));
