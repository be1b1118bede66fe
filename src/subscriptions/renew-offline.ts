import { type Database, inTransaction } from '../database/database.ts';
import { type OfflineDependencies, type Renewal, renewOffline } from './offline.ts';
import { dueForRenewal, lockLive } from './subscription.store.ts';

export interface RenewalDependencies extends OfflineDependencies {
  readonly database: Database;
  /** Told of a subscription that could not be renewed now; the next run tries again. */
  readonly onFailure: (subscriptionId: string, error: unknown) => void;
}

export const renewOfflineJobName = 'subscriptions.renew_offline' as const;

const batchSize = 200;

/**
 * Renews the subscriptions without a card whose period is over, client by client and each period in a transaction of its own, until
 * none is due: a year that nobody looked is made up for month by month. Runs at once do each period once.
 */
export async function renewDueOffline(dependencies: RenewalDependencies): Promise<void> {
  const { database, clock, onFailure } = dependencies;
  /** Those that stay due in this run: they failed, or wait for a provider. */
  const left = new Set<string>();
  for (;;) {
    const limit = batchSize + left.size;
    const due = await dueForRenewal(database.pool, clock.now(), limit);
    for (const { agencyId, customerId, id } of due.filter((each) => !left.has(each.id))) {
      try {
        let renewal: Renewal;
        do renewal = await renewOnce(dependencies, { agencyId, customerId });
        while (renewal === 'renewed');
        if (renewal === 'handed_over') left.add(id);
      } catch (error) {
        left.add(id);
        onFailure(id, error);
      }
    }
    if (due.length < limit) return;
  }
}

const renewOnce = (
  dependencies: RenewalDependencies,
  customer: { readonly agencyId: string; readonly customerId: string },
): Promise<Renewal> =>
  inTransaction(dependencies.database.pool, async (sql) => {
    const live = await lockLive(sql, customer);
    return live === null ? 'over' : renewOffline(dependencies, sql, live);
  });
