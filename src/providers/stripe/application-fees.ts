import type Stripe from 'stripe';
import type { Money } from '../../money/money.ts';
import type { ProviderArrival } from '../port.ts';
import { fromMinorUnits, requireKnownCurrency } from './amounts.ts';
import { arrivalOf } from './balance-transactions.ts';
import type { StripeCalls } from './stripe-calls.ts';

/** What the platform took of a connected account's payment. Fees are the platform's own objects: read without `Stripe-Account`. */
export async function readApplicationFee(
  stripe: Stripe,
  calls: StripeCalls,
  feeId: string,
): Promise<{ readonly amount: Money; readonly arrival: ProviderArrival } | null> {
  const fee = await calls.read('application_fee', () =>
    stripe.applicationFees.retrieve(feeId, { expand: ['balance_transaction'] }),
  );
  const transaction = fee.balance_transaction;
  if (transaction === null || typeof transaction === 'string') return null;
  requireKnownCurrency(fee);
  return { amount: fromMinorUnits(fee.amount, fee.currency), arrival: arrivalOf(transaction) };
}
