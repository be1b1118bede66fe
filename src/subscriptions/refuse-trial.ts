import { z } from 'zod';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { runOperation } from '../providers/operation.ts';
import type { BillingDependencies } from './dependencies.ts';
import { loadSubscription } from './subscription.store.ts';

const jobPayload = z.object({ agencyId: z.string(), customerId: z.string(), subscriptionId: z.string() });

/** The handler of `subscriptions.refuse_trial`: ends a subscription on trial at its provider. Its own event ends it here. */
export async function refuseTrial(dependencies: BillingDependencies, payload: unknown): Promise<void> {
  const { agencyId, customerId, subscriptionId } = jobPayload.parse(payload);
  const { database, providers, merchantAccounts, operations } = dependencies;
  const subscription = await loadSubscription(database.pool, { agencyId, customerId }, subscriptionId);
  const account = subscription && (await merchantAccounts.byId(subscription.merchantAccountId ?? ''));
  const port = account && providers[account.provider]?.subscriptions;
  const id = subscription?.providerSubscriptionId ?? null;
  if (!port || id === null || subscription?.status !== 'trialing') return;
  await runOperation(operations, {
    id: `subscription_refuse:${subscriptionId}`,
    request: { id },
    call: (idempotencyKey) => port.cancel(accountRefOf(account), id, { idempotencyKey }),
    lookUp: async () => {
      const found = await port.retrieve(accountRefOf(account), id);
      return found.endedAt === null ? null : found;
    },
  });
}
