import type Whop from '@whop/sdk';
import type { Decimal } from 'decimal.js';
import { z } from 'zod';
import type { CardOutcome } from '../card-outcomes.ts';
import type { TestCard } from '../cards.ts';
import type { WhopCall } from './call.ts';
import { badRequest } from './failure.ts';
import { newWhopId } from './ids.ts';

export const declineOf = (outcome: CardOutcome): string | null => {
  if (outcome.kind === 'decline') return outcome.message;
  // This page asks no bank: a card that wants to see its owner is refused.
  return outcome.kind === 'challenge' ? 'This card requires authentication.' : null;
};

const currencies = ['usd', 'eur', 'gbp', 'aed', 'sar', 'inr', 'jpy', 'omr'] as const satisfies readonly Whop.Currency[];

export function currencyOf(code: string): Whop.Currency {
  const found = currencies.find((known) => known === code);
  if (!found) throw badRequest(`unknown currency ${code}`);
  return found;
}

const metadataRecord = z.record(z.string(), z.unknown()).nullable();

export const metadataOf = (metadata: unknown): Whop.Payment['metadata'] => metadataRecord.parse(metadata ?? null);

/** Whop keeps 2.9 % and 0.30 for itself here, of the charged currency; nobody has verified what it really is. */
const feeShare = '0.029';
const feeFixed = '0.30';

export interface Charge {
  readonly account: string;
  readonly plan: Pick<Whop.Plan, 'id' | 'currency'>;
  /** In major units, before tax. */
  readonly price: Decimal;
  readonly tax: string;
  readonly fee: number;
  readonly card: TestCard;
  /** Why the card was declined; null where it was charged. */
  readonly failure: string | null;
  readonly billingReason: NonNullable<Whop.Payment['billing_reason']>;
  readonly metadata: unknown;
  readonly configurationId: string | null;
  readonly membership: Pick<Whop.Membership, 'id' | 'status'> | null;
}

/** A payment as its first try left it. */
export function buildPayment(call: WhopCall, charge: Charge): Whop.Payment {
  const { account, plan, price, tax, fee, card, failure, membership } = charge;
  const total = price.plus(tax).toNumber();
  const kept = price.times(feeShare).plus(feeFixed).toDecimalPlaces(2);
  const currency = currencyOf(plan.currency);
  const isPaid = failure === null;
  return {
    id: newWhopId('pay'),
    amount_after_fees: isPaid ? price.minus(kept).minus(fee).toNumber() : 0,
    application_fee:
      isPaid && fee > 0
        ? {
            id: newWhopId('apfee'),
            amount: fee,
            amount_captured: fee,
            amount_refunded: 0,
            created_at: call.isoNow,
            currency,
          }
        : null,
    auto_refunded: false,
    billing_address: null,
    billing_reason: charge.billingReason,
    card_brand: card.brand,
    card_last4: card.number.slice(-4),
    checkout_configuration_id: charge.configurationId,
    company: { id: account, route: account, title: account },
    created_at: call.isoNow,
    currency,
    dispute_alerted_at: null,
    disputes: [],
    failure_message: failure,
    financing_installments_count: null,
    financing_transactions: [],
    last_payment_attempt: call.isoNow,
    member: null,
    membership: membership && { id: membership.id, phone_number: null, status: membership.status },
    metadata: metadataOf(charge.metadata),
    next_payment_attempt: null,
    paid_at: isPaid ? call.isoNow : null,
    payment_method: null,
    payment_method_type: 'card',
    payments_failed: isPaid ? 0 : 1,
    plan: { id: plan.id, internal_notes: null, metadata: null },
    product: null,
    promo_code: null,
    refundable: isPaid,
    refunded_amount: 0,
    refunded_at: null,
    refunds: [],
    resolutions: [],
    retryable: !isPaid,
    risk_score: null,
    risk_signals: null,
    settlement_amount: isPaid ? total : 0,
    settlement_currency: currency,
    settlement_exchange_rate: null,
    shipping_address: null,
    status: isPaid ? 'paid' : 'open',
    substatus: isPaid ? 'succeeded' : 'failed',
    subtotal: price.toNumber(),
    tax_amount: Number(tax),
    tax_behavior: 'exclusive',
    tax_refunded_amount: null,
    three_ds_verified: false,
    total,
    updated_at: call.isoNow,
    usd_total: currency === 'usd' ? total : null,
    user: { id: 'user_sandbox', email: null, name: null, username: 'sandbox' },
    voidable: false,
  };
}
