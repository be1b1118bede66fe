import type { CustomerKey } from '../catalog/offer.store.ts';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import { idOfRequest } from '../ids.ts';
import { checkoutOfRequest, insertCheckout } from './checkout.store.ts';
import { type ChargeableCard, createJobName } from './dependencies.ts';
import type { OfflineDependencies } from './offline.ts';

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
    if (!card || change.cycle === null || (await checkoutOfRequest(sql, agencyId, change.id))) return;
    const now = clock.now();
    const id = idOfRequest('checkoutSession', change.id);
    await insertCheckout(sql, {
      ...{ agencyId, id, customerId, merchantAccountId: card.merchantAccountId },
      ...{ plan: change.plan, planVersion: change.planVersion, cycle: change.cycle, addOns: change.addOns },
      ...{ mode: 'api', subscriptionId: idOfRequest('subscription', change.id), requestHash: change.id },
      ...{ requestId: change.id, successUrl: '', cancelUrl: '', createdAt: now },
      expiresAt: new Date(now.getTime() + lifetimeMs),
    });
    await jobs.enqueue(sql, {
      name: createJobName,
      payload: { agencyId, checkoutId: id, cardId: card.providerCardId },
      key: `${createJobName}:${id}`,
    });
  };
