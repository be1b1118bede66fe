-- AlterTable
ALTER TABLE "merchant_accounts" ADD COLUMN     "payments_asked_until" TIMESTAMPTZ(3);
