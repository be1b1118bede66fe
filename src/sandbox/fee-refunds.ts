import type Stripe from 'stripe';
import { enter } from './balance-entries.ts';
import type { Call } from './call.ts';
import { chargeableStepMinor, requireChargeableStep, settle } from './countries.ts';
import { invalidRequest } from './failure.ts';
import { newStripeId } from './identifiers.ts';

/** Takes `amountMinor` of a fee back off the platform's balance. Throws 400 for more than is left of it. */
export async function refundFee(
  platform: Call,
  feeId: string,
  amountMinor: number,
  metadata: Stripe.Metadata = {},
): Promise<Stripe.FeeRefund> {
  const fee = await platform.store.lock('application_fee', feeId, 'id');
  const left = fee.amount - fee.amount_refunded;
  if (amountMinor <= 0 || amountMinor > left) {
    throw invalidRequest(
      `Refund amount (${amountMinor}) is greater than what is left of the application fee (${left}).`,
      {
        param: 'amount',
      },
    );
  }
  requireChargeableStep(amountMinor, fee.currency, 'amount');
  const id = newStripeId('fr');
  const transaction = enter(platform, {
    type: 'application_fee_refund',
    reportingCategory: 'platform_earning_refund',
    source: id,
    amountMinor: -amountMinor,
    currency: fee.currency,
    description: null,
  });
  const refund: Stripe.FeeRefund = {
    id,
    object: 'fee_refund',
    amount: amountMinor,
    balance_transaction: transaction.id,
    created: platform.nowSeconds,
    currency: fee.currency,
    fee: feeId,
    metadata,
  };
  const { amount_refunded, refunded } = fee;
  const changed: Stripe.ApplicationFee = {
    ...fee,
    amount_refunded: amount_refunded + amountMinor,
    refunded: amountMinor === left,
    // The object shows its ten newest, like every list inside an object.
    refunds: {
      ...fee.refunds,
      data: [refund, ...fee.refunds.data].slice(0, 10),
      has_more: fee.refunds.data.length >= 10,
    },
  };
  platform.store.save('fee_refund', refund);
  platform.store.save('application_fee', changed);
  platform.emit('application_fee.refunded', changed, feeId, { amount_refunded, refunded });
  return refund;
}

/** What a part of the charge has of its fee: all refunds together have the share of what was refunded, the last one the rest. */
function shareOfFee(fee: Stripe.ApplicationFee, charge: Stripe.Charge, refundedMinor: number): number {
  const left = fee.amount - fee.amount_refunded;
  if (refundedMinor >= charge.amount_captured) return left;
  const step = chargeableStepMinor(fee.currency);
  const due = Math.round((fee.amount * refundedMinor) / charge.amount_captured / step) * step;
  return Math.min(left, Math.max(0, due - fee.amount_refunded));
}

/**
 * The platform gives back its part of a charge of which `refundedMinor` is refunded by now. Answers the fee of the refund's own
 * balance transaction: negative, for it comes back to the account. Throws 400 for a charge without a fee.
 */
export async function returnFee(
  call: Call,
  charge: Stripe.Charge,
  refundedMinor: number,
): Promise<Stripe.BalanceTransaction.FeeDetail[]> {
  const { platform } = call;
  if (typeof charge.application_fee !== 'string') {
    throw invalidRequest('The charge has no application fee that could be refunded.', {
      param: 'refund_application_fee',
    });
  }
  const fee = await platform.store.lock('application_fee', charge.application_fee, 'application_fee');
  const share = shareOfFee(fee, charge, refundedMinor);
  if (share === 0) return [];
  await refundFee(platform, fee.id, share);
  const settled = settle(share, fee.currency, call.account.country);
  return [
    {
      amount: -settled.amountMinor,
      application: charge.application ? String(charge.application) : null,
      currency: settled.currency,
      description: 'Application fee refund',
      type: 'application_fee',
    },
  ];
}
