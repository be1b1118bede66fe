-- AlterTable
ALTER TABLE "orders" ADD COLUMN     "overage" DECIMAL(20,6) NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "refunds" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "order_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "provider_payment_id" TEXT NOT NULL,
    "provider_refund_id" TEXT,
    "origin" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "credited" DECIMAL(20,6) NOT NULL,
    "charged" DECIMAL(20,6) NOT NULL,
    "charge_currency" TEXT NOT NULL,
    "failure" TEXT,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "refunds_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "disputes" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "order_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "provider_payment_id" TEXT NOT NULL,
    "provider_dispute_id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "is_inquiry" BOOLEAN NOT NULL,
    "amount" DECIMAL(20,6) NOT NULL,
    "currency" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "answer_due_at" TIMESTAMPTZ(3),
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "disputes_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "reversals" (
    "agency_id" TEXT NOT NULL,
    "reference" TEXT NOT NULL,
    "order_id" TEXT NOT NULL,
    "provider_payment_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "credited" DECIMAL(20,6) NOT NULL,
    "charged" DECIMAL(20,6) NOT NULL,
    "settled" DECIMAL(20,6) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "reversals_pkey" PRIMARY KEY ("agency_id","reference")
);

-- CreateIndex
CREATE INDEX "refunds_id_idx" ON "refunds"("id");

-- CreateIndex
CREATE INDEX "refunds_agency_id_order_id_idx" ON "refunds"("agency_id", "order_id");

-- CreateIndex
CREATE INDEX "refunds_agency_id_customer_id_id_idx" ON "refunds"("agency_id", "customer_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "refunds_agency_id_merchant_account_id_provider_refund_id_key" ON "refunds"("agency_id", "merchant_account_id", "provider_refund_id");

-- CreateIndex
CREATE INDEX "disputes_agency_id_order_id_idx" ON "disputes"("agency_id", "order_id");

-- CreateIndex
CREATE UNIQUE INDEX "disputes_agency_id_merchant_account_id_provider_dispute_id_key" ON "disputes"("agency_id", "merchant_account_id", "provider_dispute_id");

-- CreateIndex
CREATE INDEX "reversals_agency_id_order_id_idx" ON "reversals"("agency_id", "order_id");


-- An invoice owes tax too: what is given back of it gives back its part.
ALTER TABLE orders
  DROP CONSTRAINT orders_tax,
  ADD CONSTRAINT orders_tax CHECK (tax >= 0 AND tax < charged AND (tax = 0 OR kind IN ('pack', 'invoice'))),
  ADD CONSTRAINT orders_overage CHECK (overage >= 0 AND tax + overage <= charged AND (overage = 0 OR kind = 'invoice'));

ALTER TABLE refunds
  ADD CONSTRAINT refunds_order FOREIGN KEY (agency_id, order_id) REFERENCES orders (agency_id, id),
  ADD CONSTRAINT refunds_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT refunds_origin CHECK (origin IN ('api', 'provider')),
  ADD CONSTRAINT refunds_status CHECK (status IN ('pending', 'requires_action', 'succeeded', 'failed', 'canceled')),
  ADD CONSTRAINT refunds_made CHECK (origin = 'api' OR provider_refund_id IS NOT NULL),
  ADD CONSTRAINT refunds_amounts CHECK (charged > 0 AND credited >= 0);

-- What is still to be sent to the provider.
CREATE INDEX refunds_unsent ON refunds (requested_at) WHERE provider_refund_id IS NULL AND status = 'pending';

ALTER TABLE disputes
  ADD CONSTRAINT disputes_order FOREIGN KEY (agency_id, order_id) REFERENCES orders (agency_id, id),
  ADD CONSTRAINT disputes_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT disputes_amount CHECK (amount >= 0),
  ADD CONSTRAINT disputes_status
    CHECK (status IN ('needs_response', 'under_review', 'won', 'lost', 'closed', 'prevented', 'other'));

ALTER TABLE reversals
  ADD CONSTRAINT reversals_order FOREIGN KEY (agency_id, order_id) REFERENCES orders (agency_id, id),
  ADD CONSTRAINT reversals_kind CHECK (kind IN ('refund', 'dispute', 'late_failure', 'arrival', 'share')),
  ADD CONSTRAINT reversals_moves CHECK (kind NOT IN ('arrival', 'share') OR (credited = 0 AND charged = 0 AND settled = 0));
