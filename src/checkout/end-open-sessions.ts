import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { accountRefOf, type MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import { type OperationDependencies, runOperation } from '../providers/operation.ts';
import type { HostedSession, Providers } from '../providers/port.ts';
import { nextStatus } from './order.ts';
import { checkoutOf } from './quote-top-up.ts';

/** Orders read at once. */
const pageSize = 100;

interface Dependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  readonly operations: OperationDependencies;
  /** Told of an order that could not be decided now; the next run tries again. */
  readonly onFailure: (orderId: string, error: unknown) => void;
}

interface DueOrder {
  readonly agencyId: string;
  readonly id: string;
  readonly merchantAccountId: string;
  readonly sessionId: string;
}

const selectDue = `
SELECT o.agency_id AS "agencyId", o.id, o.merchant_account_id AS "merchantAccountId", o.provider_session_id AS "sessionId"
  FROM orders o JOIN merchant_accounts m ON m.id = o.merchant_account_id
 WHERE o.status = 'checkout' AND o.provider_session_id IS NOT NULL AND o.expires_at <= $1
   AND m.provider = ANY($2) AND o.id > $3
 ORDER BY o.id LIMIT $4`;

/**
 * Ends the sessions of orders past their expiry at providers that end none themselves, and with them the orders. A session that was paid in
 * the meantime is left to its payment, which credits it.
 */
export function createEndOpenSessions(dependencies: Dependencies): () => Promise<void> {
  const { database, clock, providers, onFailure } = dependencies;
  const staysOpen = Object.values(providers).flatMap(({ name, checkout }) =>
    checkout?.sessionsStayOpen ? [name] : [],
  );
  return async () => {
    if (staysOpen.length === 0) return;
    const now = clock.now();
    let after = '';
    for (;;) {
      const { rows } = await database.pool.query<DueOrder>(selectDue, [now, staysOpen, after, pageSize]);
      for (const order of rows) {
        await end(dependencies, order).catch((error: unknown) => onFailure(order.id, error));
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageSize) return;
      after = last.id;
    }
  };
}

async function end(
  dependencies: Dependencies,
  { agencyId, id, merchantAccountId, sessionId }: DueOrder,
): Promise<void> {
  const { database, clock, providers, merchantAccounts, operations } = dependencies;
  const account = await merchantAccounts.byId(merchantAccountId);
  if (!account) throw new Error(`merchant account ${merchantAccountId} is not there`);
  const checkout = checkoutOf(providers, account);
  const ref = accountRefOf(account);
  const ended = await runOperation<HostedSession>(operations, {
    id: `checkout:${id}:end`,
    request: { sessionId },
    call: (idempotencyKey) => checkout.expireSession(ref, sessionId, { idempotencyKey }),
    lookUp: async () => {
      const session = await checkout.retrieveSession(ref, sessionId);
      return session.status === 'open' ? null : session;
    },
  });
  if (ended.status !== 'expired') return;
  // An event may have said more about the order since it was read; then that stands.
  await database.prisma.order.updateMany({
    where: { agencyId, id, status: 'checkout' },
    data: { status: nextStatus('checkout', 'expired'), updatedAt: clock.now() },
  });
}
