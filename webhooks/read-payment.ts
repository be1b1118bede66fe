import { ProviderError } from '../src/providers/errors.ts';
import { metadataKeys } from '../src/providers/metadata.ts';
import type { AccountRef, PaymentProvider, ProviderName, ProviderPayment } from '../src/providers/port.ts';
import { orderNameOf } from './order-name.ts';
import { type Hint, ignored, parked, type Resolved } from './translation.ts';

/**
 * The payment as it is now. When the provider finally refuses to show it, a payment that named no order is other business of the
 * merchant, and no alarm (RULES 6).
 */
export async function fetchPayment(
  provider: PaymentProvider,
  account: AccountRef,
  hint: Extract<Hint, { kind: 'hint' }>,
): Promise<Resolved> {
  if (!provider.payments) return ignored('no_payments', 'this provider has no payments to look at');
  try {
    return paymentNow(provider.name, account, await provider.payments.retrieve(account, hint.paymentId));
  } catch (error) {
    if (!(error instanceof ProviderError) || error.isRetryable) throw error;
    if (!hint.namesOrder)
      return ignored('foreign', `the payment names no order of ours and cannot be read: ${error.message}`);
    if (error.detail.code === 'unknown_currency') return parked('currency_mismatch', error.message);
    throw error;
  }
}

/** What the payment is now, which is what counts when the event was only a hint. */
export function paymentNow(provider: ProviderName, account: AccountRef, payment: ProviderPayment): Resolved {
  if (payment.metadata[metadataKeys.purpose] === 'verification') {
    return ignored('verification_hold', 'a hold that verifies a card is never a payment');
  }
  const order = orderNameOf(payment.metadata);
  if (!order) return ignored('foreign', 'the payment carries no order of ours');
  if (payment.status !== 'succeeded' || !payment.amountReceived.isPositive) {
    return ignored('not_settled', `the payment is ${payment.status} now`);
  }
  return {
    kind: 'payment',
    event: {
      type: 'payment.settled',
      provider,
      providerAccountId: account.id,
      order,
      paymentId: payment.id,
      received: payment.amountReceived,
    },
  };
}
