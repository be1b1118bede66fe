import { Decimal } from 'decimal.js';
import type Stripe from 'stripe';
import { currency } from '../../money/currency.ts';
import { Money } from '../../money/money.ts';
import type { BalanceMovement } from '../refund-ports.ts';
import { fromMinorUnits } from './amounts.ts';
import { arrivalOf, takenOf } from './balance-transactions.ts';

/** A balance transaction of a refund, a dispute or a failure, of which it is known what of the charge it moved. */
export function toMovement(transaction: Stripe.BalanceTransaction, charged: Money): BalanceMovement {
  const settled = arrivalOf(transaction);
  return {
    id: transaction.id,
    kind: transaction.amount < 0 ? 'withdrawn' : 'reinstated',
    charged,
    settled,
    feeReturned: Money.zero(settled.gross.currency.code).minus(takenOf(transaction)),
    at: new Date(transaction.created * 1000),
  };
}

/** The transactions that were expanded; the rest are not there yet. */
export const expanded = (
  ...transactions: readonly (string | Stripe.BalanceTransaction | null | undefined)[]
): readonly Stripe.BalanceTransaction[] =>
  transactions.filter((each) => each !== null && each !== undefined && typeof each !== 'string');

/**
 * What of `whole` a balance transaction moved. A dispute's transactions are in the settlement currency only
 * (docs.stripe.com/api/disputes/object), and what comes back may be a part: so it is converted back at the transaction's own rate. What is as
 * near to the whole as one unit of the settlement currency can tell is the whole.
 */
export function movedOf(transaction: Stripe.BalanceTransaction, whole: Money): Money {
  const settled = fromMinorUnits(Math.abs(transaction.amount), transaction.currency);
  const { exchange_rate: rate } = transaction;
  if (rate === null || rate === 0) return settled.currency.code === whole.currency.code ? settled : whole;
  const exact = settled.amount.div(new Decimal(String(rate)));
  const unit = new Decimal(10).pow(-currency(settled.currency.code).decimals).div(new Decimal(String(rate)));
  if (exact.minus(whole.amount).abs().lessThanOrEqualTo(unit)) return whole;
  return Money.of(exact, whole.currency.code).roundedToChargeable();
}
