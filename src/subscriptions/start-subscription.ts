import { findClient } from '../catalog/offer.store.ts';
import { type PlanForSale, requireAssignable, requireBuyable } from '../catalog/require-for-sale.ts';
import type { Clock } from '../clock.ts';
import { type Database, inTransaction, type Sql } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import { conflict, invalidField } from '../errors.ts';
import { idOfRequest, newId } from '../ids.ts';
import type { Emit } from '../outgoing/emit.ts';
import { recordChange } from '../tenancy/audit.ts';
import { requireServing } from '../tenancy/require-serving.ts';
import type { Scope } from '../tenancy/scope.ts';
import { openCheckoutOf } from './checkout.store.ts';
import { underWay } from './claim.ts';
import { convertTrial } from './end-trial.ts';
import { openQuotas } from './open-quotas.ts';
import { loadLive, loadSubscription } from './subscription.store.ts';
import { newSubscription, type Subscription } from './subscription.ts';
import { auditedSubscription, eventOf } from './subscription-facts.ts';

export interface SubscriptionDependencies {
  readonly database: Database;
  readonly clock: Clock;
  /** Where a plan is taken out of sale once the last client has left it. */
  readonly jobs: Pick<Jobs, 'enqueue'>;
  /** Absent where nobody is told. */
  readonly outgoing?: { readonly emit: Emit };
}

export interface SubscriptionRequest {
  readonly customerId: string;
  readonly planId: string;
  /** The idempotent request behind it, if there is one: the same request starts one subscription. */
  readonly requestId: string | undefined;
}

export interface StartedSubscription {
  readonly subscription: Subscription;
  /** False where the client was on the plan already. */
  readonly started: boolean;
}

/**
 * Puts a client on a pay-as-you-go plan, at once: nothing is paid before it is used. A client buys what it may buy, its agency and
 * the platform assign what may be assigned. The plan, the client and the offers are held until the subscription is there. Throws
 * `AppError` 404, 409 `subscription_exists` where the client is on another plan, 409 `subscription_under_way` while a checkout is open, 409 `plan_not_buyable` or `plan_not_assignable`,
 * and 422 `plan_needs_checkout` for a plan with a base fee.
 */
export function startSubscription(
  dependencies: SubscriptionDependencies,
  scope: Scope,
  { customerId, planId, requestId }: SubscriptionRequest,
): Promise<StartedSubscription> {
  return inTransaction(dependencies.database.pool, async (sql) => {
    // Held for a change, so that two starts for one client follow each other.
    const customer = await findClient(sql, scope, customerId, 'change');
    const id = requestId === undefined ? newId('subscription') : idOfRequest('subscription', requestId);
    const own = await loadSubscription(sql, customer, id);
    if (own) return { subscription: own, started: true };
    const live = await loadLive(sql, customer);
    if (live?.plan.planId === planId) return { subscription: live, started: false };
    if (live) {
      const message = 'The client is on another plan: cancel that subscription first, or change its plan.';
      throw conflict('subscription_exists', message);
    }
    // What can still be paid would be paid beside it: whoever starts ends that first.
    if (await openCheckoutOf(sql, customer)) throw underWay();
    await requireServing(sql, customer);
    const require = scope.role === 'portal' ? requireBuyable : requireAssignable;
    const sale = await require(sql, scope, { customerId, planId });
    if (sale.document.pricingModel === 'fixed') {
      const message =
        'This plan has a base fee, which a client pays at checkout: choose a pay-as-you-go plan to start at once.';
      throw invalidField('planId', 'plan_needs_checkout', message);
    }
    return { subscription: await start(dependencies, sql, scope, id, sale), started: true };
  });
}

async function start(
  { clock, outgoing }: SubscriptionDependencies,
  sql: Sql,
  scope: Scope,
  id: string,
  { customer, plan, version, document }: PlanForSale,
): Promise<Subscription> {
  const now = clock.now();
  const subscription = await openQuotas(
    sql,
    {
      ...newSubscription,
      id,
      ...customer,
      plan,
      planVersion: version,
      status: 'active',
      anchorAt: now,
      startedAt: now,
      document,
    },
    now,
  );
  await convertTrial(sql, customer, now);
  await recordChange(sql, clock, scope, {
    agencyId: customer.agencyId,
    action: 'subscription.started',
    subject: id,
    before: null,
    after: auditedSubscription(subscription),
  });
  await outgoing?.emit(sql, [eventOf('subscription.activated', subscription)]);
  return subscription;
}
