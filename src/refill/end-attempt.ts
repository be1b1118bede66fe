import type { Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import { afterAbandonedAttempt, afterDecline } from './breaker.ts';
import { causeOfDecline, type Decline, kindOfDecline } from './decline.ts';
import { cancelJobName, enqueueEvaluation, type RefillDependencies } from './dependencies.ts';
import { type CardOfBreaker, failRefill, loadBreaker, type Refill, saveBreaker } from './refill.store.ts';

/** How a charge ended without money. `declined`: the card was refused. `refused`: the request was, which says nothing of the card. */
export type EndedAttempt = {
  /** The provider's payment that the try left behind, where it is known. */
  readonly paymentId: string | null;
  readonly message: string | null;
} & ({ readonly as: 'declined'; readonly decline: Decline } | { readonly as: 'refused'; readonly code: string | null });

type EndDependencies = Pick<RefillDependencies, 'clock' | 'jobs' | 'announceDecline'>;

interface OrderKey {
  readonly agencyId: string;
  readonly orderId: string;
}

/**
 * Ends the refill of an order without money, once: whether the charge's own answer, its event or a look-up tells first, the others
 * change nothing. The order is failed, the decline is one line of its attempts, the card's breaker learns of it, and the payment
 * that was left behind is cancelled. Locks the order first, as payments do.
 */
export async function endAttempt(
  dependencies: EndDependencies,
  sql: Sql,
  order: OrderKey,
  ended: EndedAttempt,
): Promise<void> {
  const { clock, jobs } = dependencies;
  const now = clock.now();
  await sql.query('SELECT 1 FROM orders WHERE agency_id = $1 AND id = $2 FOR NO KEY UPDATE', [
    order.agencyId,
    order.orderId,
  ]);
  const { paymentId, message } = ended;
  const codes = ended.as === 'declined' ? ended.decline : { code: ended.code, declineCode: null };
  const refill = await failRefill(sql, order, { status: ended.as, paymentId, message, ...codes }, now);
  if (!refill) return;
  await sql.query(
    `UPDATE orders SET status = 'failed', updated_at = $3 WHERE agency_id = $1 AND id = $2 AND status = 'checkout'`,
    [order.agencyId, order.orderId, now],
  );
  await sql.query(
    `INSERT INTO payment_attempts (agency_id, order_id, fact, id, outcome, payment_id, code, decline_code, message, occurred_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
    [
      order.agencyId,
      order.orderId,
      refillAttemptFact(refill),
      newId('paymentAttempt'),
      ended.as === 'declined' ? 'declined' : 'failed',
      paymentId ?? '',
      codes.code,
      codes.declineCode,
      message,
      now,
    ],
  );
  // Before the breaker, as whoever settles a payment has it: two that want each other's rows would wait for ever.
  await enqueueEvaluation(dependencies, sql, refill);
  if (ended.as === 'declined') {
    await recordDecline(dependencies, sql, { ...refill, fact: refill.id }, ended.decline);
  } else {
    const breaker = await loadBreaker(sql, refill);
    await saveBreaker(sql, refill, afterAbandonedAttempt(breaker, now), now);
  }
  if (paymentId !== null) {
    await jobs.enqueue(sql, {
      name: cancelJobName,
      payload: { agencyId: order.agencyId, orderId: order.orderId, paymentId },
      key: `${cancelJobName}:${paymentId}`,
    });
  }
}

/** A refill makes one try, and so its order has one line of it, whoever tells of it. */
export const refillAttemptFact = ({ id }: Pick<Refill, 'id'>): string => `refill:${id}`;

/**
 * What a declined charge of a saved card, a refill's or a renewal's, means for further ones. The client and the agency are told
 * when it opens the breaker and when it stops, and not of each decline in between.
 */
export async function recordDecline(
  dependencies: Pick<EndDependencies, 'clock' | 'announceDecline'>,
  sql: Sql,
  card: CardOfBreaker & Pick<Refill, 'amount'> & { readonly fact: string },
  decline: Decline,
): Promise<void> {
  const now = dependencies.clock.now();
  const before = await loadBreaker(sql, card);
  const breaker = afterDecline(before, decline, now);
  await saveBreaker(sql, card, breaker, now);
  // Told when it opens, and again when there is more to do for the client than to wait.
  const stops = breaker.state === 'stopped' && before.state !== 'stopped';
  if (before.state !== 'closed' && !stops) return;
  await dependencies.announceDecline(sql, {
    agencyId: card.agencyId,
    customerId: card.customerId,
    fingerprint: card.fingerprint,
    fact: card.fact,
    amount: card.amount,
    kind: kindOfDecline(decline),
    cause: causeOfDecline(decline),
    breaker: breaker.state,
    nextAttemptAt: breaker.nextAttemptAt,
  });
}
