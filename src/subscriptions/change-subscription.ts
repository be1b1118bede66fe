import { findClient } from '../catalog/offer.store.ts';
import { requireAssignable, requireBuyable } from '../catalog/require-for-sale.ts';
import { inTransaction, type Sql } from '../database/database.ts';
import { conflict } from '../errors.ts';
import { newId } from '../ids.ts';
import { providerTraits } from '../providers/provider-traits.ts';
import { recordChange } from '../tenancy/audit.ts';
import { requireServing } from '../tenancy/require-serving.ts';
import type { Scope } from '../tenancy/scope.ts';
import { enqueueCarry } from './carry.ts';
import { insertChange, isEnding, type PendingChange, pendingChangeOf, takeBackChange } from './change.store.ts';
import type { BillingDependencies } from './dependencies.ts';
import { feePercentOf } from './fee-percent.ts';
import { noSubscription } from './find-subscription.ts';
import { type Cycle, chosenAddOns, requireChoice } from './sold-lines.ts';
import { soldLines } from './subscribe.ts';
import { loadLatest, lockLive, saveSubscription } from './subscription.store.ts';
import type { AddOns, Subscription } from './subscription.ts';
import { auditedSubscription } from './subscription-facts.ts';
import { subscriptionEvent } from './tell-subscription.ts';

export interface ChangeRequest {
  readonly customerId: string;
  readonly planId?: string | undefined;
  readonly cycle?: Cycle | undefined;
  readonly addOns?: AddOns | undefined;
}

export interface ChangedSubscription {
  readonly subscription: Subscription;
  readonly pending: PendingChange | null;
}

/** The live subscription that is paid by the cycle. Throws 404 `no_subscription`, 409 `subscription_over`, 409 `no_cycle`. */
async function lockCycled(sql: Sql, scope: Scope, customerId: string): Promise<Subscription> {
  const customer = await findClient(sql, scope, customerId, 'change');
  const live = await lockLive(sql, customer);
  if (!live) {
    if (await loadLatest(sql, customer)) {
      throw conflict('subscription_over', 'The subscription is over already: start another one.');
    }
    throw noSubscription();
  }
  if (live.collection === 'none') {
    throw conflict('no_cycle', 'A pay-as-you-go subscription has no cycle: cancel it, and subscribe to another plan.');
  }
  return live;
}

const sameAddOns = (a: AddOns, b: AddOns): boolean =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

/**
 * Puts down what a subscription becomes at its next cycle, unprorated; it takes the place of what was put down before. The same plan
 * means its latest version. Throws 404 and 409 as `lockCycled`; 409 `subscription_ending` while it is to end; 409 `nothing_to_change`;
 * 409 `changes_not_scheduled` where the provider changes none; those of who may buy; 422 for a choice that the plan does not offer.
 */
export function requestChange(
  dependencies: BillingDependencies,
  scope: Scope,
  { customerId, planId, cycle, addOns }: ChangeRequest,
): Promise<ChangedSubscription> {
  const { database, clock, merchantAccounts, jobs, providers } = dependencies;
  return inTransaction(database.pool, async (sql) => {
    const require = scope.role === 'portal' ? requireBuyable : requireAssignable;
    // A plan that is not there is said first: whoever asks for another tenant's learns nothing else.
    const named = planId === undefined ? null : await require(sql, scope, { customerId, planId });
    const live = await lockCycled(sql, scope, customerId);
    const before = await pendingChangeOf(sql, live);
    if (isEnding(live, before)) {
      throw conflict('subscription_ending', 'The subscription ends with its period: resume it first.');
    }
    await requireServing(sql, live);
    const sale = named ?? (await require(sql, scope, { customerId, planId: live.plan.planId }));
    const wanted = {
      cycle: cycle ?? live.cycle ?? 'monthly',
      addOns: chosenAddOns(addOns ?? (sale.plan.planId === live.plan.planId ? live.addOns : {})),
    };
    requireChoice(sale.document, wanted);
    const isSame =
      sale.plan.planId === live.plan.planId &&
      sale.version === live.planVersion &&
      wanted.cycle === live.cycle &&
      sameAddOns(wanted.addOns, live.addOns);
    if (isSame) throw conflict('nothing_to_change', 'The subscription is exactly that already.');
    // A switch between card and no card that waits for the same day goes on waiting.
    const collection = before?.collection ?? live.collection;
    let lines: PendingChange['lines'] = null;
    if (collection === 'card' && live.collection === 'card' && live.merchantAccountId !== null) {
      const account = await merchantAccounts.byId(live.merchantAccountId, sql);
      if (account?.status !== 'active') {
        throw conflict(
          'merchant_account_inactive',
          'The account that the subscription is paid on takes no changes now.',
        );
      }
      if (!providers[account.provider]?.schedules) {
        throw conflict(
          'changes_not_scheduled',
          `${providerTraits[account.provider].title} changes no subscription at its next cycle: cancel it at the end of its period, and subscribe again then.`,
        );
      }
      lines = await soldLines(sql, sale, wanted, account);
      feePercentOf(sale.document, live.agencyId, account);
    }
    const now = clock.now();
    const pending: PendingChange = {
      agencyId: live.agencyId,
      id: newId('subscriptionChange'),
      customerId,
      subscriptionId: live.id,
      plan: sale.plan,
      planVersion: sale.version,
      ...wanted,
      collection,
      lines,
      effectiveAt: live.periodEnd ?? now,
    };
    if (before) await takeBackChange(sql, before, 'replaced', now);
    await insertChange(sql, pending, now);
    await recordChange(sql, clock, scope, {
      agencyId: live.agencyId,
      action: 'subscription.change_requested',
      subject: live.id,
      before: { ...auditedSubscription(live), cycle: live.cycle, addOns: live.addOns },
      after: { planId: sale.plan.planId, planVersion: sale.version, ...wanted, effectiveAt: pending.effectiveAt },
    });
    await enqueueCarry({ jobs }, sql, live);
    return { subscription: live, pending };
  });
}

/** A subscription by card whose change was taken back: where its provider was to end it, it is to go on. */
function goingOn(live: Subscription, { collection }: PendingChange): Subscription {
  if (live.collection !== 'card') return live;
  const cancelAt = collection === 'offline' ? null : live.cancelAt;
  return { ...live, cancelAt, endWanted: cancelAt !== null };
}

/** Takes back what was to change. Throws as `lockCycled`, and 404 `no_pending_change`. */
export function cancelChange(
  dependencies: BillingDependencies,
  scope: Scope,
  customerId: string,
): Promise<ChangedSubscription> {
  const { database, clock, jobs } = dependencies;
  return inTransaction(database.pool, async (sql) => {
    const live = await lockCycled(sql, scope, customerId);
    const pending = await pendingChangeOf(sql, live);
    if (!pending) throw conflict('no_pending_change', 'Nothing is to change at the next cycle.');
    const now = clock.now();
    await takeBackChange(sql, pending, 'canceled', now);
    const after = goingOn(live, pending);
    await saveSubscription(sql, after, now);
    await recordChange(sql, clock, scope, {
      agencyId: live.agencyId,
      action: 'subscription.change_canceled',
      subject: live.id,
      before: { planId: pending.plan.planId, planVersion: pending.planVersion, cycle: pending.cycle },
      after: null,
    });
    await enqueueCarry({ jobs }, sql, live);
    return { subscription: after, pending: null };
  });
}

/**
 * The subscription ends with the period that is paid for; what was to change then is taken back. Again, nothing happens. Throws as
 * `lockCycled`.
 */
export const cancelAtPeriodEnd = (
  dependencies: BillingDependencies,
  scope: Scope,
  customerId: string,
): Promise<ChangedSubscription> => setEnd(dependencies, scope, customerId, true);

/** The subscription goes on after all. Throws as `lockCycled`, so that one that has ended is 409 `subscription_over`. */
export const resume = (
  dependencies: BillingDependencies,
  scope: Scope,
  customerId: string,
): Promise<ChangedSubscription> => setEnd(dependencies, scope, customerId, false);

function setEnd(
  dependencies: BillingDependencies,
  scope: Scope,
  customerId: string,
  ends: boolean,
): Promise<ChangedSubscription> {
  const { database, clock, jobs, outgoing } = dependencies;
  return inTransaction(database.pool, async (sql) => {
    const live = await lockCycled(sql, scope, customerId);
    const now = clock.now();
    const pending = await pendingChangeOf(sql, live);
    if (isEnding(live, pending) === ends) return { subscription: live, pending };
    const cancelAt = ends ? (live.periodEnd ?? now) : null;
    const after: Subscription = { ...live, cancelAt, endWanted: live.collection === 'card' ? ends : null };
    await saveSubscription(sql, after, now);
    if (ends && pending) await takeBackChange(sql, pending, 'canceled', now);
    await recordChange(sql, clock, scope, {
      agencyId: live.agencyId,
      action: ends ? 'subscription.ending' : 'subscription.resumed',
      subject: live.id,
      before: { cancelAt: live.cancelAt },
      after: { cancelAt: after.cancelAt },
    });
    await outgoing.emit(sql, [subscriptionEvent('subscription.updated', after, `${ends}:${now.getTime()}`)]);
    await enqueueCarry({ jobs }, sql, live);
    return { subscription: after, pending: await pendingChangeOf(sql, after) };
  });
}
