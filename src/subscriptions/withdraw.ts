import type { CustomerKey } from '../catalog/offer.store.ts';
import { conflict } from '../errors.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { runOperation } from '../providers/operation.ts';
import type { PaymentProvider } from '../providers/port.ts';
import type { ProviderSubscription } from '../providers/subscription-ports.ts';
import { endUnclaimed, openCheckoutOf, type SubscriptionCheckout } from './checkout.store.ts';
import { underWay } from './claim.ts';
import type { BillingDependencies } from './dependencies.ts';
import { standings } from './lifecycle.ts';
import { loadLive } from './subscription.store.ts';

/** `subscribed`: what was begun has come to its end at the provider. `under_way`: somebody may be asking for it now. */
export type Withdrawn = 'ended' | 'subscribed' | 'under_way';

/** Ends what was begun, at its provider first. What was made of it meanwhile stands. */
export async function endCheckoutThere(
  dependencies: BillingDependencies,
  open: SubscriptionCheckout,
): Promise<Withdrawn> {
  const { database, clock, merchantAccounts, providers } = dependencies;
  if (open.claimedUntil !== null && open.claimedUntil > clock.now()) return 'under_way';
  const account = await merchantAccounts.byId(open.merchantAccountId);
  const provider = account && providers[account.provider];
  // Of an account that is away nothing can be asked, and it takes no money for us either.
  if (account && provider && account.status !== 'disconnected') {
    const isMade =
      open.mode === 'api'
        ? (await findMade(dependencies, open, account, provider)) !== null
        : await isCompleteOnceEnded(dependencies, open, account, provider);
    if (isMade) return 'subscribed';
  }
  return (await endUnclaimed(database.pool, open, clock.now())) ? 'ended' : 'under_way';
}

/** The provider's subscription of a checkout, if it made one that was sold. */
export async function findMade(
  { database }: BillingDependencies,
  checkout: SubscriptionCheckout,
  account: MerchantAccount,
  { cardSubscriptions }: PaymentProvider,
): Promise<ProviderSubscription | null> {
  const providerCustomerId = await providerCustomerOf(database, checkout);
  if (providerCustomerId === null || !cardSubscriptions) return null;
  const found = await cardSubscriptions.find(accountRefOf(account), providerCustomerId, checkout.subscriptionId);
  return found !== null && found.endedAt === null && standings[found.status] !== null ? found : null;
}

async function isCompleteOnceEnded(
  { database, operations }: BillingDependencies,
  open: SubscriptionCheckout,
  account: MerchantAccount,
  { checkout: page, subscriptions }: PaymentProvider,
): Promise<boolean> {
  if (!page || !subscriptions) return false;
  const ref = accountRefOf(account);
  const findLost = async (): Promise<string | null> => {
    const providerCustomerId = await providerCustomerOf(database, open);
    if (open.claimedUntil === null || providerCustomerId === null) return null;
    return (await subscriptions.findSession(ref, providerCustomerId, open.id))?.id ?? null;
  };
  const sessionId = open.providerSessionId ?? (await findLost());
  if (sessionId === null) return false;
  const session = await runOperation(operations, {
    id: `subscription_checkout_expire:${open.id}`,
    request: { sessionId },
    call: (idempotencyKey) => page.expireSession(ref, sessionId, { idempotencyKey }),
    lookUp: () => page.retrieveSession(ref, sessionId),
  });
  return session.status === 'complete';
}

/** Null where the account does not know the client: nothing can have been made for it there. */
async function providerCustomerOf(
  { prisma }: BillingDependencies['database'],
  { agencyId, customerId, merchantAccountId }: SubscriptionCheckout,
): Promise<string | null> {
  const known = await prisma.providerCustomer.findUnique({
    where: { agencyId_customerId_merchantAccountId: { agencyId, customerId, merchantAccountId } },
  });
  return known?.providerCustomerId ?? null;
}

/**
 * Ends what another way to subscribe takes the place of. Throws 409 `subscription_exists` where the client subscribed in it meanwhile,
 * and 409 `subscription_under_way` while somebody asks the provider for it.
 */
export async function withdraw(dependencies: BillingDependencies, open: SubscriptionCheckout): Promise<void> {
  const outcome = await endCheckoutThere(dependencies, open);
  if (outcome === 'subscribed') {
    throw conflict('subscription_exists', 'The client has just subscribed in the session that was open.');
  }
  if (outcome === 'under_way') throw underWay();
}

/**
 * Before a start without a page: two ways at once would be paid twice. One beside a live subscription stays, for the start is refused.
 * Throws as `withdraw`.
 */
export async function withdrawOpen(dependencies: BillingDependencies, client: CustomerKey): Promise<void> {
  const { pool } = dependencies.database;
  const open = await openCheckoutOf(pool, client);
  if (open && !(await loadLive(pool, client))) await withdraw(dependencies, open);
}
