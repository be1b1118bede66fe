-- AlterTable
ALTER TABLE "invoices" ADD COLUMN     "external_reference" TEXT;

-- AlterTable
ALTER TABLE "orders" ADD COLUMN     "pack" JSONB,
ADD COLUMN     "tax" DECIMAL(20,6) NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "plan_trials" (
    "agency_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "subscription_id" TEXT NOT NULL,
    "taken_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "plan_trials_pkey" PRIMARY KEY ("agency_id","kind","key")
);

ALTER TABLE plan_trials
  ADD CONSTRAINT plan_trials_agency FOREIGN KEY (agency_id) REFERENCES agencies (id),
  ADD CONSTRAINT plan_trials_kind CHECK (kind IN ('email', 'card'));

ALTER TABLE orders
  DROP CONSTRAINT orders_positive,
  ADD CONSTRAINT orders_positive CHECK (charged > 0 AND rate > 0 AND credited >= 0),
  -- Either balance is sold, and then it is credited, or a pack is, whose payment credits none.
  ADD CONSTRAINT orders_sold CHECK ((kind = 'pack') = (pack IS NOT NULL) AND (kind = 'pack') = (credited = 0)),
  ADD CONSTRAINT orders_pack CHECK (kind <> 'pack' OR plan_id IS NOT NULL),
  ADD CONSTRAINT orders_tax CHECK (tax >= 0 AND tax < charged AND (tax = 0 OR kind = 'pack'));
