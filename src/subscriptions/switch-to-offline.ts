import type { Sql } from '../database/database.ts';
import { idOfRequest } from '../ids.ts';
import { endPendingChange, type PendingChange } from './change.store.ts';
import { beginPeriod, type OfflineDependencies } from './offline.ts';
import { newSubscription, type Subscription } from './subscription.ts';
import { subscriptionEvent } from './tell-subscription.ts';
import { versionDocument } from './version-document.ts';

/**
 * A client that paid by card pays outside from its next cycle on: the provider's subscription has ended with its period, and an offline
 * one takes its place. `ended` must be stored as over.
 */
export async function switchToOffline(
  dependencies: OfflineDependencies,
  sql: Sql,
  ended: Subscription,
  change: PendingChange,
): Promise<void> {
  const { agencyId, customerId, merchantAccountId } = ended;
  await endPendingChange(sql, ended, 'applied', dependencies.clock.now());
  const started = await beginPeriod(
    dependencies,
    sql,
    {
      ...newSubscription,
      ...{ id: idOfRequest('subscription', change.id), agencyId, customerId, merchantAccountId },
      ...{ plan: change.plan, planVersion: change.planVersion, cycle: change.cycle, addOns: change.addOns },
      ...{ status: 'active', collection: 'offline', anchorAt: change.effectiveAt, startedAt: change.effectiveAt },
      document: await versionDocument(sql, change.plan, change.planVersion),
    },
    change.effectiveAt,
  );
  await dependencies.emit(sql, [subscriptionEvent('subscription.activated', started, change.id)]);
}
