import type Whop from '@whop/sdk';
import { Decimal } from 'decimal.js';
import { z } from 'zod';
import type { CardOutcome } from '../card-outcomes.ts';
import { findTestCard, type TestCard } from '../cards.ts';
import type { WhopCall, WhopTransactions } from './call.ts';
import { badRequest, notFound } from './failure.ts';
import { newWhopId } from './ids.ts';

/** How a checkout is paid: by the number of a test card, and with the tax that Whop adds on top, in major units. */
export const whopPaymentSchema = z.strictObject({
  card: z.string().max(30),
  tax: z
    .string()
    .regex(/^\d{1,6}(\.\d{1,3})?$/)
    .optional(),
});

export type WhopCheckoutPayment = z.output<typeof whopPaymentSchema>;

export interface WhopPayAnswer {
  /** Null where no payment was tried. */
  readonly paymentId: string | null;
  readonly status: 'paid' | 'declined';
  readonly redirect?: string;
  readonly error?: string;
}

type Configuration = Whop.CheckoutConfigurationRetrieveResponse;

const declineOf = (outcome: CardOutcome): string | null => {
  if (outcome.kind === 'decline') return outcome.message;
  // This page asks no bank: a card that wants to see its owner is refused.
  return outcome.kind === 'challenge' ? 'This card requires authentication.' : null;
};

/** A checkout and whose it is. Throws 404 for one that is not there any more. */
export async function findCheckout(call: WhopCall, id: string): Promise<Configuration> {
  const found = await call.find('checkout_configuration', id);
  if (!found) throw notFound('checkout', id);
  return found;
}

/** Pays a checkout; each try is a payment of its own, and a checkout that was paid can be paid again, as at Whop. */
export const payCheckout = (
  transactions: WhopTransactions,
  id: string,
  { card: number, tax = '0' }: WhopCheckoutPayment,
): Promise<WhopPayAnswer> =>
  transactions.run('', async (call) => {
    const configuration = await findCheckout(call, id);
    const { plan, redirect_url: redirect } = configuration;
    const found = findTestCard(number);
    if ('problem' in found) return { paymentId: null, status: 'declined', error: found.problem.message };
    if (!plan) throw badRequest('the checkout sells nothing');
    const failure = declineOf(found.card.outcome);
    const fee = (await call.find('checkout_fee', id))?.amount ?? 0;
    const payment = buildPayment(call, { configuration, card: found.card, failure, tax, fee });
    await call.save('payment', configuration.account_id, payment);
    await call.emit(failure === null ? 'payment.succeeded' : 'payment.failed', configuration.account_id, payment);
    return failure === null
      ? { paymentId: payment.id, status: 'paid', ...(redirect ? { redirect } : {}) }
      : { paymentId: payment.id, status: 'declined', error: failure };
  });

interface Paying {
  readonly configuration: Configuration;
  readonly card: TestCard;
  readonly failure: string | null;
  readonly tax: string;
  readonly fee: number;
}

const currencies = ['usd', 'eur', 'gbp', 'aed', 'sar', 'inr', 'jpy', 'omr'] as const satisfies readonly Whop.Currency[];

function currencyOf(code: string): Whop.Currency {
  const found = currencies.find((known) => known === code);
  if (!found) throw badRequest(`unknown currency ${code}`);
  return found;
}

const metadataRecord = z.record(z.string(), z.unknown()).nullable();

/** Whop keeps 2.9 % and 0.30 for itself here, of the charged currency; nobody has verified what it really is. */
const feeShare = '0.029';
const feeFixed = '0.30';

function buildPayment(call: WhopCall, { configuration, card, failure, tax, fee }: Paying): Whop.Payment {
  const { plan, account_id: account } = configuration;
  const price = new Decimal(plan?.initial_price ?? 0).plus(plan?.plan_type === 'renewal' ? plan.renewal_price : 0);
  const subtotal = price.toNumber();
  const total = price.plus(tax).toNumber();
  const kept = price.times(feeShare).plus(feeFixed).toDecimalPlaces(2);
  const currency = currencyOf(plan?.currency ?? 'usd');
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
    billing_reason: plan?.plan_type === 'renewal' ? 'subscription_create' : 'one_time',
    card_brand: card.brand,
    card_last4: card.number.slice(-4),
    checkout_configuration_id: configuration.id,
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
    membership: null,
    metadata: metadataRecord.parse(configuration.metadata ?? null),
    next_payment_attempt: null,
    paid_at: isPaid ? call.isoNow : null,
    payment_method: null,
    payment_method_type: 'card',
    payments_failed: isPaid ? 0 : 1,
    plan: plan ? { id: plan.id, internal_notes: null, metadata: null } : null,
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
    subtotal,
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
