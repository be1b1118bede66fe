import { inTransaction, type Sql } from '../database/database.ts';
import { AppError, conflict, invalidField, notFound } from '../errors.ts';
import { idOfRequest } from '../ids.ts';
import type { Money } from '../money/money.ts';
import type { Scope } from '../tenancy/scope.ts';
import { scoped } from '../tenancy/scoped-prisma.ts';
import type { RefundDependencies } from './dependencies.ts';
import { type RefundView, refundView } from './read-refunds.ts';
import { refundOf } from './refund-amounts.ts';
import { askRefund } from './refunds.sql.ts';
import { type HeldOrder, keepBooks, loadHeld, lockReversedOrders, openBooks, orderKeyOf } from './reversal.store.ts';
import { isTopUp } from './reversed-order.ts';
import { sendJob } from './send-refund.ts';
import type { BothSides } from './taken-back.ts';

export interface AskedRefund {
  readonly orderId: string;
  /** USD of a top-up, else in the currency that was charged; undefined: all that is left of the payment. */
  readonly amount: Money | undefined;
  /** Names the request: the same again is the same refund. */
  readonly requestId: string;
  /** Who asked, e.g. `operator:key_...`. */
  readonly by: string;
}

export type AskRefund = (scope: Scope, asked: AskedRefund) => Promise<RefundView>;

/** Decimals of money that moves outside usage. */
const decimalsMax = 2;

/** The last of the order's payments that anything is left of: one that came by mistake came last. */
async function bookedPayment(sql: Sql, held: HeldOrder, source: string) {
  for (const paymentId of held.paymentIds.toReversed()) {
    const books = await openBooks(sql, held, { paymentId, source, withPlatform: false });
    if (books.paid.charged.compare(books.taken.charged) > 0) return { paymentId, books };
  }
  if (held.paymentIds.length === 0) throw conflict('order_not_paid', 'Nothing was paid that could go back.');
  throw new AppError(422, 'already_refunded', 'Nothing is left of this payment.');
}

function requireFitting(amount: Money, paid: BothSides, isOfBalance: boolean): void {
  const { code } = paid.credited.currency;
  if (amount.currency.code !== code) {
    throw invalidField('amount.currency', 'refund_currency', `A refund of this payment is given in ${code}.`);
  }
  if (isOfBalance && amount.decimalPlaces > decimalsMax) {
    throw invalidField('amount.amount', 'too_many_decimals', 'Give at most two decimals.');
  }
  if (!isOfBalance && !amount.isChargeable) {
    const step = amount.currency.chargeableStep.toFixed();
    throw invalidField('amount.amount', 'not_chargeable', `Give a multiple of ${step} ${code}.`);
  }
}

/**
 * Sets a refund aside and sends it off, once per request: what it takes is off the client's balance from now on. Counted under the order's lock, so
 * that however many ask at once, no more goes back than was paid.
 *
 * Throws 404; 409 `order_not_paid`; 422 `refunds_not_available` where the provider makes none, `already_refunded`, `refund_too_large`,
 * `refund_too_small`, or about the amount's currency and decimals.
 */
export function createAskRefund(dependencies: RefundDependencies): AskRefund {
  const { database, clock, jobs, providers } = dependencies;
  return async (scope, { orderId, amount, requestId, by }) => {
    const order = await scoped(database.prisma, scope).order.findFirst({ where: { id: orderId } });
    if (!order) throw notFound('transaction');
    const key = { agencyId: order.agencyId, orderId };
    const id = idOfRequest('refund', requestId);
    await inTransaction(database.pool, async (sql) => {
      const locked = (await lockReversedOrders(sql, [key])).get(orderKeyOf(key));
      if (!locked) throw notFound('transaction');
      const held = await loadHeld(sql, locked);
      if (held.reversals.some(({ subject }) => subject === id)) return;
      const provider = Object.values(providers).find(({ name }) => name === locked.provider);
      const { paymentId, books } = await bookedPayment(sql, held, by);
      if (!provider?.refunds) {
        throw new AppError(422, 'refunds_not_available', `${locked.provider} makes no refunds for us.`);
      }
      if (amount) requireFitting(amount, books.paid, isTopUp(locked));
      const sides = refundOf(books.paid, books.taken, amount ?? null);
      const now = clock.now();
      await sql.query(askRefund, [
        ...[locked.agency_id, id, orderId, locked.customer_id, locked.merchant_account_id, paymentId],
        ...[sides.credited.amount.toFixed(), sides.charged.amount.toFixed(), locked.charge_currency, now],
      ]);
      books.reserve({ subject: id, ...sides });
      await keepBooks(dependencies, sql, held, paymentId, books);
      await jobs.enqueue(sql, sendJob({ agencyId: locked.agency_id, refundId: id }));
    });
    const refund = await database.prisma.refund.findUniqueOrThrow({
      where: { agencyId_id: { agencyId: key.agencyId, id } },
    });
    return refundView(refund, order.kind);
  };
}
