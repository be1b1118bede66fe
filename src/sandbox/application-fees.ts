import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { clientIdOf } from './connections.ts';
import { settle } from './countries.ts';
import { newStripeId } from './identifiers.ts';

/**
 * The platform's part of a connected account's direct charge: an object and a balance of the platform's own, in the
 * currency that the platform settles in. Null for a payment without one.
 */
export function takeApplicationFee(
  call: Call,
  intent: Stripe.PaymentIntent,
  charge: { readonly id: string; readonly availableOn: number },
): Stripe.ApplicationFee | null {
  const { account, platform } = call;
  const amount = intent.application_fee_amount;
  if (amount === null) return null;
  const id = newStripeId('fee');
  const settled = settle(amount, intent.currency, platform.account.country);
  const transaction: Stripe.BalanceTransaction = {
    id: newStripeId('txn'),
    object: 'balance_transaction',
    amount: settled.amountMinor,
    available_on: charge.availableOn,
    balance_type: 'payments',
    created: call.nowSeconds,
    currency: settled.currency,
    description: null,
    exchange_rate: settled.exchangeRate,
    fee: 0,
    fee_details: [],
    net: settled.amountMinor,
    reporting_category: 'platform_earning',
    source: id,
    status: 'pending',
    type: 'application_fee',
  };
  const fee: Stripe.ApplicationFee = {
    id,
    object: 'application_fee',
    account: account.id,
    amount,
    amount_refunded: 0,
    application: clientIdOf(platform.account.id),
    balance_transaction: transaction.id,
    charge: charge.id,
    created: call.nowSeconds,
    currency: intent.currency,
    fee_source: { charge: charge.id, type: 'charge' },
    livemode: false,
    // Of destination charges only: a direct charge leaves none on the platform.
    originating_transaction: null,
    refunded: false,
    refunds: { object: 'list', data: [], has_more: false, url: `/v1/application_fees/${id}/refunds` },
  };
  platform.store.save('balance_transaction', transaction);
  platform.store.save('application_fee', fee);
  platform.emit('application_fee.created', fee, id);
  return fee;
}
