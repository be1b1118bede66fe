-- CreateTable
CREATE TABLE "offers" (
    "agency_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "plan_ids" TEXT[],
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "offers_pkey" PRIMARY KEY ("agency_id","customer_id")
);

-- CreateTable
CREATE TABLE "agency_offers" (
    "agency_id" TEXT NOT NULL,
    "plan_ids" TEXT[],
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "agency_offers_pkey" PRIMARY KEY ("agency_id")
);

-- CreateTable
CREATE TABLE "audit_entries" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor_role" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "before" JSONB,
    "after" JSONB,

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateIndex
CREATE INDEX "audit_entries_subject_id_idx" ON "audit_entries"("subject", "id");

-- CreateIndex
CREATE INDEX "audit_entries_id_idx" ON "audit_entries"("id");

-- The row says that a client has offers of its own, even when it names no plan: an empty list is not an absent one.
ALTER TABLE offers
  ADD CONSTRAINT offers_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT offers_plan_ids CHECK (plan_ids IS NOT NULL);

ALTER TABLE agency_offers
  ADD CONSTRAINT agency_offers_agency FOREIGN KEY (agency_id) REFERENCES agencies (id),
  ADD CONSTRAINT agency_offers_plan_ids CHECK (plan_ids IS NOT NULL);

ALTER TABLE audit_entries ADD CONSTRAINT audit_entries_actor CHECK (actor_role IN ('platform', 'agency', 'portal'));

CREATE FUNCTION keep_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: what was done stays written', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_entries_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_entries();
