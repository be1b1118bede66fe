-- Decided when the client's way to a subscription is stored: whoever asks the provider again asks for the same.
ALTER TABLE "subscription_checkouts" ADD COLUMN "trial_days" INTEGER;

ALTER TABLE subscription_checkouts ADD CONSTRAINT subscription_checkouts_trial CHECK (trial_days > 0);
