-- CreateTable
CREATE TABLE "reconciliation_runs" (
    "id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "merchant_account_id" TEXT,
    "reports" JSONB NOT NULL DEFAULT '[]',
    "error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "reconciliation_runs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "reconciliation_cursors" (
    "merchant_account_id" TEXT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "reconciliation_cursors_pkey" PRIMARY KEY ("merchant_account_id")
);

-- CreateTable
CREATE TABLE "reconciliation_findings" (
    "merchant_account_id" TEXT NOT NULL,
    "class" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "run_id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "detail" JSONB NOT NULL,
    "found_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "reconciliation_findings_pkey" PRIMARY KEY ("merchant_account_id","class","subject")
);

-- CreateIndex
CREATE INDEX "reconciliation_findings_run_id_idx" ON "reconciliation_findings"("run_id");


ALTER TABLE reconciliation_runs
  ADD CONSTRAINT reconciliation_runs_status CHECK (status IN ('waiting', 'running', 'done', 'failed')),
  ADD CONSTRAINT reconciliation_runs_end CHECK ((status IN ('done', 'failed')) = (ended_at IS NOT NULL));

ALTER TABLE reconciliation_findings
  ADD CONSTRAINT reconciliation_findings_status CHECK (status IN ('repaired', 'raised', 'resolved')),
  ADD CONSTRAINT reconciliation_findings_end CHECK ((status = 'raised') = (ended_at IS NULL));

CREATE INDEX reconciliation_findings_raised ON reconciliation_findings (class) WHERE status = 'raised';
