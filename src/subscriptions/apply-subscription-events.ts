import type { CustomerKey } from '../catalog/offer.store.ts';
import { followJob } from '../checkout/follow-job.ts';
import type { SettleInvoice } from '../checkout/settle-invoice.ts';
import type { Sql } from '../database/database.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { metadataKeys } from '../providers/metadata.ts';
import { applyInvoice } from './apply-invoice.ts';
import { endPendingChange, pendingChangeOf } from './change.store.ts';
import { checkoutOfSubscription, endCheckout, findCheckout, type SubscriptionCheckout } from './checkout.store.ts';
import { type BillingDependencies, createJobName, refuseTrialJobName } from './dependencies.ts';
import { convertTrial } from './end-trial.ts';
import { graceDaysOf } from './grace.ts';
import { hasPaidInvoice } from './invoice.store.ts';
import { afterReading, isServed, standings } from './lifecycle.ts';
import type { OfflineDependencies } from './offline.ts';
import { openQuotas } from './open-quotas.ts';
import { claimPlanTrial, emailOf } from './plan-trial.ts';
import { loadLive, loadSubscription, saveSubscription } from './subscription.store.ts';
import { newSubscription, type Subscription } from './subscription.ts';
import type { SubscriptionEvent } from './subscription-event.ts';
import { givesWay } from './switch-to-card.ts';
import { switchToOffline } from './switch-to-offline.ts';
import { tellOfChange } from './tell-subscription.ts';

export type SubscriptionOutcome = { readonly status: 'done' } | { readonly status: 'parked'; readonly reason: string };

export interface SourcedSubscriptionEvent {
  readonly event: SubscriptionEvent;
  readonly source: string;
}

export type ApplySubscriptionEvents = (
  sql: Sql,
  batch: readonly SourcedSubscriptionEvent[],
) => Promise<readonly SubscriptionOutcome[]>;

const done: SubscriptionOutcome = { status: 'done' };
const parked = (code: string, sentence: string): SubscriptionOutcome => ({
  status: 'parked',
  reason: `${code}: ${sentence}`,
});

type Read = Extract<SubscriptionEvent, { type: 'subscription.read' }>;

export interface ApplyDependencies extends BillingDependencies {
  readonly settleInvoice: SettleInvoice;
  readonly offline: OfflineDependencies;
}

/**
 * Applies what providers' current objects show of subscriptions and their invoices, in the caller's transaction: in any order and any
 * number of times, with the same end. Clients are locked in the order of their names, as every batch does.
 */
export function createApplySubscriptionEvents(dependencies: ApplyDependencies): ApplySubscriptionEvents {
  return async (sql, batch) => {
    const outcomes: SubscriptionOutcome[] = batch.map(() => done);
    const named = batch.map((entry, index) => ({ ...entry, index }));
    const nameOf = ({ event }: SourcedSubscriptionEvent): string =>
      `${event.agencyId} ${'subscriptionId' in event ? event.subscriptionId : event.checkoutId}`;
    named.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : a.index - b.index));
    for (const { event, source, index } of named) outcomes[index] = await apply(dependencies, sql, event, source);
    // Last, for the waiting job is one row: another batch that settles waits for it until this one commits, and must not hold a client
    // that this one still wants.
    if (batch.some(({ event }) => isPaid(event))) await dependencies.jobs.enqueue(sql, followJob());
    return outcomes;
  };
}

const isPaid = (event: SubscriptionEvent): boolean =>
  event.type === 'subscription.read' && event.reading?.invoice.status === 'paid';

async function apply(
  dependencies: ApplyDependencies,
  sql: Sql,
  event: SubscriptionEvent,
  source: string,
): Promise<SubscriptionOutcome> {
  const { clock, jobs, merchantAccounts } = dependencies;
  const { agencyId } = event;
  if (event.type === 'subscription.read') {
    const account = await merchantAccounts.byProviderAccount(event.provider, event.providerAccountId, sql);
    const checkout = await checkoutOfSubscription(sql, agencyId, event.subscriptionId);
    if (!checkout) return parked('unknown_subscription', `nobody began ${event.subscriptionId} here`);
    if (account?.id !== checkout.merchantAccountId) {
      return parked('account_mismatch', 'the subscription is of another account');
    }
    return applyReading(dependencies, sql, event, { account, checkout, source });
  }
  const checkout = await findCheckout(sql, agencyId, event.checkoutId);
  if (!checkout) return parked('unknown_checkout', `nobody began ${event.checkoutId} here`);
  if (event.type === 'checkout.expired') {
    await endCheckout(sql, checkout, 'expired', clock.now());
    return done;
  }
  await jobs.enqueue(sql, {
    name: createJobName,
    payload: { agencyId, checkoutId: checkout.id, cardId: event.cardId },
    key: `${createJobName}:${checkout.id}`,
  });
  return done;
}

interface Context {
  readonly account: MerchantAccount;
  readonly checkout: SubscriptionCheckout;
  readonly source: string;
}

export async function applyReading(
  dependencies: ApplyDependencies,
  sql: Sql,
  event: Omit<Read, 'type'>,
  { account, checkout, source }: Context,
): Promise<SubscriptionOutcome> {
  const { clock, versionDocument } = dependencies;
  const now = clock.now();
  const { subscription: read, readAt } = event;
  const client: CustomerKey = { agencyId: checkout.agencyId, customerId: checkout.customerId };
  const paying = { account, checkout, source, cardId: read.defaultCardId };
  // Two that tell of one client follow each other, a start and a change among them.
  await sql.query('SELECT 1 FROM customers WHERE agency_id = $1 AND id = $2 FOR NO KEY UPDATE', [
    client.agencyId,
    client.customerId,
  ]);
  const stored = await loadSubscription(sql, client, event.subscriptionId);
  const known = stored?.providerSubscriptionId ?? null;
  if (known !== null && known !== read.id) return parked('second_subscription', `${event.subscriptionId} is ${known}`);
  if (stored?.endedAt) {
    if (event.reading) await applyInvoice(dependencies, sql, stored, paying, event.reading, readAt);
    return done;
  }
  if (standings[read.status] === null) return done;
  if (!stored && read.status === 'incomplete_expired') {
    await endCheckout(sql, checkout, 'expired', now);
    return done;
  }
  const other = stored ? null : await loadLive(sql, client);
  if (other && !(await givesWay(dependencies, sql, other, checkout)))
    return parked('second_subscription', `the client lives on ${other.id} already`);
  const before = stored ?? (await firstOf(checkout, read.startedAt, versionDocument, sql));
  const after = afterReading(before, read, readAt);
  if (!after) return done;
  const changed = await withAppliedChange(dependencies, sql, after, read.metadata[metadataKeys.subscriptionChange]);
  // Stored before its invoices, which name it.
  await saveSubscription(sql, changed, now);
  if (!stored) {
    await endCheckout(sql, checkout, 'complete', now);
    if (read.defaultCardId !== null) {
      const hasPaid = read.status === 'active';
      const card = { ...client, merchantAccountId: account.id, providerCardId: read.defaultCardId, hasPaid };
      await dependencies.onSubscriptionCard(sql, card);
    }
  }
  if (event.reading) await applyInvoice(dependencies, sql, changed, paying, event.reading, readAt);
  if (changed.status === 'trialing' && !(await hasItsTrial(sql, changed, event.trialCard, now))) {
    // Had before, by this card or address: it ends before anything is charged, and the plan is offered without a trial.
    await dependencies.jobs.enqueue(sql, {
      name: refuseTrialJobName,
      payload: { ...client, subscriptionId: changed.id },
      key: `${refuseTrialJobName}:${changed.id}`,
    });
    return done;
  }
  // Not before: with a trial that is refused the client is left with the agency's own, and without its card nobody knows yet.
  const isGranted = changed.status !== 'trialing' || event.trialCard !== null;
  if (isGranted && changed.endedAt === null && (!stored || stored.status === 'trialing')) {
    await convertTrial(sql, client, now);
  }
  if (changed.endedAt !== null) {
    const pending = await pendingChangeOf(sql, changed);
    // One that its provider ends before its time ends by another word than the switch.
    const isDue = pending?.collection === 'offline' && changed.endedAt >= pending.effectiveAt;
    if (isDue) await switchToOffline(dependencies.offline, sql, changed, pending);
    else if (pending) await endPendingChange(sql, changed, 'canceled', now);
  }
  const served = await withQuotas(sql, changed, read.anchorAt, now);
  await tellOfChange(dependencies, sql, stored, served, { trialWillEnd: event.trialWillEnd });
  return done;
}

async function hasItsTrial(
  sql: Sql,
  { agencyId, customerId, id }: Subscription,
  fingerprint: string | null,
  now: Date,
): Promise<boolean> {
  const email = await emailOf(sql, { agencyId, customerId });
  return claimPlanTrial(sql, { agencyId, subscriptionId: id }, { email, fingerprint: fingerprint ?? undefined }, now);
}

/** A subscription as it was intended, before its provider was read. */
async function firstOf(
  checkout: SubscriptionCheckout,
  startedAt: Date,
  versionDocument: BillingDependencies['versionDocument'],
  sql: Sql,
): Promise<Subscription> {
  return {
    ...newSubscription,
    id: checkout.subscriptionId,
    agencyId: checkout.agencyId,
    customerId: checkout.customerId,
    plan: checkout.plan,
    planVersion: checkout.planVersion,
    status: 'active',
    collection: 'card',
    cycle: checkout.cycle,
    addOns: checkout.addOns,
    merchantAccountId: checkout.merchantAccountId,
    startedAt,
    document: await versionDocument(sql, checkout.plan, checkout.planVersion),
  };
}

/** The subscription as the change makes it that its provider has carried out; as it is, where there is none. */
async function withAppliedChange(
  { clock, versionDocument }: BillingDependencies,
  sql: Sql,
  subscription: Subscription,
  changeId: string | undefined,
): Promise<Subscription> {
  const pending = await pendingChangeOf(sql, subscription);
  if (!pending || pending.id !== changeId) return subscription;
  await endPendingChange(sql, subscription, 'applied', clock.now());
  return {
    ...subscription,
    plan: pending.plan,
    planVersion: pending.planVersion,
    cycle: pending.cycle,
    addOns: pending.addOns,
    document: await versionDocument(sql, pending.plan, pending.planVersion),
    // The new plan's quotas open with its period.
    quotaDueAt: null,
  };
}

/** Opens the quota periods that a subscription has come to. Its anchor is set with its trial or its first paid invoice. */
async function withQuotas(
  sql: Sql,
  subscription: Subscription,
  providerAnchor: Date,
  now: Date,
): Promise<Subscription> {
  const { status, trialEndsAt, startedAt } = subscription;
  let next = subscription;
  if (status === 'trialing' && next.anchorAt === null) next = { ...next, anchorAt: startedAt };
  const trialIsOver =
    status === 'active' && trialEndsAt !== null && next.anchorAt !== null && next.anchorAt < trialEndsAt;
  const isReset = status === 'active' && next.anchorAt !== null && next.anchorAt < providerAnchor;
  if ((next.anchorAt === null || trialIsOver || isReset) && (await hasPaidInvoice(sql, next)) && status === 'active') {
    next = { ...next, anchorAt: providerAnchor, quotaDueAt: null };
  }
  const graceDays = await graceDaysOf(sql, subscription.agencyId);
  const isDue = next.anchorAt !== null && (next.quotaDueAt === null || next.quotaDueAt <= now);
  if (isDue && isServed(next, graceDays, now)) return openQuotas(sql, next, now);
  await saveSubscription(sql, next, now);
  return next;
}
