import type { Clock } from '../clock.ts';
import { type Database, inTransaction, type Sql } from '../database/database.ts';
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
 * that gives no service opens nothing.
 */
export async function openQuotas(sql: Sql, subscription: Subscription, now: Date): Promise<Subscription> {
  const { anchorAt, agencyId, customerId, id, plan, planVersion, document } = subscription;
  if (anchorAt === null || !opensQuotas(subscription)) {
    await saveSubscription(sql, subscription, now);
    return subscription;
  }
  const until = now < anchorAt ? anchorAt : now;
  const periods: Period[] = [];
  for (let at = subscription.quotaDueAt ?? until; at <= until; at = quotaPeriodAt(anchorAt, at).end) {
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
  for (;;) {
    const now = clock.now();
    const due = await dueForQuotas(database.pool, now, batchSize);
    for (const { agencyId, customerId } of due) {
      await inTransaction(database.pool, async (sql) => {
        const live = await lockLive(sql, { agencyId, customerId });
        if (!live || live.quotaDueAt === null || live.quotaDueAt > now) return;
        // Paused meanwhile: it asks for its period itself when it goes on.
        if (opensQuotas(live)) await openQuotas(sql, live, now);
        else await saveSubscription(sql, { ...live, quotaDueAt: null }, now);
      });
    }
    if (due.length < batchSize) return;
  }
}
