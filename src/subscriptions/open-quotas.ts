import type { CustomerKey } from '../catalog/offer.store.ts';
import type { Clock } from '../clock.ts';
import { type Database, inTransaction, type Sql } from '../database/database.ts';

import { graceDaysOf } from './grace.ts';
import { hasServiceDays } from './licence.store.ts';
import { isServed } from './lifecycle.ts';
import { loadPendingChange } from './pending-change.store.ts';
import { type Period, quotaPeriodAt } from './quota.ts';
import { openQuotaPeriods, quotasOf } from './quota-period.store.ts';
import { dueForQuotas, lockLive, saveSubscription } from './subscription.store.ts';
import type { Subscription } from './subscription.ts';

/** Whether a subscription gives service, so that its quotas open. What is paused opens none until it goes on. */
const opensQuotas = ({ status, anchorAt }: Pick<Subscription, 'status' | 'anchorAt'>): boolean =>
  anchorAt !== null && (status === 'active' || status === 'trialing' || status === 'past_due');

/**
 * Opens the monthly quota periods up to the one that `now` lies in, each once, and stores the subscription with the time of the next.
 * A period that nobody opened in its time is opened too, for late usage is rated in it. Answers the subscription as it was stored; one
 * that gives no service opens nothing, and neither does what lies beyond its end, or beyond a trial that nobody has paid after.
 */
export async function openQuotas(sql: Sql, subscription: Subscription, now: Date): Promise<Subscription> {
  if (opensQuotas(subscription)) return openPeriods(sql, subscription, now);
  await saveSubscription(sql, subscription, now);
  return subscription;
}

async function openPeriods(sql: Sql, subscription: Subscription, now: Date): Promise<Subscription> {
  const { anchorAt, cancelAt, trialEndsAt, agencyId, customerId, id, plan, planVersion, document } = subscription;
  if (anchorAt === null) throw new Error(`subscription ${id} has no anchor, so that it has no periods`);
  const until = now < anchorAt ? anchorAt : now;
  const periods: Period[] = [];
  // Its provider may tell of its end after the anniversary that it ends with.
  // The first payment after a trial moves the anchor to the trial's end, and opens what comes then.
  const unpaidFrom = trialEndsAt !== null && anchorAt < trialEndsAt ? trialEndsAt : null;
  const isOpenable = (at: Date): boolean =>
    at <= until && (cancelAt === null || at < cancelAt) && (unpaidFrom === null || at < unpaidFrom);
  for (let at = subscription.quotaDueAt ?? until; isOpenable(at); at = quotaPeriodAt(anchorAt, at).end) {
    periods.push(quotaPeriodAt(anchorAt, at));
  }
  const next = { ...subscription, quotaDueAt: periods.at(-1)?.end ?? subscription.quotaDueAt };
  await saveSubscription(sql, next, now);
  const holder = {
    agencyId,
    customerId,
    holderId: id,
    holderKind: 'subscription',
    plan: { ...plan, version: planVersion },
  } as const;
  for (const period of periods) await openQuotaPeriods(sql, holder, quotasOf(document), period, now);
  return next;
}

export const openQuotasJobName = 'subscriptions.open_quotas' as const;

const batchSize = 200;

/** The handler of `subscriptions.open_quotas`: opens the periods whose anniversary has come, client by client. */
export async function openDueQuotas({
  database,
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}): Promise<void> {
  const now = clock.now();
  for (let after: Subscription | undefined; ; ) {
    const due = await dueForQuotas(database.pool, now, { limit: batchSize, after });
    for (const client of due) await inTransaction(database.pool, (sql) => openDue(sql, client, now));
    after = due.at(-1);
    if (due.length < batchSize) return;
  }
}

/** Why a period is not open whose time has come: somebody else is about to open it, on what it will include. */
export type AwaitedQuotas = Pick<Subscription, 'plan' | 'planVersion' | 'document'>;

/** What came of asking for a client's due periods. `null`: nothing was opened, and nothing is about to be. */
export type DueQuotas = { readonly opened: true } | { readonly opened: false; readonly awaited: AwaitedQuotas } | null;

/**
 * Opens the periods of a client whose anniversary has come; whoever meets one first may. A subscription that is not served opens them while
 * the client has days of service, from the one that `now` lies in.
 */
export async function openDue(sql: Sql, client: CustomerKey, now: Date): Promise<DueQuotas> {
  const live = await lockLive(sql, client);
  if (!live || live.anchorAt === null || (live.quotaDueAt !== null && live.quotaDueAt > now)) return null;
  // It ends where the next period would begin; its provider is about to say so.
  if (live.cancelAt !== null && (live.quotaDueAt ?? now) >= live.cancelAt) return null;
  const isServing = isServed(live, await graceDaysOf(sql, live.agencyId), now);
  const opens = (isServing && live.quotaDueAt !== null) || (await hasServiceDays(sql, client, now));
  // The change that is due decides what the new period includes: its provider tells of it, or our own scheduler makes it.
  const pending = await loadPendingChange(sql, live);
  // Once the renewal was heard of without it, the change is late and the plan before goes on.
  const isRenewed = live.periodEnd !== null && live.periodEnd > now;
  if (pending && pending.effectiveAt <= now && !isRenewed) {
    const { plan, planVersion, document } = pending;
    return opens ? { opened: false, awaited: { plan, planVersion, document } } : null;
  }
  // The renewal opens it, on what it renews.
  const isOver = live.collection === 'offline' && live.periodEnd !== null && live.periodEnd <= now;
  if (isOver) return opens ? { opened: false, awaited: live } : null;
  if (opens) {
    await openPeriods(sql, live, now);
    return { opened: true };
  }
  // Without service it asks for its period itself when it goes on.
  if (live.quotaDueAt !== null) await saveSubscription(sql, { ...live, quotaDueAt: null }, now);
  return null;
}
