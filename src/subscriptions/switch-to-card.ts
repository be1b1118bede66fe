import type { CustomerKey } from '../catalog/offer.store.ts';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import { type Jobs, waitingKeys } from '../delivery/jobs.ts';
import { idOfRequest } from '../ids.ts';
import type { Emit } from '../outgoing/emit.ts';
import { endPendingChange, pendingChangeOf } from './change.store.ts';
import { checkoutOfRequest, insertCheckout, type SubscriptionCheckout } from './checkout.store.ts';
import { type ChargeableCard, createJobName } from './dependencies.ts';
import type { OfflineDependencies } from './offline.ts';
import { endSubscription } from './subscription.store.ts';
import type { Subscription } from './subscription.ts';
import { subscriptionEvent } from './tell-subscription.ts';

interface Dependencies {
  readonly clock: Clock;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly findDefaultCard: (sql: Sql, client: CustomerKey) => Promise<ChargeableCard | null>;
}

const lifetimeMs = 365 * 86_400_000;

/**
 * A client that paid outside pays by card from its next cycle on: a subscription of the provider's takes the place of the offline one
 * when its first reading arrives. Without a verified default card it waits for one. A card that is declined is told to the client, and
 * tried no more: the agency takes the switch back, or the client another card and the agency another switch.
 */
export const switchToCard =
  ({ clock, jobs, findDefaultCard }: Dependencies): NonNullable<OfflineDependencies['switchToCard']> =>
  async (sql, subscription, change) => {
    const { agencyId, customerId } = subscription;
    const card = await findDefaultCard(sql, subscription);
    if (!card || change.cycle === null) return;
    const now = clock.now();
    const id = idOfRequest('checkoutSession', change.id);
    const key = `${createJobName}:${id}`;
    const ask = (): Promise<void> =>
      jobs.enqueue(sql, {
        name: createJobName,
        payload: { agencyId, checkoutId: id, cardId: card.providerCardId },
        key,
      });
    const begun = await checkoutOfRequest(sql, agencyId, change.id);
    if (begun) {
      // Its job may have given up while the provider did not answer.
      const isAsked = (await waitingKeys(sql, [key])).has(key);
      if (begun.status === 'open' && !isAsked) await ask();
      return;
    }
    await insertCheckout(sql, {
      ...{ agencyId, id, customerId, merchantAccountId: card.merchantAccountId },
      ...{ plan: change.plan, planVersion: change.planVersion, cycle: change.cycle, addOns: change.addOns },
      ...{ mode: 'api', lines: null, subscriptionId: idOfRequest('subscription', change.id), requestHash: change.id },
      // The client pays already.
      trialDays: null,
      ...{ requestId: change.id, successUrl: '', cancelUrl: '', createdAt: now },
      expiresAt: new Date(now.getTime() + lifetimeMs),
    });
    await ask();
  };

/** An offline subscription that is to be paid by card ends where the provider's begins: that of `checkout`, which its switch began. */
export async function givesWay(
  { clock, outgoing }: { readonly clock: Clock; readonly outgoing: { readonly emit: Emit } },
  sql: Sql,
  offline: Subscription,
  { requestId }: Pick<SubscriptionCheckout, 'requestId'>,
): Promise<boolean> {
  const pending = offline.collection === 'offline' ? await pendingChangeOf(sql, offline) : null;
  if (pending?.id !== requestId) return false;
  const now = clock.now();
  await endPendingChange(sql, offline, 'applied', now);
  await endSubscription(sql, offline, 'canceled', now);
  const ended: Subscription = { ...offline, status: 'canceled', endedAt: now };
  await outgoing.emit(sql, [subscriptionEvent('subscription.canceled', ended, requestId)]);
  return true;
}
