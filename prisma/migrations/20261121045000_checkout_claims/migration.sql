-- AlterTable
ALTER TABLE "subscription_checkouts" ADD COLUMN     "claimed_until" TIMESTAMPTZ(3),
ADD COLUMN     "lines" JSONB;

-- AlterTable
ALTER TABLE "subscription_changes" ADD COLUMN     "carried_at" TIMESTAMPTZ(3),
ADD COLUMN     "lines" JSONB;

-- What the schedulers look at.
CREATE INDEX subscription_checkouts_due ON subscription_checkouts (expires_at) WHERE status = 'open';
CREATE INDEX subscription_changes_uncarried ON subscription_changes (agency_id, subscription_id)
  WHERE status = 'pending' AND carried_at IS NULL;
CREATE INDEX subscriptions_end_wanted ON subscriptions (agency_id, id) WHERE ended_at IS NULL AND end_wanted IS NOT NULL;
