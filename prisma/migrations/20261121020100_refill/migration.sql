-- CreateTable
CREATE TABLE "auto_refills" (
    "agency_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL,
    "threshold" DECIMAL(20,6) NOT NULL,
    "amount" DECIMAL(20,6) NOT NULL,
    "monthly_limit" DECIMAL(20,6),
    "evaluated_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "auto_refills_pkey" PRIMARY KEY ("agency_id","customer_id")
);

-- CreateTable
CREATE TABLE "refills" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "order_id" TEXT NOT NULL,
    "payment_method_id" TEXT NOT NULL,
    "provider_card_id" TEXT NOT NULL,
    "provider_customer_id" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "amount" DECIMAL(20,6) NOT NULL,
    "month" TEXT NOT NULL,
    "provider_payment_id" TEXT,
    "code" TEXT,
    "decline_code" TEXT,
    "message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "refills_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "refill_breakers" (
    "agency_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "kind" TEXT,
    "cause" TEXT,
    "soft_declines" INTEGER NOT NULL,
    "opened_at" TIMESTAMPTZ(3),
    "next_attempt_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "refill_breakers_pkey" PRIMARY KEY ("agency_id","customer_id","fingerprint")
);

-- CreateTable
CREATE TABLE "refill_skips" (
    "agency_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "times" INTEGER NOT NULL,
    "first_at" TIMESTAMPTZ(3) NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "refill_skips_pkey" PRIMARY KEY ("agency_id","customer_id","id")
);

-- CreateIndex
CREATE INDEX "refills_agency_id_customer_id_month_idx" ON "refills"("agency_id", "customer_id", "month");

-- CreateIndex
CREATE UNIQUE INDEX "refills_agency_id_order_id_key" ON "refills"("agency_id", "order_id");


ALTER TABLE auto_refills
  ADD CONSTRAINT auto_refills_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT auto_refills_amounts CHECK (threshold >= 0 AND amount > 0 AND (monthly_limit IS NULL OR monthly_limit >= amount));

ALTER TABLE refills
  ADD CONSTRAINT refills_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT refills_order FOREIGN KEY (agency_id, order_id) REFERENCES orders (agency_id, id),
  ADD CONSTRAINT refills_status CHECK (status IN ('in_flight', 'credited', 'declined', 'refused')),
  ADD CONSTRAINT refills_amount CHECK (amount > 0),
  ADD CONSTRAINT refills_month CHECK (month ~ '^\d{4}-\d{2}$');
-- At most one charge of a client under way, whatever runs at once.
CREATE UNIQUE INDEX refills_one_in_flight ON refills (agency_id, customer_id) WHERE status = 'in_flight';

ALTER TABLE refill_breakers
  ADD CONSTRAINT refill_breakers_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT refill_breakers_state CHECK (state IN ('closed', 'open', 'half_open', 'stopped')),
  ADD CONSTRAINT refill_breakers_next CHECK ((state = 'open') = (next_attempt_at IS NOT NULL));
CREATE INDEX refill_breakers_next_attempt ON refill_breakers (next_attempt_at) WHERE state = 'open';

ALTER TABLE refill_skips
  ADD CONSTRAINT refill_skips_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT refill_skips_times CHECK (times >= 1);
