-- CreateTable
CREATE TABLE "payment_methods" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "provider_card_id" TEXT NOT NULL,
    "provider_customer_id" TEXT NOT NULL,
    "brand" TEXT NOT NULL,
    "last4" TEXT NOT NULL,
    "exp_month" SMALLINT NOT NULL,
    "exp_year" SMALLINT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "funding" TEXT,
    "country" TEXT,
    "status" TEXT NOT NULL,
    "is_default" BOOLEAN NOT NULL DEFAULT false,
    "default_since" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "verified_at" TIMESTAMPTZ(3),
    "removed_at" TIMESTAMPTZ(3),

    CONSTRAINT "payment_methods_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "card_setups" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "session_url" TEXT,
    "success_url" TEXT NOT NULL,
    "cancel_url" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "card_setups_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "card_verifications" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "payment_method_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "amount" DECIMAL(20,6) NOT NULL,
    "currency" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "provider_payment_id" TEXT,
    "action_url" TEXT,
    "code" TEXT,
    "decline_code" TEXT,
    "message" TEXT,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "placed_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "card_verifications_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "card_attempts" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "card_attempts_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateIndex
CREATE INDEX "payment_methods_id_idx" ON "payment_methods"("id");

-- CreateIndex
CREATE UNIQUE INDEX "payment_methods_agency_id_merchant_account_id_provider_card_key" ON "payment_methods"("agency_id", "merchant_account_id", "provider_card_id");

-- CreateIndex
CREATE UNIQUE INDEX "card_setups_agency_id_request_id_key" ON "card_setups"("agency_id", "request_id");

-- CreateIndex
CREATE INDEX "card_verifications_id_idx" ON "card_verifications"("id");

-- CreateIndex
CREATE INDEX "card_verifications_agency_id_customer_id_id_idx" ON "card_verifications"("agency_id", "customer_id", "id");

-- CreateIndex
CREATE INDEX "card_attempts_agency_id_key_at_idx" ON "card_attempts"("agency_id", "key", "at");


ALTER TABLE payment_methods
  ADD CONSTRAINT payment_methods_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT payment_methods_status CHECK (status IN ('saved', 'verified', 'failed', 'removed')),
  ADD CONSTRAINT payment_methods_default CHECK (NOT is_default OR status = 'verified'),
  ADD CONSTRAINT payment_methods_expiry CHECK (exp_month BETWEEN 1 AND 12);
CREATE UNIQUE INDEX payment_methods_one_default ON payment_methods (agency_id, customer_id) WHERE is_default;
CREATE INDEX payment_methods_of ON payment_methods (agency_id, customer_id, id);

ALTER TABLE card_setups
  ADD CONSTRAINT card_setups_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT card_setups_status CHECK (status IN ('open', 'complete', 'expired'));

ALTER TABLE card_verifications
  ADD CONSTRAINT card_verifications_card FOREIGN KEY (agency_id, payment_method_id) REFERENCES payment_methods (agency_id, id),
  ADD CONSTRAINT card_verifications_status
    CHECK (status IN ('requested', 'placed', 'released', 'failed', 'action_required', 'expired')),
  ADD CONSTRAINT card_verifications_amount CHECK (amount > 0);
-- What a sweeper looks at: a hold is over or it is in here.
CREATE INDEX card_verifications_open ON card_verifications (updated_at) WHERE status IN ('requested', 'placed', 'action_required');
-- One hold of a card at a time.
CREATE UNIQUE INDEX card_verifications_one_open ON card_verifications (agency_id, payment_method_id)
  WHERE status IN ('requested', 'placed', 'action_required');
