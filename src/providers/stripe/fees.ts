import type Stripe from 'stripe';
import { ProviderError } from '../errors.ts';
import type { FeesPort, ProviderFeeReturn } from '../refund-ports.ts';
import { fromMinorUnits, requireKnownCurrency } from './amounts.ts';
import { arrivalOf } from './balance-transactions.ts';
import { expanded } from './movements.ts';
import { on, pageSize, type StripeCalls } from './stripe-calls.ts';

const idOf = (reference: string | { readonly id: string }): string =>
  typeof reference === 'string' ? reference : reference.id;

const isGone = (error: unknown): boolean => error instanceof ProviderError && error.detail.code === 'resource_missing';

function toFeeReturn(refund: Stripe.FeeRefund): ProviderFeeReturn {
  requireKnownCurrency(refund);
  const [transaction] = expanded(refund.balance_transaction);
  return {
    id: refund.id,
    feeId: idOf(refund.fee),
    amount: fromMinorUnits(refund.amount, refund.currency),
    settled: transaction ? arrivalOf(transaction) : null,
    at: new Date(refund.created * 1000),
  };
}

/** Fees are the platform's own objects: they are read without `Stripe-Account`, the charges they were taken of with it. */
export const createFees = (stripe: Stripe, calls: StripeCalls): FeesPort => ({
  async paymentOf(feeId) {
    try {
      const fee = await calls.read('application_fee', () => stripe.applicationFees.retrieve(feeId));
      const accountId = idOf(fee.account);
      const charge = await calls.read('charge', () =>
        stripe.charges.retrieve(idOf(fee.charge), {}, on({ id: accountId, platform: false })),
      );
      return charge.payment_intent === null ? null : { accountId, paymentId: idOf(charge.payment_intent) };
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  },

  async returnsOfPayment(account, paymentId) {
    if (account.platform) return [];
    const charges = await calls.list(() =>
      stripe.charges.list({ payment_intent: paymentId, limit: pageSize }, on(account)),
    );
    const returns: ProviderFeeReturn[] = [];
    for (const { application_fee: fee } of charges.reverse()) {
      if (fee === null) continue;
      const refunds = await calls.list(() =>
        stripe.applicationFees.listRefunds(idOf(fee), { limit: pageSize, expand: ['data.balance_transaction'] }),
      );
      returns.push(...refunds.map(toFeeReturn).reverse());
    }
    return returns;
  },
});
