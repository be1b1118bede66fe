-- CreateIndex
CREATE INDEX "usage_events_agency_id_customer_id_rated_at_id_idx" ON "usage_events"("agency_id", "customer_id", "rated_at", "id");
