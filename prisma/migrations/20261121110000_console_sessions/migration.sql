-- CreateTable
CREATE TABLE "console_sessions" (
    "id" TEXT NOT NULL,
    "agency_id" TEXT NOT NULL,
    "key_id" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "console_sessions_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "console_sessions_hash_key" ON "console_sessions"("hash");

-- CreateIndex
CREATE INDEX "console_sessions_agency_id_id_idx" ON "console_sessions"("agency_id", "id");

-- CreateIndex
CREATE INDEX "console_sessions_key_id_idx" ON "console_sessions"("key_id");

-- What a key was exchanged for: it is good for what its key is, and no longer than it.
ALTER TABLE console_sessions
  ADD CONSTRAINT console_sessions_key FOREIGN KEY (key_id) REFERENCES api_keys (id),
  ADD CONSTRAINT console_sessions_agency FOREIGN KEY (agency_id) REFERENCES agencies (id),
  ADD CONSTRAINT console_sessions_ends CHECK (expires_at > created_at);
