import { inTransaction } from '../database/database.ts';
import { type ApplyDependencies, applyReading } from './apply-subscription-events.ts';
import { endUnclaimed, lapsedCheckouts, type SubscriptionCheckout } from './checkout.store.ts';
import { endCheckoutThere, findMade } from './withdraw.ts';

const batchSize = 100;

/**
 * Ends the checkouts whose time is over and of whose end nobody told. What was made of one at its provider is applied as if its event
 * had come; one that was completed without that, such as a card saved for a subscription that could not be made, is over too.
 */
export async function endLapsedCheckouts(dependencies: ApplyDependencies): Promise<void> {
  const { database, clock, onFailure } = dependencies;
  const now = clock.now();
  for (let after: SubscriptionCheckout | undefined; ; ) {
    const page = await lapsedCheckouts(database.pool, now, { limit: batchSize, after });
    for (const checkout of page) {
      await decide(dependencies, checkout).catch((error: unknown) => onFailure(checkout.subscriptionId, error));
    }
    after = page.at(-1);
    if (page.length < batchSize) return;
  }
}

async function decide(dependencies: ApplyDependencies, checkout: SubscriptionCheckout): Promise<void> {
  if ((await endCheckoutThere(dependencies, checkout)) !== 'subscribed') return;
  const { database, clock, merchantAccounts, providers } = dependencies;
  const { agencyId, subscriptionId } = checkout;
  const account = await merchantAccounts.byId(checkout.merchantAccountId);
  const provider = account && providers[account.provider];
  // Where nothing is found by our id it is left to its payment, which completes it.
  if (account && provider && !provider.cardSubscriptions) return;
  const readAt = clock.now();
  const subscription = account && provider && (await findMade(dependencies, checkout, account, provider));
  await inTransaction(database.pool, async (sql) => {
    if (account && subscription) {
      const event = {
        ...{ provider: account.provider, providerAccountId: account.providerAccountId, agencyId, subscriptionId },
        ...{ subscription, reading: null, trialWillEnd: false, trialCard: null, readAt },
      };
      await applyReading(dependencies, sql, event, { account, checkout, source: 'provider:answer' });
    }
    // Where the reading made it complete, there is nothing left to end.
    await endUnclaimed(sql, checkout, clock.now());
  });
}
