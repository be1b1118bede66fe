import type Stripe from 'stripe';
import { takeApplicationFee } from './application-fees.ts';
import type { Call } from './call.ts';
import type { Decline } from './card-outcomes.ts';
import { processingFee, settle } from './countries.ts';
import { newStripeId } from './identifiers.ts';
import { type ChargeFacts, chargeDetails } from './payment-methods.ts';

const secondsPerDay = 86_400;

/** Days until a payment is available for payout. */
const availableAfterDays = 7;

interface ChargeResult extends ChargeFacts {
  readonly failure: Decline | null;
}

/** Makes and saves the charge of one attempt and, where money was taken, its balance transaction. */
export function makeCharge(
  call: Call,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  result: ChargeResult,
): Stripe.Charge {
  const { failure } = result;
  const taken = !failure && result.captureBefore === null;
  const id = newStripeId(method.type === 'card' ? 'ch' : 'py');
  const transaction = taken ? balanceTransaction(call, intent, id, method) : null;
  const fee = transaction && takeApplicationFee(call, intent, { id, availableOn: transaction.available_on });
  const charge: Stripe.Charge = {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: taken ? intent.amount : 0,
    amount_refunded: 0,
    application: intent.application,
    application_fee: fee?.id ?? null,
    application_fee_amount: intent.application_fee_amount,
    balance_transaction: transaction?.id ?? null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: intent.statement_descriptor ?? 'SANDBOX',
    captured: taken,
    created: call.nowSeconds,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: failure?.code ?? null,
    failure_message: failure?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: outcomeOf(failure),
    paid: !failure,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: chargeDetails(method, result),
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: failure ? 'failed' : 'succeeded',
    transfer_data: null,
    transfer_group: null,
  };
  call.store.save('charge', charge);
  if (transaction) call.store.save('balance_transaction', transaction);
  return charge;
}

/** Takes `amountMinor` of what the charge holds, and saves it with its balance transaction. */
export function captureCharge(
  call: Call,
  intent: Stripe.PaymentIntent,
  charge: Stripe.Charge,
  method: Stripe.PaymentMethod,
  amountMinor: number,
): Stripe.Charge {
  const transaction = balanceTransaction(call, { ...intent, amount: amountMinor }, charge.id, method);
  const fee = takeApplicationFee(call, intent, { id: charge.id, availableOn: transaction.available_on });
  const captured: Stripe.Charge = {
    ...charge,
    amount_captured: amountMinor,
    application_fee: fee?.id ?? null,
    balance_transaction: transaction.id,
    captured: true,
  };
  call.store.save('charge', captured);
  call.store.save('balance_transaction', transaction);
  return captured;
}

function outcomeOf(failure: ChargeResult['failure']): Stripe.Charge.Outcome {
  if (!failure) {
    return {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: 'approved_by_network',
      reason: null,
      risk_level: 'normal',
      seller_message: 'Payment complete.',
      type: 'authorized',
    };
  }
  return {
    advice_code: failure.adviceCode ?? null,
    network_advice_code: failure.networkAdviceCode ?? null,
    network_decline_code: failure.networkDeclineCode ?? null,
    network_status: 'declined_by_network',
    reason: failure.declineCode,
    risk_level: 'normal',
    seller_message: 'The bank did not return any further details with this decline.',
    type: 'issuer_declined',
  };
}

/** Gross, fees and net in the account's settlement currency; the application fee is one of the fees. */
function balanceTransaction(
  call: Call,
  intent: Stripe.PaymentIntent,
  chargeId: string,
  method: Stripe.PaymentMethod,
): Stripe.BalanceTransaction {
  const { country } = call.account;
  const settled = settle(intent.amount, intent.currency, country);
  const fees: Stripe.BalanceTransaction.FeeDetail[] = [
    {
      amount: processingFee(settled),
      application: null,
      currency: settled.currency,
      description: 'Stripe processing fees',
      type: 'stripe_fee',
    },
  ];
  if (intent.application_fee_amount !== null) {
    fees.push({
      amount: settle(intent.application_fee_amount, intent.currency, country).amountMinor,
      application: intent.application ? String(intent.application) : null,
      currency: settled.currency,
      description: 'Application fee',
      type: 'application_fee',
    });
  }
  const fee = fees.reduce((total, detail) => total + detail.amount, 0);
  const kind = method.type === 'card' ? 'charge' : 'payment';
  return {
    id: newStripeId('txn'),
    object: 'balance_transaction',
    amount: settled.amountMinor,
    available_on: call.nowSeconds + availableAfterDays * secondsPerDay,
    balance_type: 'payments',
    created: call.nowSeconds,
    currency: settled.currency,
    description: intent.description,
    exchange_rate: settled.exchangeRate,
    fee,
    fee_details: fees,
    net: settled.amountMinor - fee,
    reporting_category: 'charge',
    source: chargeId,
    status: 'pending',
    type: kind,
  };
}
