import type Stripe from 'stripe';
import { enter } from './balance-entries.ts';
import type { Call } from './call.ts';
import { disputesOf } from './disputes.ts';
import { invalidRequest } from './failure.ts';
import { returnFee } from './fee-refunds.ts';
import { refundedMinorOf } from './refunded-amounts.ts';
import { chargeOfPayment } from './refunds.ts';

const returned = {
  code: 'payment_method_bank_debit_returned',
  decline_code: 'insufficient_funds',
  message: 'The bank took the debit back after it had been paid.',
} as const;

/**
 * A payment by a delayed method that succeeded fails after all: the charge is `failed`, its money leaves the balance with a
 * `payment_failure_refund`, the platform's part comes back, and the intent waits for another method. Throws 400 for a card's payment,
 * which is disputed instead, and for one that was refunded or disputed before.
 */
export async function failAfterSuccess(call: Call, paymentId: string): Promise<Stripe.PaymentIntent> {
  const charge = await call.store.lock('charge', await chargeOfPayment(call, paymentId), 'charge');
  const intent = await call.store.lock('payment_intent', paymentId, 'payment_intent');
  if (charge.status !== 'succeeded') throw invalidRequest(`Charge ${charge.id} has failed before.`);
  if (charge.payment_method_details?.type === 'card') {
    throw invalidRequest('A card that was charged does not fail later: its owner disputes the charge.');
  }
  if ((await refundedMinorOf(call, charge)) > 0 || (await disputesOf(call, charge.id)).length > 0) {
    throw invalidRequest('A payment that was refunded or disputed does not fail here.');
  }
  const method = await call.store.get('payment_method', String(charge.payment_method), 'payment_method');
  const transaction = enter(call, {
    type: 'payment_failure_refund',
    reportingCategory: 'charge_failure',
    source: charge.id,
    amountMinor: -charge.amount_captured,
    currency: charge.currency,
    description: charge.description,
    fees: charge.application_fee === null ? [] : await returnFee(call, charge, charge.amount_captured),
  });
  const failed: Stripe.Charge = {
    ...charge,
    failure_balance_transaction: transaction.id,
    failure_code: returned.code,
    failure_message: returned.message,
    paid: false,
    status: 'failed',
  };
  const unpaid: Stripe.PaymentIntent = {
    ...intent,
    status: 'requires_payment_method',
    amount_received: 0,
    payment_method: null,
    last_payment_error: { type: 'invalid_request_error', ...returned, charge: charge.id, payment_method: method },
  };
  call.store.save('charge', failed);
  call.store.save('payment_intent', unpaid);
  call.emit('charge.failed', failed, intent.id, { status: charge.status, paid: charge.paid });
  call.emit('payment_intent.payment_failed', unpaid, intent.id, { status: intent.status });
  return unpaid;
}
