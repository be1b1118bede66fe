import type Stripe from 'stripe';
import type { Money } from '../../money/money.ts';
import type { ProviderArrival } from '../port.ts';
import { fromMinorUnits, requireKnownCurrency } from './amounts.ts';

/** What a balance transaction says (docs.stripe.com/api/balance_transactions/object). An application fee is no fee of Stripe's. */
export function arrivalOf(transaction: Stripe.BalanceTransaction): ProviderArrival {
  requireKnownCurrency(transaction);
  const { currency, amount, fee, net, exchange_rate } = transaction;
  return {
    gross: fromMinorUnits(amount, currency),
    fees: fromMinorUnits(fee, currency).minus(takenOf(transaction)),
    net: fromMinorUnits(net, currency),
    exchangeRate: exchange_rate === null ? null : String(exchange_rate),
  };
}

/** What went to the platform out of it, as the account's own balance counts it. */
export const takenOf = ({ fee_details, currency }: Stripe.BalanceTransaction): Money =>
  fee_details
    .filter(({ type }) => type === 'application_fee')
    .reduce((sum, { amount }) => sum.plus(fromMinorUnits(amount, currency)), fromMinorUnits(0, currency));
