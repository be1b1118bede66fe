-- CreateIndex
CREATE INDEX "quota_periods_opened_at_idx" ON "quota_periods"("opened_at");


-- Calls of an agency's clients together; the older one leads with the client.
CREATE INDEX gate_sessions_live_of_agency ON gate_sessions (agency_id, expires_at) WHERE ended_at IS NULL;
