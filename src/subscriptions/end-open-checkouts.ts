import { AppError } from '../errors.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { dueCheckouts, type SubscriptionCheckout, saveSession } from './checkout.store.ts';
import type { BillingDependencies } from './dependencies.ts';
import { withdraw } from './subscribe.ts';

/**
 * Ends the sessions past their expiry at providers that end none themselves. One in which the client subscribed meanwhile is left to
 * its payment, which completes it.
 */
export async function endOpenCheckouts(dependencies: BillingDependencies): Promise<void> {
  const { database, clock, providers, onFailure } = dependencies;
  const staysOpen = Object.values(providers).flatMap(({ name, checkout }) =>
    checkout?.sessionsStayOpen ? [name] : [],
  );
  if (staysOpen.length === 0) return;
  for (const checkout of await dueCheckouts(database.pool, staysOpen, clock.now())) {
    await end(dependencies, checkout).catch((error: unknown) => {
      if (!(error instanceof AppError)) onFailure(checkout.subscriptionId, error);
    });
  }
}

async function end(dependencies: BillingDependencies, checkout: SubscriptionCheckout): Promise<void> {
  await withdraw(dependencies, checkout.providerSessionId === null ? await found(dependencies, checkout) : checkout);
}

/** A call that was lost may have made a session, which stays payable as long as nobody ends it. */
async function found(dependencies: BillingDependencies, checkout: SubscriptionCheckout): Promise<SubscriptionCheckout> {
  const { database, clock, providers, merchantAccounts } = dependencies;
  const account = await merchantAccounts.byId(checkout.merchantAccountId);
  const port = account && providers[account.provider]?.subscriptions;
  const session = port && (await port.findSession(accountRefOf(account), checkout.customerId, checkout.id));
  if (!session) return checkout;
  await saveSession(database.pool, checkout, session, clock.now());
  return { ...checkout, providerSessionId: session.id };
}
