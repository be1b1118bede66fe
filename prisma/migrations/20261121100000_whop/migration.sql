-- CreateTable
CREATE TABLE "provider_credentials" (
    "agency_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "sealed_api_key" TEXT,
    "sealed_webhook_secret" TEXT,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "provider_credentials_pkey" PRIMARY KEY ("agency_id","merchant_account_id")
);

-- CreateIndex
CREATE INDEX "provider_credentials_merchant_account_id_idx" ON "provider_credentials"("merchant_account_id");


ALTER TABLE provider_credentials
  ADD CONSTRAINT provider_credentials_account
    FOREIGN KEY (agency_id, merchant_account_id) REFERENCES merchant_accounts (agency_id, id),
  ADD CONSTRAINT provider_credentials_something
    CHECK (sealed_api_key IS NOT NULL OR sealed_webhook_secret IS NOT NULL);
