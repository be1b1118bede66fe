import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { Order } from '../database/generated/client.ts';
import { accountRefOf, type MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import type { HostedSession, Providers } from '../providers/port.ts';
import { nextStatus, onHostedPages } from './order.ts';
import { checkoutOf } from './quote-top-up.ts';

/** Orders read at once. */
const pageSize = 100;

interface Dependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  /** Told of an order that could not be decided now; the next run tries again. */
  readonly onFailure: (orderId: string, error: unknown) => void;
}

export type ExpireLostOrders = () => Promise<void>;

/**
 * Ends the orders whose session we never heard of: the call was lost and nobody repeated it. Past their expiry no session can
 * be made for them any more, so the provider's list decides. One that is there is stored, and expires by its own event; proven
 * absence expires the order.
 */
export function createExpireLostOrders(dependencies: Dependencies): ExpireLostOrders {
  const { database, clock, onFailure } = dependencies;
  return async () => {
    const now = clock.now();
    let after = '';
    for (;;) {
      const page = await database.prisma.order.findMany({
        where: {
          kind: { in: [...onHostedPages] },
          status: 'checkout',
          providerSessionId: null,
          expiresAt: { lte: now },
          id: { gt: after },
        },
        orderBy: { id: 'asc' },
        take: pageSize,
      });
      for (const order of page) {
        await decide(dependencies, order).catch((error: unknown) => onFailure(order.id, error));
      }
      const last = page.at(-1);
      if (last === undefined || page.length < pageSize) return;
      after = last.id;
    }
  };
}

async function decide(dependencies: Dependencies, order: Order): Promise<void> {
  const { database, clock } = dependencies;
  const session = await findLostSession(dependencies, order);
  // An event may have said more about the order since it was read; then that stands.
  await database.prisma.order.updateMany({
    where: { agencyId: order.agencyId, id: order.id, status: 'checkout', providerSessionId: null },
    data: {
      ...(session
        ? { providerSessionId: session.id, sessionUrl: session.url }
        : { status: nextStatus('checkout', 'expired') }),
      updatedAt: clock.now(),
    },
  });
}

/** Null where the provider has none: a client that the account does not know can have no session there either. */
async function findLostSession(
  { database, providers, merchantAccounts }: Dependencies,
  order: Order,
): Promise<HostedSession | null> {
  const { agencyId, customerId, merchantAccountId } = order;
  const known = await database.prisma.providerCustomer.findUnique({
    where: { agencyId_customerId_merchantAccountId: { agencyId, customerId, merchantAccountId } },
  });
  if (!known) return null;
  const account = await merchantAccounts.byId(merchantAccountId);
  if (!account) throw new Error(`merchant account ${merchantAccountId} is not there`);
  const checkout = checkoutOf(providers, account);
  return checkout.findSession(accountRefOf(account), known.providerCustomerId, order.id);
}
