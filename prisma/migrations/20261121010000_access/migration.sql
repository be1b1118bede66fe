-- CreateTable
CREATE TABLE "portal_sessions" (
    "id" TEXT NOT NULL,
    "agency_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "token_id" TEXT,
    "hash" TEXT NOT NULL,
    "code_hash" TEXT,
    "code_expires_at" TIMESTAMPTZ(3),
    "code_used_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "portal_sessions_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "portal_sessions_hash_key" ON "portal_sessions"("hash");

-- CreateIndex
CREATE UNIQUE INDEX "portal_sessions_code_hash_key" ON "portal_sessions"("code_hash");

-- CreateIndex
CREATE INDEX "portal_sessions_agency_id_customer_id_id_idx" ON "portal_sessions"("agency_id", "customer_id", "id");

-- CreateIndex
CREATE INDEX "portal_sessions_token_id_idx" ON "portal_sessions"("token_id");

-- A token is issued and carries a link; a session is what a link was exchanged for, and ends with its token's withdrawal.
ALTER TABLE portal_sessions
  ADD CONSTRAINT portal_sessions_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT portal_sessions_token FOREIGN KEY (token_id) REFERENCES portal_sessions (id) ON DELETE CASCADE,
  ADD CONSTRAINT portal_sessions_kind CHECK (kind IN ('token', 'session')),
  ADD CONSTRAINT portal_sessions_link CHECK ((kind = 'token') = (code_hash IS NOT NULL AND code_expires_at IS NOT NULL)),
  ADD CONSTRAINT portal_sessions_origin CHECK ((kind = 'session') = (token_id IS NOT NULL)),
  ADD CONSTRAINT portal_sessions_ends CHECK (expires_at > created_at);
