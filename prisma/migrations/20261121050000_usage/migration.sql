-- CreateTable
CREATE TABLE "usage_events" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "feature" TEXT NOT NULL,
    "quantity" DECIMAL(20,6) NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "session_id" TEXT,
    "reverses" TEXT,
    "content_hash" TEXT NOT NULL,
    "rated_at" TIMESTAMPTZ(3) NOT NULL,
    "holder_id" TEXT NOT NULL,
    "period_start" TIMESTAMPTZ(3) NOT NULL,
    "free" DECIMAL(20,6) NOT NULL,
    "add_on" DECIMAL(20,6) NOT NULL,
    "overage" DECIMAL(20,6) NOT NULL,
    "cost" DECIMAL(20,6) NOT NULL,
    "tax" DECIMAL(20,6) NOT NULL,
    "reversed" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "draw" TEXT,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "usage_events_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "usage_totals" (
    "agency_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "feature" TEXT NOT NULL,
    "holder_id" TEXT NOT NULL,
    "period_start" TIMESTAMPTZ(3) NOT NULL,
    "period_end" TIMESTAMPTZ(3) NOT NULL,
    "plan_agency_id" TEXT,
    "plan_id" TEXT,
    "plan_version" INTEGER,
    "collect" TEXT NOT NULL,
    "included" DECIMAL(20,6) NOT NULL,
    "used" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "late" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "free" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "add_on" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "overage" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "cost" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "tax" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "revision" INTEGER NOT NULL DEFAULT 0,
    "events" INTEGER NOT NULL DEFAULT 0,
    "through_at" TIMESTAMPTZ(3),
    "through_id" TEXT,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "usage_totals_pkey" PRIMARY KEY ("agency_id","customer_id","feature","holder_id","period_start")
);

-- CreateTable
CREATE TABLE "licence_draws" (
    "agency_id" TEXT NOT NULL,
    "licence_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "holder_id" TEXT NOT NULL,
    "period_start" TIMESTAMPTZ(3) NOT NULL,
    "quantity" DECIMAL(20,6) NOT NULL,

    CONSTRAINT "licence_draws_pkey" PRIMARY KEY ("agency_id","licence_id","holder_id","period_start")
);

-- CreateTable
CREATE TABLE "service_states" (
    "agency_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "reason" TEXT,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "low_since" TIMESTAMPTZ(3),
    "revision" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "service_states_pkey" PRIMARY KEY ("agency_id","customer_id")
);

-- CreateTable
CREATE TABLE "gate_sessions" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "feature" TEXT NOT NULL,
    "call_id" TEXT NOT NULL,
    "affordable" DECIMAL(20,6),
    "slots_used" INTEGER NOT NULL,
    "slots_limit" INTEGER,
    "held_quantity" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "held_amount" DECIMAL(20,6) NOT NULL DEFAULT 0,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "gate_sessions_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateIndex
CREATE INDEX "usage_events_agency_id_customer_id_feature_rated_at_id_idx" ON "usage_events"("agency_id", "customer_id", "feature", "rated_at", "id");

-- CreateIndex
CREATE INDEX "usage_totals_agency_id_period_start_idx" ON "usage_totals"("agency_id", "period_start");

-- CreateIndex
CREATE INDEX "licence_draws_agency_id_customer_id_idx" ON "licence_draws"("agency_id", "customer_id");

-- CreateIndex
CREATE INDEX "gate_sessions_id_idx" ON "gate_sessions"("id");


-- An event has no foreign key of its own: its totals have one, and are locked before it is added.
ALTER TABLE usage_events
  ADD CONSTRAINT usage_events_negative_only_reverses CHECK ((quantity < 0) = (reverses IS NOT NULL)),
  ADD CONSTRAINT usage_events_reversed CHECK (reversed >= 0 AND reversed <= greatest(quantity, 0));

ALTER TABLE usage_totals
  ADD CONSTRAINT usage_totals_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT usage_totals_period CHECK (period_end > period_start),
  ADD CONSTRAINT usage_totals_collect CHECK (collect IN ('balance', 'invoice')),
  ADD CONSTRAINT usage_totals_not_negative CHECK (free >= 0 AND add_on >= 0 AND overage >= 0 AND cost >= 0 AND tax >= 0),
  ADD CONSTRAINT usage_totals_through CHECK ((through_at IS NULL) = (through_id IS NULL));

ALTER TABLE licence_draws
  ADD CONSTRAINT licence_draws_licence FOREIGN KEY (agency_id, licence_id) REFERENCES licences (agency_id, id),
  ADD CONSTRAINT licence_draws_positive CHECK (quantity >= 0);

ALTER TABLE service_states
  ADD CONSTRAINT service_states_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT service_states_state CHECK (state IN ('open', 'paused')),
  ADD CONSTRAINT service_states_reason CHECK ((state = 'paused') = (reason IS NOT NULL));

ALTER TABLE gate_sessions
  ADD CONSTRAINT gate_sessions_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT gate_sessions_held CHECK (held_quantity >= 0 AND held_amount >= 0),
  ADD CONSTRAINT gate_sessions_lease CHECK (expires_at > started_at);
-- One live call of a name; whose lease ran out is ended before another takes the name.
CREATE UNIQUE INDEX gate_sessions_one_live_call ON gate_sessions (agency_id, customer_id, call_id) WHERE ended_at IS NULL;
-- The slots that are taken, by client and by agency.
CREATE INDEX gate_sessions_live ON gate_sessions (agency_id, customer_id, expires_at) WHERE ended_at IS NULL;
-- What is held, until ten minutes after the end.
CREATE INDEX gate_sessions_held_of_client ON gate_sessions (agency_id, customer_id) WHERE held_quantity > 0 OR held_amount > 0;
