import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import { newId } from '../ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Posting } from '../ledger/posting.ts';
import { settleInvoice, settleTopUp, type TopUp } from '../ledger/postings.ts';
import { Money } from '../money/money.ts';
import { claimSettlements, orderKey, paymentKeyOf, type Settled } from './claim-settlements.ts';
import { followJob } from './follow-job.ts';
import { nextStatus, type OrderFact, type OrderStatus, settlementReference } from './order.ts';
import type { DeclinedCharge, OrderListener, PaidOrder } from './order-listener.ts';
import type { PaymentEvent } from './payment-event.ts';
import type { FailedPayment, PaymentListeners } from './payment-listeners.ts';
import { lockOrders, moveOrders, raiseAlerts, recordAttempts } from './settle-payments.sql.ts';
import { isShared, type SharedOrder, type SharedPayment, sharePostingsOf } from './share-postings.ts';

/** A payment event and what told of it (`event:evt_...`, or the reconciler's run). */
export interface SourcedPaymentEvent {
  readonly event: PaymentEvent;
  readonly source: string;
}

/** `parked`: not credited; a person has to look. The reason begins with a stable code. */
export type PaymentOutcome = { readonly status: 'done' } | { readonly status: 'parked'; readonly reason: string };

export type SettlePayments = (sql: Sql, batch: readonly SourcedPaymentEvent[]) => Promise<readonly PaymentOutcome[]>;

interface OrderRow extends SharedOrder {
  readonly id: string;
  readonly kind: string;
  readonly status: OrderStatus;
  readonly credited: string;
  readonly exact: string;
  readonly tax: string;
  readonly provider_payment_id: string | null;
  readonly provider: string;
  readonly provider_account_id: string;
}

/** An order and what this batch makes of it. */
interface OpenOrder {
  readonly row: OrderRow;
  status: OrderStatus;
  paymentId: string | null;
}

export interface SettlementDependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly listeners: Pick<PaymentListeners, 'onFailed'>;
  readonly orderListener?: OrderListener;
}

const done: PaymentOutcome = { status: 'done' };
const parked = (code: string, sentence: string): PaymentOutcome => ({
  status: 'parked',
  reason: `${code}: ${sentence}`,
});

const unknownOrder = (event: PaymentEvent): PaymentOutcome =>
  parked('unknown_order', `no order ${event.order.orderId} is known here`);

type Declined = Extract<PaymentEvent, { type: 'payment.declined' }>;

/** An order that was paid again. */
interface SecondPayment {
  readonly order: OrderRow;
  readonly first: string;
  readonly second: string;
}

/**
 * Applies what providers told of orders, set-wise, in the caller's transaction. One payment credits once, whichever of its
 * events come, in whatever order, however often: it settles the first order it names, and no other ever. A payment that does
 * not match its order in account, currency or amount is parked, not credited.
 */
export function createSettlePayments({
  ledger,
  clock,
  jobs,
  listeners,
  orderListener,
}: SettlementDependencies): SettlePayments {
  return async (sql, batch) => {
    if (batch.length === 0) return [];
    const orders = await lockNamedOrders(sql, batch);
    const checked = batch.map((item) => {
      const order = orders.get(orderKey(item.event.order.agencyId, item.event.order.orderId));
      return { ...item, order, refusal: order ? mismatchOf(order.row, item.event) : unknownOrder(item.event) };
    });
    const settlers = await claimSettlements(
      sql,
      clock,
      checked.flatMap(({ event, refusal }) => (refusal === null && event.type === 'payment.settled' ? [event] : [])),
    );

    const postings: Posting[] = [];
    const shared: SharedPayment[] = [];
    const declines: Declined[] = [];
    const declinedCharges: Declined[] = [];
    const paid: PaidOrder[] = [];
    const failures: FailedPayment[] = [];
    const secondPayments: SecondPayment[] = [];
    const outcomes = checked.map(({ event, source, order, refusal }): PaymentOutcome => {
      if (refusal !== null || !order) return refusal ?? unknownOrder(event);
      if (event.type === 'payment.declined') {
        if (order.row.kind === 'refill') {
          declinedCharges.push(event);
        } else {
          declines.push(event);
          failures.push(failureOf(order.row, event));
        }
        return done;
      }
      if (event.type === 'payment.settled') {
        const settler = settlers.get(paymentKeyOf(event));
        if (settler?.order !== orderKey(event.order.agencyId, event.order.orderId)) {
          return parked('payment_of_another_order', `payment ${event.paymentId} settled another order before`);
        }
        // Told again it moves nothing: the payment may have failed since.
        if (!settler.isNew) return done;
        settler.isNew = false;
        postings.push(settlementOf(order.row, event, source));
        paid.push(paidOrderOf(order.row));
        if (isShared(order.row)) shared.push({ ...event, order: order.row, source });
        if (order.paymentId === null) order.paymentId = event.paymentId;
        else secondPayments.push({ order: order.row, first: order.paymentId, second: event.paymentId });
      }
      const before = order.status;
      order.status = nextStatus(before, factOf[event.type]);
      if (order.status === 'failed' && before !== 'failed') failures.push(finalFailureOf(order.row, clock.now()));
      return done;
    });

    if (shared.length > 0) postings.push(...(await sharePostingsOf(sql, shared)));
    await ledger.post(sql, postings);
    await storeMoves(sql, clock, [...orders.values()]);
    if (declines.length > 0) await storeDeclines(sql, declines);
    if (secondPayments.length > 0) await storeAlerts(sql, clock, secondPayments);
    if (paid.length > 0) await orderListener?.paid(sql, paid);
    if (declinedCharges.length > 0) await orderListener?.declined(sql, declinedCharges.map(declinedChargeOf));
    if (failures.length > 0) for (const tell of listeners.onFailed) await tell(sql, failures);
    // Last, for the waiting job is one row: another batch that settles waits for it until this one commits.
    if (postings.length > 0) await jobs.enqueue(sql, followJob());
    return outcomes;
  };
}

const paidOrderOf = ({ agency_id, customer_id, id, kind }: OrderRow): PaidOrder => ({
  agencyId: agency_id,
  customerId: customer_id,
  orderId: id,
  kind,
});

const declinedChargeOf = ({ order, paymentId, code, declineCode, adviceCode, message }: Declined): DeclinedCharge => ({
  ...order,
  paymentId,
  code,
  declineCode,
  adviceCode,
  message,
});

const factOf = {
  'payment.settled': 'paid',
  'payment.failed': 'failed',
  'session.expired': 'expired',
} as const satisfies Record<string, OrderFact>;

async function lockNamedOrders(sql: Sql, batch: readonly SourcedPaymentEvent[]): Promise<Map<string, OpenOrder>> {
  const names = new Map(batch.map(({ event: { order } }) => [orderKey(order.agencyId, order.orderId), order]));
  const found = await sql.query<OrderRow>({
    text: lockOrders,
    values: [[...names.values()].map(({ agencyId }) => agencyId), [...names.values()].map(({ orderId }) => orderId)],
  });
  return new Map(
    found.rows.map((row) => [
      orderKey(row.agency_id, row.id),
      { row, status: row.status, paymentId: row.provider_payment_id },
    ]),
  );
}

/** Metadata alone is never trusted: the event must come from the order's account, and carry the order's money. */
function mismatchOf(order: OrderRow, event: PaymentEvent): PaymentOutcome | null {
  if (event.provider !== order.provider || event.providerAccountId !== order.provider_account_id) {
    return parked(
      'account_mismatch',
      `order ${order.id} belongs to ${order.provider} account ${order.provider_account_id}`,
    );
  }
  if (event.type !== 'payment.settled') return null;
  const charged = Money.of(order.charged, order.charge_currency);
  if (event.received.equals(charged)) return null;
  const code = event.received.currency.code === order.charge_currency ? 'amount_mismatch' : 'currency_mismatch';
  return parked(code, `order ${order.id} is for ${charged}, but ${event.received} was paid`);
}

function settlementOf(order: OrderRow, event: Settled, source: string): Posting {
  const fact = {
    agencyId: order.agency_id,
    customerId: order.customer_id,
    planId: order.plan_id,
    merchantAccountId: order.merchant_account_id,
    reference: settlementReference(event.provider, event.providerAccountId, event.paymentId),
    source,
  };
  return order.kind === 'pack' ? packSettlementOf(order, event, fact) : topUpSettlementOf(order, event, fact);
}

type SettlementFact = Pick<TopUp, 'agencyId' | 'customerId' | 'planId' | 'merchantAccountId' | 'reference' | 'source'>;

const topUpSettlementOf = (order: OrderRow, { received }: Settled, fact: SettlementFact): Posting =>
  settleTopUp({
    ...fact,
    credited: Money.of(order.credited, 'USD'),
    charged: received,
    exact: Money.of(order.exact, order.charge_currency),
  });

/** A pack is sold, not kept for the client: its price is revenue at once, and no balance grows. */
function packSettlementOf(order: OrderRow, { received }: Settled, fact: SettlementFact): Posting {
  const none = Money.zero(order.charge_currency);
  const tax = Money.of(order.tax, order.charge_currency);
  const parts = { providerCredit: none, subscriptionNet: received.minus(tax), overageNet: none, tax };
  return settleInvoice({ ...fact, ...parts, paid: received });
}

const aboutOrder = (order: OrderRow) => ({
  agencyId: order.agency_id,
  customerId: order.customer_id,
  orderId: order.id,
  charged: Money.of(order.charged, order.charge_currency),
});

const failureOf = (order: OrderRow, event: Declined): FailedPayment => ({
  ...aboutOrder(order),
  fact: `${event.provider}:${event.providerAccountId}:${event.fact}`,
  paymentId: event.paymentId,
  final: false,
  code: event.code,
  declineCode: event.declineCode,
  message: event.message,
  failedAt: event.occurredAt,
});

const finalFailureOf = (order: OrderRow, failedAt: Date): FailedPayment => ({
  ...aboutOrder(order),
  fact: `order:${order.id}:failed`,
  paymentId: order.provider_payment_id,
  final: true,
  code: null,
  declineCode: null,
  message: null,
  failedAt,
});

async function storeMoves(sql: Sql, clock: Clock, orders: readonly OpenOrder[]): Promise<void> {
  const moved = orders.filter(
    ({ row, status, paymentId }) => status !== row.status || paymentId !== row.provider_payment_id,
  );
  if (moved.length === 0) return;
  await sql.query({
    text: moveOrders,
    values: [
      moved.map(({ row }) => row.agency_id),
      moved.map(({ row }) => row.id),
      moved.map(({ status }) => status),
      moved.map(({ paymentId }) => paymentId),
      clock.now(),
    ],
  });
}

async function storeDeclines(sql: Sql, declines: readonly Declined[]): Promise<void> {
  await sql.query(recordAttempts, [
    declines.map(({ order }) => order.agencyId),
    declines.map(({ order }) => order.orderId),
    declines.map(({ fact }) => fact),
    declines.map(() => newId('paymentAttempt')),
    declines.map(({ paymentId }) => paymentId),
    declines.map(({ code }) => code),
    declines.map(({ declineCode }) => declineCode),
    declines.map(({ message }) => message),
    declines.map(({ occurredAt }) => occurredAt),
  ]);
}

/** It was paid twice and credited twice: right for the books, and almost never what the client meant. */
async function storeAlerts(sql: Sql, clock: Clock, payments: readonly SecondPayment[]): Promise<void> {
  await sql.query(raiseAlerts, [
    payments.map(({ order }) => order.agency_id),
    payments.map(() => 'second_payment'),
    payments.map(({ order, second }) => `${order.id} ${second}`),
    payments.map(() => newId('alert')),
    payments.map(({ order, first, second }) => JSON.stringify({ orderId: order.id, first, second })),
    clock.now(),
  ]);
}
