import type { CustomerKey } from '../catalog/offer.store.ts';
import type { Clock } from '../clock.ts';
import { type Database, inTransaction, type Sql } from '../database/database.ts';
import { pendingChangeOf } from './change.store.ts';
import { graceDaysOf } from './grace.ts';
import { isServed } from './lifecycle.ts';
import { type Period, quotaPeriodAt } from './quota.ts';
import { openQuotaPeriods, quotasOf } from './quota-period.store.ts';
import { dueForQuotas, lockLive, saveSubscription } from './subscription.store.ts';
import type { Subscription } from './subscription.ts';

/** Whether a subscription gives service, so that its quotas open. What is paused opens none until it goes on. */
export const opensQuotas = ({ status, anchorAt }: Pick<Subscription, 'status' | 'anchorAt'>): boolean =>
  anchorAt !== null && (status === 'active' || status === 'trialing' || status === 'past_due');

/**
 * Opens the monthly quota periods up to the one that `now` lies in, each once, and stores the subscription with the time of the next.
 * A period that nobody opened in its time is opened too, for late usage is rated in it. Answers the subscription as it was stored; one
 * that gives no service opens nothing, and neither does what lies beyond its end.
 */
export async function openQuotas(sql: Sql, subscription: Subscription, now: Date): Promise<Subscription> {
  const { anchorAt, cancelAt, agencyId, customerId, id, plan, planVersion, document } = subscription;
  if (anchorAt === null || !opensQuotas(subscription)) {
    await saveSubscription(sql, subscription, now);
    return subscription;
  }
  const until = now < anchorAt ? anchorAt : now;
  const periods: Period[] = [];
  // Its provider may tell of its end after the anniversary that it ends with.
  const isOpenable = (at: Date): boolean => at <= until && (cancelAt === null || at < cancelAt);
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

async function openDue(sql: Sql, client: CustomerKey, now: Date): Promise<void> {
  const live = await lockLive(sql, client);
  if (!live || live.quotaDueAt === null || live.quotaDueAt > now) return;
  // The change that is due decides what the new period includes: its provider tells of it, or our own scheduler makes it.
  const pending = await pendingChangeOf(sql, live);
  if (pending && pending.effectiveAt <= now) return;
  // It ends where the next period would begin; its provider is about to say so.
  if (live.cancelAt !== null && live.quotaDueAt >= live.cancelAt) return;
  const graceDays = await graceDaysOf(sql, live.agencyId);
  // Without service it asks for its period itself when it goes on.
  if (isServed(live, graceDays, now)) await openQuotas(sql, live, now);
  else await saveSubscription(sql, { ...live, quotaDueAt: null }, now);
}
