import { monthsOf } from '../catalog/account-price.ts';
import type { PlanForSale } from '../catalog/require-for-sale.ts';
import { takeOutOfSale } from '../catalog/sale-in-account.ts';
import type { Sql } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import type { Emit } from '../outgoing/emit.ts';
import { recordChange } from '../tenancy/audit.ts';
import type { Scope } from '../tenancy/scope.ts';
import { convertTrial } from './end-trial.ts';
import { type InPeriod, type InvoiceDependencies, issueInvoice } from './offline-invoice.ts';
import type { SaleTerms } from './offline-price.ts';
import { openQuotas } from './open-quotas.ts';
import { endPendingChange, loadPendingChange, type PendingChange } from './pending-change.store.ts';
import { cyclePeriodFrom } from './quota.ts';
import { requireChoice } from './sold-lines.ts';
import { endSubscription } from './subscription.store.ts';
import { newSubscription, type Subscription } from './subscription.ts';
import { auditedSubscription, eventOf } from './subscription-facts.ts';

export interface OfflineDependencies extends InvoiceDependencies {
  readonly merchantAccounts: Pick<MerchantAccounts, 'forNewCheckout'>;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly emit: Emit;
  /**
   * Takes a subscription whose pending change is to a card over, at the end of the period that was paid outside: in the transaction
   * of the renewal, so that it only notes what a provider is to be asked, and again at each sweep until the provider's side has made
   * it one by card. Absent where nobody does: then it is renewed without a card, and the change is applied but for that.
   */
  readonly switchToCard?: (sql: Sql, subscription: Subscription, change: PendingChange) => Promise<void>;
}

/**
 * Starts a subscription of a client that pays without a card, at once and without any provider: the first invoice and the first
 * quotas are of now. Called in the transaction that holds the sale (`requireAssignable`, `requireBuyable`); `id` is the
 * subscription's. The account, which the books need, is the one that the agency sells on. Throws `AppError` 422 for terms that the plan
 * does not sell.
 */
export async function startOffline(
  dependencies: OfflineDependencies,
  sql: Sql,
  scope: Scope,
  { customer, plan, version, document }: PlanForSale,
  { cycle, addOns }: SaleTerms,
  id: string,
): Promise<Subscription> {
  const { clock, merchantAccounts, emit } = dependencies;
  requireChoice(document, { cycle, addOns });
  const account = await merchantAccounts.forNewCheckout(customer.agencyId);
  const now = clock.now();
  const started = await beginPeriod(
    dependencies,
    sql,
    {
      ...newSubscription,
      ...{ id, ...customer, plan, planVersion: version, document },
      ...{ status: 'active', collection: 'offline', cycle, addOns, merchantAccountId: account.id },
      ...{ anchorAt: now, startedAt: now },
    },
    now,
  );
  await convertTrial(sql, customer, now);
  await recordChange(sql, clock, scope, {
    agencyId: customer.agencyId,
    action: 'subscription.started',
    subject: id,
    before: null,
    after: auditedSubscription(started),
  });
  await emit(sql, [eventOf('subscription.activated', started)]);
  return started;
}

/**
 * Begins the period of the cycle that starts at `start`, one of the anchor's monthly anniversaries: stores the subscription, issues
 * the invoice and opens the quotas up to now. Also for a subscription that a provider has let go of, at the end of what it was paid
 * for: as `collection` `offline`, with its cycle and account.
 */
export async function beginPeriod(
  dependencies: OfflineDependencies,
  sql: Sql,
  subscription: Subscription,
  start: Date,
): Promise<Subscription> {
  const { cycle, merchantAccountId, anchorAt } = subscription;
  if (cycle === null || merchantAccountId === null || anchorAt === null) {
    throw new Error(`subscription ${subscription.id} has no cycle to be paid by`);
  }
  const { end } = cyclePeriodFrom(anchorAt, monthsOf[cycle], start);
  const inPeriod: InPeriod = { ...subscription, cycle, merchantAccountId, periodStart: start, periodEnd: end };
  const stored = await openQuotas(sql, inPeriod, momentWithin(inPeriod, dependencies.clock.now()));
  const reason = start.getTime() === anchorAt.getTime() ? 'subscription_create' : 'subscription_cycle';
  await issueInvoice(dependencies, sql, inPeriod, reason);
  return stored;
}

/** Quotas open up to now, but no further than the period: what follows is its renewal's. */
const momentWithin = ({ periodEnd }: Pick<InPeriod, 'periodEnd'>, now: Date): Date =>
  now < periodEnd ? now : new Date(periodEnd.getTime() - 1);

/** `handed_over`: what comes next is the provider's, see `switchToCard`. */
export type Renewal = 'renewed' | 'handed_over' | 'over' | 'not_due';

/**
 * Renews a live offline subscription whose period is over by one period, as its pending change wants it, or ends it where that was
 * asked for. The row is held by the caller.
 */
export async function renewOffline(dependencies: OfflineDependencies, sql: Sql, live: Subscription): Promise<Renewal> {
  const now = dependencies.clock.now();
  const { periodEnd, cancelAt } = live;
  if (live.collection !== 'offline' || periodEnd === null || periodEnd > now) return 'not_due';
  // Quotas of the period that is over are the old plan's, whoever was late to open them.
  const before = await openQuotas(sql, live, new Date(periodEnd.getTime() - 1));
  if (cancelAt !== null && cancelAt <= periodEnd) {
    await end(dependencies, sql, before, periodEnd);
    return 'over';
  }
  const change = await loadPendingChange(sql, before);
  if (!change) {
    await beginPeriod(dependencies, sql, before, periodEnd);
    return 'renewed';
  }
  if (change.collection === 'card' && dependencies.switchToCard) {
    await dependencies.switchToCard(sql, before, change);
    return 'handed_over';
  }
  const changed = changedBy(before, change);
  if (changed.collection === 'none') {
    await openQuotas(
      sql,
      { ...changed, cycle: null, merchantAccountId: null, periodStart: null, periodEnd: null },
      now,
    );
  } else {
    await beginPeriod(dependencies, sql, { ...changed, collection: 'offline' }, periodEnd);
  }
  await endPendingChange(sql, before, 'applied', now);
  await dependencies.emit(sql, [{ ...eventOf('subscription.updated', changed), fact: `change:${change.id}` }]);
  // Where the plan before is sold no more, this client may have been the last that kept it at the provider.
  if (changed.plan.planId !== before.plan.planId) await takeOutOfSale(dependencies, sql, before.plan);
  return 'renewed';
}

const changedBy = (
  subscription: Subscription,
  { plan, planVersion, document, cycle, addOns, collection }: PendingChange,
): Subscription => ({ ...subscription, plan, planVersion, document, cycle, addOns, collection });

async function end({ jobs, emit }: OfflineDependencies, sql: Sql, live: Subscription, at: Date): Promise<void> {
  await endSubscription(sql, live, 'canceled', at);
  await endPendingChange(sql, live, 'canceled', at);
  await emit(sql, [eventOf('subscription.canceled', { ...live, status: 'canceled', endedAt: at })]);
  await takeOutOfSale({ jobs }, sql, live.plan);
}
