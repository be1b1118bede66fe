-- A tax rate or a meter serves several plans of an agency in one account, so that a remote object may have one link per plan.
ALTER TABLE "catalog_links" DROP CONSTRAINT "catalog_links_pkey";
ALTER TABLE "catalog_links" ADD CONSTRAINT "catalog_links_pkey" PRIMARY KEY ("agency_id","merchant_account_id","plan_id","remote_id");
ALTER TABLE catalog_links DROP CONSTRAINT catalog_links_kind;
ALTER TABLE catalog_links
  ADD CONSTRAINT catalog_links_kind CHECK (kind IN ('product', 'price', 'tax_rate', 'meter'));

-- CreateTable
CREATE TABLE "drift_findings" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "remote_id" TEXT NOT NULL,
    "plan_id" TEXT,
    "key" TEXT,
    "problem" TEXT NOT NULL,
    "differences" JSONB NOT NULL,
    "observation" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "found_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "drift_findings_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "drift_checks" (
    "agency_id" TEXT NOT NULL,
    "merchant_account_id" TEXT NOT NULL,
    "checked_at" TIMESTAMPTZ(3) NOT NULL,
    "foreign_objects" INTEGER NOT NULL,
    "failure" TEXT,

    CONSTRAINT "drift_checks_pkey" PRIMARY KEY ("agency_id","merchant_account_id")
);

-- CreateIndex
CREATE INDEX "drift_findings_id_idx" ON "drift_findings"("id");

-- CreateIndex
CREATE UNIQUE INDEX "drift_findings_agency_id_merchant_account_id_kind_remote_id_key" ON "drift_findings"("agency_id", "merchant_account_id", "kind", "remote_id");

-- CreateIndex
CREATE INDEX "catalog_links_merchant_account_id_idx" ON "catalog_links"("merchant_account_id");

ALTER TABLE drift_findings
  ADD CONSTRAINT drift_findings_kind CHECK (kind IN ('product', 'price', 'tax_rate', 'meter')),
  ADD CONSTRAINT drift_findings_problem CHECK (problem IN ('edited', 'archived', 'deleted', 'unknown')),
  ADD CONSTRAINT drift_findings_status CHECK (status IN ('open', 'ignored', 'adopted', 'restored', 'resolved'));
ALTER TABLE drift_checks ADD CONSTRAINT drift_checks_foreign CHECK (foreign_objects >= 0);
