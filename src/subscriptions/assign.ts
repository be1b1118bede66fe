import { type CustomerKey, findClient } from '../catalog/offer.store.ts';
import { requireAssignable, requireBuyable } from '../catalog/require-for-sale.ts';
import { inTransaction, type Sql } from '../database/database.ts';
import { conflict, invalidField } from '../errors.ts';
import { idOfRequest, newId } from '../ids.ts';
import { requireServing } from '../tenancy/require-serving.ts';
import type { Scope } from '../tenancy/scope.ts';
import type { ApplyDependencies } from './apply-subscription-events.ts';
import { openCheckoutOf } from './checkout.store.ts';
import { underWay } from './claim.ts';
import { subscribeByCard } from './create-by-card.ts';
import { startOffline } from './offline.ts';
import { type Cycle, chosenAddOns } from './sold-lines.ts';
import { startSubscription } from './start-subscription.ts';
import { type StartedSession, type SubscribeRequest, subscribe } from './subscribe.ts';
import { loadLive, loadSubscription } from './subscription.store.ts';
import type { AddOns, Subscription } from './subscription.ts';
import { withdrawOpen } from './withdraw.ts';

export interface AssignRequest {
  readonly customerId: string;
  readonly planId: string;
  /** Needed for a plan with a base fee. */
  readonly cycle?: Cycle | undefined;
  readonly addOns?: AddOns | undefined;
  readonly requestId: string | undefined;
}

/** `started`: false where the client was on the plan already. */
export type AssignedPlan =
  | { readonly subscription: Subscription; readonly started: boolean }
  | { readonly session: StartedSession };

/**
 * Puts a client on a plan. Pay-as-you-go starts at once. Of a plan with a base fee a client with a verified default card is charged
 * at once, and another gets a session of the provider's page. Throws 404, 402 `card_declined`, 409 and 422 as they do.
 */
export async function assign(
  dependencies: ApplyDependencies,
  scope: Scope,
  { customerId, planId, cycle, addOns, requestId }: AssignRequest,
): Promise<AssignedPlan> {
  const { database } = dependencies;
  const require = scope.role === 'portal' ? requireBuyable : requireAssignable;
  const sale = await inTransaction(database.pool, async (sql) => {
    await findClient(sql, scope, customerId, 'none');
    return require(sql, scope, { customerId, planId });
  });
  if (sale.document.pricingModel !== 'fixed') {
    await withdrawOpen(dependencies, sale.customer);
    return startSubscription(dependencies, scope, { customerId, planId, requestId });
  }
  if (cycle === undefined) {
    throw invalidField('cycle', 'cycle_required', 'A plan with a base fee is paid by the cycle: say which.');
  }
  const request = {
    ...{ customerId, planId, cycle, addOns: addOns ?? {} },
    requestId: requestId ?? idOfRequest('idempotencyRequest', newId('idempotencyRequest')),
  };
  const offline = await startOfflineIfSo(dependencies, scope, request);
  if (offline) return { subscription: offline, started: true };
  const subscription = await subscribeByCard(dependencies, scope, request, sale.customer.agencyId);
  if (subscription) return { subscription, started: true };
  return { session: await subscribe(dependencies, scope, request) };
}

/** A client that pays without a card starts at once. Null for every other client. */
async function startOfflineIfSo(
  dependencies: ApplyDependencies,
  scope: Scope,
  { customerId, planId, cycle, addOns, requestId }: SubscribeRequest,
): Promise<Subscription | null> {
  const { database, offline } = dependencies;
  const client = await findClient(database.pool, scope, customerId, 'none');
  if (!(await paysOutside(database.pool, client))) return null;
  await withdrawOpen(dependencies, client);
  return inTransaction(database.pool, async (sql) => {
    const customer = await findClient(sql, scope, customerId, 'change');
    if (!(await paysOutside(sql, customer))) return null;
    const id = idOfRequest('subscription', requestId);
    const own = await loadSubscription(sql, customer, id);
    if (own) return own;
    if (await loadLive(sql, customer)) {
      throw conflict('subscription_exists', 'The client has a subscription: change that, or cancel it first.');
    }
    if (await openCheckoutOf(sql, customer)) throw underWay();
    await requireServing(sql, customer);
    const require = scope.role === 'portal' ? requireBuyable : requireAssignable;
    const sale = await require(sql, scope, { customerId, planId });
    return startOffline(offline, sql, scope, sale, { cycle, addOns: chosenAddOns(addOns) }, id);
  });
}

async function paysOutside(sql: Sql, { agencyId, customerId }: CustomerKey): Promise<boolean> {
  const { rows } = await sql.query<{ collection: string }>(
    'SELECT collection FROM customers WHERE agency_id = $1 AND id = $2',
    [agencyId, customerId],
  );
  return rows[0]?.collection === 'offline';
}
