import { findClient } from '../catalog/offer.store.ts';
import { takeOutOfSale } from '../catalog/sale-in-account.ts';
import { inTransaction } from '../database/database.ts';
import { conflict } from '../errors.ts';
import { recordChange } from '../tenancy/audit.ts';
import type { Scope } from '../tenancy/scope.ts';
import { noSubscription } from './find-subscription.ts';
import type { SubscriptionDependencies } from './start-subscription.ts';
import { endSubscription, loadLatest } from './subscription.store.ts';
import { isOver, type Subscription } from './subscription.ts';
import { auditedSubscription, eventOf } from './subscription-facts.ts';

/**
 * Ends a client's pay-as-you-go subscription, at once: nothing was paid ahead. What was used stays owed. Throws `AppError`
 * 404 for a client that is not there for the scope, 404 `no_subscription` where it never had one, 409 `subscription_over`.
 */
export function cancelSubscription(
  dependencies: SubscriptionDependencies,
  scope: Scope,
  customerId: string,
): Promise<Subscription> {
  const { database, clock, outgoing } = dependencies;
  return inTransaction(database.pool, async (sql) => {
    const customer = await findClient(sql, scope, customerId, 'change');
    const before = await loadLatest(sql, customer);
    if (!before) throw noSubscription();
    if (isOver(before)) throw conflict('subscription_over', 'The subscription is over already: start another one.');

    const now = clock.now();
    await endSubscription(sql, before, 'canceled', now);
    const after: Subscription = { ...before, status: 'canceled', endedAt: now };
    await recordChange(sql, clock, scope, {
      agencyId: customer.agencyId,
      action: 'subscription.canceled',
      subject: before.id,
      before: auditedSubscription(before),
      after: auditedSubscription(after),
    });
    await outgoing?.emit(sql, [eventOf('subscription.canceled', after)]);
    // Where the plan is sold no more, this client may have been the last that kept it at the provider.
    await takeOutOfSale(dependencies, sql, before.plan);
    return after;
  });
}
