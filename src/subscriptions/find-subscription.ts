import { findClient } from '../catalog/offer.store.ts';
import type { Sql } from '../database/database.ts';
import { AppError } from '../errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { loadLatest } from './subscription.store.ts';
import type { Subscription } from './subscription.ts';

export const noSubscription = (): AppError =>
  new AppError(404, 'no_subscription', 'This client has no subscription: start one.');

/**
 * A client's live subscription, else the one that ended last. Throws `AppError` 404 for a client that is not there for the
 * scope, 404 `no_subscription` where it never had one.
 */
export async function findSubscription(sql: Sql, scope: Scope, customerId: string): Promise<Subscription> {
  const subscription = await loadLatest(sql, await findClient(sql, scope, customerId, 'none'));
  if (!subscription) throw noSubscription();
  return subscription;
}
