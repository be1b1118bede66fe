-- AlterTable
ALTER TABLE "settled_payments" ADD COLUMN     "told_at" TIMESTAMPTZ(3);

