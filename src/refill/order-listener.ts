import type { DeclinedCharge, OrderListener, PaidOrder } from '../checkout/order-listener.ts';
import type { Sql } from '../database/database.ts';
import { enqueueEvaluation, type RefillDependencies } from './dependencies.ts';
import { endAttempt } from './end-attempt.ts';
import { closeBreakers, closeBreakersOfRefills, creditRefills } from './refill.store.ts';

/** What payments mean for refills: theirs are settled, and a client that paid in person has a card that pays again. */
export const createOrderListener = (
  dependencies: Pick<RefillDependencies, 'clock' | 'jobs' | 'announceDecline'>,
): OrderListener => ({
  paid: async (sql: Sql, orders: readonly PaidOrder[]): Promise<void> => {
    const now = dependencies.clock.now();
    const refills = orders.filter(({ kind }) => kind === 'refill');
    if (refills.length > 0) {
      await creditRefills(sql, refills, now);
      await closeBreakersOfRefills(sql, refills, now);
    }
    const onSession = orders.filter(({ kind }) => kind !== 'refill');
    if (onSession.length === 0) return;
    for (const client of await closeBreakers(sql, onSession, now)) await enqueueEvaluation(dependencies, sql, client);
  },

  declined: async (sql: Sql, charges: readonly DeclinedCharge[]): Promise<void> => {
    for (const { paymentId, message, code, declineCode, adviceCode, ...order } of charges) {
      const decline = { code, declineCode, adviceCode };
      await endAttempt(dependencies, sql, order, { as: 'declined', paymentId, message, decline });
    }
  },
});
