import type { PaymentEvent } from '../checkout/payment-event.ts';
import type { Sql } from '../database/database.ts';
import type { EventOutcome } from '../delivery/inbox.ts';
import type { Posting } from '../ledger/posting.ts';
import type { Money } from '../money/money.ts';
import type { RefundDependencies } from './dependencies.ts';
import { feeLinesOf, hearRefunds } from './hear-refunds.ts';
import type { DisputeEvent, RefundEvent } from './refund-event.ts';
import { findSettled } from './refunds.sql.ts';
import {
  type HeldOrder,
  loadHeld,
  loadRefunds,
  lockReversedOrders,
  type OrderKey,
  openBooks,
  orderKeyOf,
  storeBooks,
  storeDisputes,
  storeHeard,
} from './reversal.store.ts';

type ReversalEvent = RefundEvent | DisputeEvent;

export interface SourcedReversal<Event extends ReversalEvent = ReversalEvent> {
  readonly event: Event;
  readonly source: string;
}

export type ApplyReversals = (sql: Sql, batch: readonly SourcedReversal[]) => Promise<readonly EventOutcome[]>;

/** The invoice of a subscription was paid, and we have not heard of it yet: tried again, it will be known. */
export class PaymentNotKnownYet extends Error {
  constructor(paymentId: string) {
    super(`payment ${paymentId} paid an invoice that is not settled here yet`);
    this.name = 'PaymentNotKnownYet';
  }
}

type Dependencies = Pick<RefundDependencies, 'clock' | 'ledger' | 'settlePayments'>;

const done: EventOutcome = { status: 'done' };
const ofNobodyHere: EventOutcome = { status: 'ignored', reason: 'foreign: the payment is nobody’s here' };

const paymentKeyOf = (provider: string, accountId: string, paymentId: string): string =>
  `${provider} ${accountId} ${paymentId}`;

const keyOf = ({ provider, providerAccountId, payment }: ReversalEvent): string =>
  paymentKeyOf(provider, providerAccountId, payment.id);

/**
 * Brings the books to what providers show of money that went back, in the caller's transaction: whatever of it was posted before stays, and what
 * was not is posted now. A payment that is heard of first through this is credited first. One that is nobody's here changes nothing.
 *
 * Throws `PaymentNotKnownYet` for a renewal whose invoice is not settled here yet.
 */
export function createApplyReversals(dependencies: Dependencies): ApplyReversals {
  return async (sql, batch) => {
    if (batch.length === 0) return [];
    const known = await findOrders(sql, batch);
    const parked = await settleUnknown(dependencies, sql, batch, known);
    const settled = parked === null ? known : await findOrders(sql, batch);
    const orders = await lockReversedOrders(sql, [...settled.values()]);
    const outcomes: EventOutcome[] = [];
    const postings: Posting[] = [];
    for (const item of batch) {
      const refusal = parked?.get(keyOf(item.event));
      const key = settled.get(keyOf(item.event));
      const order = key && orders.get(orderKeyOf(key));
      if (refusal) outcomes.push(refusal);
      else if (order) {
        postings.push(...(await apply(dependencies, sql, await loadHeld(sql, order), item)));
        outcomes.push(done);
      } else if (item.event.payment.isOfSubscription) throw new PaymentNotKnownYet(item.event.payment.id);
      else outcomes.push(ofNobodyHere);
    }
    await dependencies.ledger.post(sql, postings);
    return outcomes;
  };
}

async function findOrders(sql: Sql, batch: readonly SourcedReversal[]): Promise<Map<string, OrderKey>> {
  const { rows } = await sql.query<{
    provider: string;
    provider_account_id: string;
    payment_id: string;
    agency_id: string;
    order_id: string;
  }>(findSettled, [
    batch.map(({ event }) => event.provider),
    batch.map(({ event }) => event.providerAccountId),
    batch.map(({ event }) => event.payment.id),
  ]);
  return new Map(
    rows.map((row) => [
      paymentKeyOf(row.provider, row.provider_account_id, row.payment_id),
      { agencyId: row.agency_id, orderId: row.order_id },
    ]),
  );
}

/** What the payment brought before anything went back: where it failed after all, its provider shows nothing of it any more. */
function receivedOf(event: ReversalEvent): Money {
  const { received } = event.payment;
  if (event.type !== 'payment.failed_late' || received.isPositive) return received;
  return event.failures[0]?.amount ?? received;
}

/**
 * Credits payments that nobody told of before what went back of them. Answers those that were not credited, with their refusals; null where every
 * payment was known.
 */
async function settleUnknown(
  { settlePayments }: Dependencies,
  sql: Sql,
  batch: readonly SourcedReversal[],
  known: ReadonlyMap<string, OrderKey>,
): Promise<Map<string, EventOutcome> | null> {
  const untold = batch.flatMap(({ event, source }) => {
    const { order, id } = event.payment;
    const received = receivedOf(event);
    if (known.has(keyOf(event)) || !order || !received.isPositive) return [];
    const { provider, providerAccountId } = event;
    const settled = { type: 'payment.settled', provider, providerAccountId, order, paymentId: id, received } as const;
    return [{ key: keyOf(event), event: settled satisfies PaymentEvent, source }];
  });
  if (untold.length === 0) return null;
  // All at once, in id order: those that are credited now would else be locked before the others, whatever their ids.
  await lockReversedOrders(sql, [...known.values(), ...untold.map(({ event }) => event.order)]);
  const outcomes = await settlePayments(sql, untold);
  const refused = new Map<string, EventOutcome>();
  for (const [index, { key }] of untold.entries()) {
    const outcome = outcomes[index];
    if (outcome?.status === 'parked') refused.set(key, outcome);
  }
  return refused;
}

/** Stores what came of an event; answers what is to be posted of it. */
async function apply(
  { clock }: Dependencies,
  sql: Sql,
  held: HeldOrder,
  { event, source }: SourcedReversal,
): Promise<readonly Posting[]> {
  const { order } = held;
  const paymentId = event.payment.id;
  const withPlatform = event.type !== 'payment.disputes' && event.feeReturns.length > 0;
  const books = await openBooks(sql, held, { paymentId, source, withPlatform });
  switch (event.type) {
    case 'payment.refunds': {
      const heard = hearRefunds(books, order, event, await loadRefunds(sql, order, paymentId));
      await storeHeard(clock, sql, order, paymentId, heard);
      break;
    }
    case 'payment.failed_late': {
      for (const failure of event.failures) books.failLate(failure);
      books.returnFees(event.feeReturns, feeLinesOf(event.failures.map(({ movement }) => movement)));
      break;
    }
    case 'payment.disputes': {
      for (const dispute of event.disputes) books.dispute(dispute);
      await storeDisputes(clock, sql, order, paymentId, event.disputes);
      break;
    }
  }
  await storeBooks(clock, sql, held, paymentId, books);
  return books.postings;
}
