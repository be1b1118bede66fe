-- AlterTable
ALTER TABLE "settled_payments" ADD COLUMN     "card_brand" TEXT,
ADD COLUMN     "card_last4" TEXT;

-- AlterTable
ALTER TABLE "orders" ADD COLUMN     "receipted_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "refunds" ADD COLUMN     "receipted_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "invoices" ADD COLUMN     "receipted_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "receipts" (
    "agency_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "number" BIGINT NOT NULL,
    "subject" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "document" JSONB NOT NULL,
    "pdf" BYTEA,
    "issued_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "receipts_pkey" PRIMARY KEY ("agency_id","id")
);

-- CreateTable
CREATE TABLE "receipt_counters" (
    "agency_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "last" BIGINT NOT NULL,

    CONSTRAINT "receipt_counters_pkey" PRIMARY KEY ("agency_id","kind")
);

-- CreateIndex
CREATE UNIQUE INDEX "receipts_agency_id_kind_number_key" ON "receipts"("agency_id", "kind", "number");

-- CreateIndex
CREATE UNIQUE INDEX "receipts_agency_id_kind_subject_key" ON "receipts"("agency_id", "kind", "subject");


ALTER TABLE receipts
  ADD CONSTRAINT receipts_customer FOREIGN KEY (agency_id, customer_id) REFERENCES customers (agency_id, id),
  ADD CONSTRAINT receipts_kind CHECK (kind IN ('receipt', 'credit_note', 'statement')),
  ADD CONSTRAINT receipts_number CHECK (number > 0);

ALTER TABLE receipt_counters
  ADD CONSTRAINT receipt_counters_agency FOREIGN KEY (agency_id) REFERENCES agencies (id),
  ADD CONSTRAINT receipt_counters_last CHECK (last >= 0);

-- A document never changes: its bytes are added once, and nothing else.
CREATE FUNCTION refuse_receipt_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.pdf IS NULL AND to_jsonb(NEW) - 'pdf' = to_jsonb(OLD) - 'pdf' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'a receipt never changes';
END $$;
CREATE TRIGGER receipts_stay BEFORE UPDATE OR DELETE ON receipts FOR EACH ROW EXECUTE FUNCTION refuse_receipt_change();

-- What has no number yet.
CREATE INDEX orders_unreceipted ON orders (agency_id, paid_at, id)
  WHERE receipted_at IS NULL AND paid_at IS NOT NULL AND status IN ('paid', 'refunded', 'partially_refunded');
CREATE INDEX refunds_unreceipted ON refunds (agency_id, requested_at, id) WHERE receipted_at IS NULL AND status = 'succeeded';
CREATE INDEX invoices_unreceipted ON invoices (agency_id, paid_at, id)
  WHERE receipted_at IS NULL AND status = 'paid' AND total > 0
    AND (kind = 'offline' OR amount_paid = 0 OR cardinality(payment_ids) = 0);

-- The payment of an order, with the card that paid it.
CREATE INDEX settled_payments_order ON settled_payments (agency_id, order_id);
