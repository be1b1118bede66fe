import type Stripe from 'stripe';
import type { PaymentsPort, ProviderPayment } from '../port.ts';
import { fromMinorUnits, requireKnownCurrency } from './amounts.ts';
import { readSettlement } from './settlement.ts';
import { on, type StripeCalls } from './stripe-calls.ts';

const statuses: Readonly<Record<string, ProviderPayment['status']>> = {
  requires_payment_method: 'requires_payment_method',
  requires_action: 'requires_action',
  processing: 'processing',
  requires_capture: 'requires_capture',
  succeeded: 'succeeded',
  canceled: 'canceled',
};

export const failureOf = (error: Stripe.PaymentIntent.LastPaymentError | null): ProviderPayment['failure'] =>
  error && {
    code: error.code ?? null,
    declineCode: error.decline_code ?? null,
    adviceCode: error.advice_code ?? null,
    message: error.message ?? null,
  };

/** Throws `ProviderError` for one in a currency that this service has never heard of. */
export function toPayment(intent: Stripe.PaymentIntent): ProviderPayment {
  requireKnownCurrency(intent);
  return {
    id: intent.id,
    amount: fromMinorUnits(intent.amount, intent.currency),
    amountReceived: fromMinorUnits(intent.amount_received, intent.currency),
    applicationFee: fromMinorUnits(intent.application_fee_amount ?? 0, intent.currency),
    status: statuses[intent.status] ?? 'other',
    metadata: intent.metadata,
    failure: failureOf(intent.last_payment_error),
  };
}

export const createPayments = (stripe: Stripe, calls: StripeCalls): PaymentsPort => ({
  async retrieve(account, paymentId) {
    return toPayment(
      await calls.read('payment_intent', () => stripe.paymentIntents.retrieve(paymentId, {}, on(account))),
    );
  },

  settlement: (account, paymentId) => readSettlement(stripe, calls, account, paymentId),
});
