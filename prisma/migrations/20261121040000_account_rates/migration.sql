-- AlterTable
ALTER TABLE "merchant_accounts" ADD COLUMN     "earlier_rates" JSONB NOT NULL DEFAULT '{}';

