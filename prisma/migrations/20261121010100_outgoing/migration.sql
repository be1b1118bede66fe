-- CreateTable
CREATE TABLE "webhook_endpoints" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "description" TEXT,
    "event_types" TEXT[],
    "secret" TEXT NOT NULL,
    "previous_secret" TEXT,
    "previous_secret_until" TIMESTAMPTZ(3),
    "disabled_at" TIMESTAMPTZ(3),
    "disabled_reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "webhook_endpoints_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "outgoing_deliveries" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "endpoint_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "fact" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "claim_token" TEXT,
    "response_status" INTEGER,
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "delivered_at" TIMESTAMPTZ(3),

    CONSTRAINT "outgoing_deliveries_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "notices" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "fact" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "from_name" TEXT NOT NULL,
    "reply_to" TEXT,
    "subject" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "html" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "claim_token" TEXT,
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "sent_at" TIMESTAMPTZ(3),

    CONSTRAINT "notices_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateIndex
CREATE INDEX "webhook_endpoints_id_idx" ON "webhook_endpoints"("id");

-- CreateIndex
CREATE UNIQUE INDEX "outgoing_deliveries_agency_id_endpoint_id_type_fact_key" ON "outgoing_deliveries"("agency_id", "endpoint_id", "type", "fact");

-- CreateIndex
CREATE INDEX "notices_agency_id_customer_id_id_idx" ON "notices"("agency_id", "customer_id", "id");

-- CreateIndex
CREATE INDEX "notices_id_idx" ON "notices"("id");

-- CreateIndex
CREATE UNIQUE INDEX "notices_agency_id_kind_fact_key" ON "notices"("agency_id", "kind", "fact");


ALTER TABLE webhook_endpoints
  ADD CONSTRAINT webhook_endpoints_agency FOREIGN KEY (agency_id) REFERENCES agencies (id),
  ADD CONSTRAINT webhook_endpoints_types CHECK (cardinality(event_types) > 0);

ALTER TABLE outgoing_deliveries
  ADD CONSTRAINT outgoing_deliveries_endpoint FOREIGN KEY (agency_id, endpoint_id)
    REFERENCES webhook_endpoints (agency_id, id) ON DELETE CASCADE,
  ADD CONSTRAINT outgoing_deliveries_status CHECK (status IN ('pending', 'delivered', 'failed'));
-- `due_at` is when a delivery may next be claimed; a claim moves it to the claim's end, so that a dead sender's come back.
CREATE INDEX outgoing_deliveries_due ON outgoing_deliveries (due_at) WHERE status = 'pending';
CREATE INDEX outgoing_deliveries_of ON outgoing_deliveries (agency_id, endpoint_id, id);

ALTER TABLE notices
  ADD CONSTRAINT notices_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT notices_status CHECK (status IN ('queued', 'sent', 'failed', 'kept'));
CREATE INDEX notices_due ON notices (due_at) WHERE status = 'queued';
