import type { Clock } from '../clock.ts';
import { newId } from '../ids.ts';
import type { OnCollectionChanged } from '../tenancy/change-customer.ts';
import { addOnsSchema } from './subscription.ts';

/**
 * A client that is to pay with a card from now on, or without one, goes on as it is until its next cycle: the change waits beside
 * whatever else is pending. Told back before that, nothing of it is left. Pay-as-you-go has nothing to collect, and nothing to change.
 */
export const switchCollection =
  ({ clock }: { readonly clock: Clock }): OnCollectionChanged =>
  async (db, { agencyId, id: customerId, collection }) => {
    const live = await db.subscription.findFirst({ where: { agencyId, customerId, endedAt: null } });
    if (!live || live.collection === 'none' || live.periodEnd === null) return;
    const pending = await db.subscriptionChange.findFirst({
      where: { agencyId, subscriptionId: live.id, status: 'pending' },
    });
    const next = pending ?? live;
    if (next.collection === 'none' || next.collection === collection) return;
    const now = clock.now();
    if (pending) {
      await db.subscriptionChange.update({
        where: { agencyId_id: { agencyId, id: pending.id } },
        data: { status: 'replaced', endedAt: now },
      });
    }
    const isAsItWas =
      collection === live.collection &&
      next.planId === live.planId &&
      next.planVersion === live.planVersion &&
      next.cycle === live.cycle &&
      sameAddOns(next.addOns, live.addOns);
    if (isAsItWas) return;
    await db.subscriptionChange.create({
      data: {
        agencyId,
        customerId,
        id: newId('subscriptionChange'),
        subscriptionId: live.id,
        planAgencyId: next.planAgencyId,
        planId: next.planId,
        planVersion: next.planVersion,
        cycle: next.cycle,
        addOns: addOnsSchema.parse(next.addOns),
        collection,
        status: 'pending',
        effectiveAt: live.periodEnd,
        createdAt: now,
      },
    });
  };

/** Whatever the order in which they are written; none of something is the same as not naming it. */
function sameAddOns(one: unknown, other: unknown): boolean {
  const [a, b] = [addOnsSchema.parse(one), addOnsSchema.parse(other)];
  return [...Object.keys(a), ...Object.keys(b)].every((feature) => (a[feature] ?? 0) === (b[feature] ?? 0));
}
