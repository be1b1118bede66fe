import type { Clock } from '../clock.ts';
import { newId } from '../ids.ts';
import type { OnCollectionChanged } from '../tenancy/change-customer.ts';
import type { ScopedTransaction } from '../tenancy/scoped-prisma.ts';
import { isEnding } from './change.store.ts';
import { underWay } from './claim.ts';
import { addOnsSchema, collectionSchema } from './subscription.ts';

/**
 * A client that is to pay with a card from now on, or without one, goes on as it is until its next cycle: the change waits beside
 * whatever else is pending. Told back before that, nothing of it is left. What ends with its period does not change any more. Pay-as-you-go has nothing to collect, and nothing to change.
 */
export const switchCollection =
  ({ clock }: { readonly clock: Clock }): OnCollectionChanged =>
  async (db, { agencyId, id: customerId, collection }) => {
    const live = await db.subscription.findFirst({ where: { agencyId, customerId, endedAt: null } });
    if (!live || live.collection === 'none' || live.periodEnd === null) return;
    const pending = await db.subscriptionChange.findFirst({
      where: { agencyId, subscriptionId: live.id, status: 'pending' },
    });
    // What ends by somebody's word has no next cycle.
    if (isEnding({ ...live, collection: collectionSchema.parse(live.collection) }, pendingCollection(pending))) return;
    const next = pending ?? live;
    if (next.collection === 'none' || next.collection === collection) return;
    const now = clock.now();
    if (pending) await takeBack(db, pending, now);
    if (pending?.collection === 'offline' && live.collection === 'card') {
      // Its provider may have been told to end it.
      const goesOn = { cancelAt: null, endWanted: false, updatedAt: now };
      await db.subscription.update({ where: { agencyId_id: { agencyId, id: live.id } }, data: goesOn });
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
        ...(pending?.lines ? { lines: pending.lines } : {}),
        status: 'pending',
        effectiveAt: live.periodEnd,
        createdAt: now,
      },
    });
  };

const pendingCollection = (pending: { readonly collection: string } | null) =>
  pending && { collection: collectionSchema.parse(pending.collection) };

/** What waited is no more, and neither is the subscription by card that it may have begun. */
async function takeBack(
  db: ScopedTransaction,
  { agencyId, id }: { readonly agencyId: string; readonly id: string },
  now: Date,
): Promise<void> {
  const begun = { agencyId, requestId: id, status: 'open' };
  await db.subscriptionCheckout.updateMany({
    where: { ...begun, OR: [{ claimedUntil: null }, { claimedUntil: { lte: now } }] },
    data: { status: 'expired', updatedAt: now },
  });
  if (await db.subscriptionCheckout.findFirst({ where: begun })) throw underWay();
  await db.subscriptionChange.update({
    where: { agencyId_id: { agencyId, id } },
    data: { status: 'replaced', endedAt: now },
  });
}

/** Whatever the order in which they are written; none of something is the same as not naming it. */
function sameAddOns(one: unknown, other: unknown): boolean {
  const [a, b] = [addOnsSchema.parse(one), addOnsSchema.parse(other)];
  return [...Object.keys(a), ...Object.keys(b)].every((feature) => (a[feature] ?? 0) === (b[feature] ?? 0));
}
