import { createHash } from 'node:crypto';
import type Stripe from 'stripe';
import type { Call } from './call.ts';
import type { TestCard } from './cards.ts';
import { newStripeId } from './identifiers.ts';

/** A future year, whatever the clock was moved to. */
const yearsValid = 5;

export interface Payer {
  readonly name: string | null;
  readonly email: string | null;
}

const billingDetails = (payer: Payer) =>
  ({
    address: null,
    email: payer.email,
    name: payer.name,
    phone: null,
    tax_id: null,
  }) satisfies Stripe.PaymentMethod.BillingDetails;

/** Nobody's until it is attached: a payment alone saves no card. */
const base = (call: Call, payer: Payer, type: Stripe.PaymentMethod.Type) => ({
  id: newStripeId('pm'),
  object: 'payment_method' as const,
  allow_redisplay: 'unspecified' as const,
  billing_details: billingDetails(payer),
  created: call.nowSeconds,
  customer: null,
  customer_account: null,
  livemode: false,
  metadata: {},
  type,
});

/** One number has one fingerprint in an account, as at Stripe. */
export const fingerprintOf = (account: string, number: string): string =>
  createHash('sha256').update(`${account} ${number}`).digest('base64url').slice(0, 16);

export const cardPaymentMethod = (call: Call, card: TestCard, payer: Payer): Stripe.PaymentMethod => ({
  ...base(call, payer, 'card'),
  card: {
    brand: card.brand,
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
    country: 'AE',
    display_brand: card.brand === 'amex' ? 'american_express' : card.brand,
    exp_month: 12,
    exp_year: call.now.getUTCFullYear() + yearsValid,
    fingerprint: fingerprintOf(call.account.id, card.number),
    funding: card.funding,
    generated_from: null,
    last4: card.number.slice(-4),
    networks: { available: [card.brand], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: true },
    wallet: null,
  },
});

export const bankDebitPaymentMethod = (call: Call, payer: Payer): Stripe.PaymentMethod => ({
  ...base(call, payer, 'us_bank_account'),
  us_bank_account: {
    account_holder_type: 'individual',
    account_type: 'checking',
    bank_name: 'SANDBOX BANK',
    financial_connections_account: null,
    fingerprint: fingerprintOf(call.account.id, '000123456789'),
    last4: '6789',
    networks: null,
    routing_number: '110000000',
    status_details: null,
  },
});

export interface ChargeFacts {
  readonly authenticated: boolean;
  /** Unix seconds until which a hold can be captured; null for what is taken at once. */
  readonly captureBefore: number | null;
}

/** What a charge shows of the method it was paid with. */
export function chargeDetails(
  method: Stripe.PaymentMethod,
  { authenticated, captureBefore }: ChargeFacts,
): Stripe.Charge.PaymentMethodDetails {
  if (!method.card) {
    const bank = method.us_bank_account;
    return {
      type: 'us_bank_account',
      us_bank_account: {
        account_holder_type: bank?.account_holder_type ?? null,
        account_type: bank?.account_type ?? null,
        bank_name: bank?.bank_name ?? null,
        fingerprint: bank?.fingerprint ?? null,
        last4: bank?.last4 ?? null,
        payment_reference: null,
        routing_number: bank?.routing_number ?? null,
      },
    };
  }
  return {
    type: 'card',
    card: {
      amount_authorized: null,
      authorization_code: null,
      brand: method.card.brand,
      ...(captureBefore === null ? {} : { capture_before: captureBefore }),
      checks: method.card.checks,
      country: method.card.country,
      electronic_commerce_indicator: null,
      exp_month: method.card.exp_month,
      exp_year: method.card.exp_year,
      fingerprint: method.card.fingerprint ?? null,
      funding: method.card.funding,
      installments: null,
      last4: method.card.last4,
      mandate: null,
      network: method.card.brand,
      network_transaction_id: null,
      regulated_status: method.card.regulated_status,
      three_d_secure: authenticated
        ? {
            authentication_flow: 'challenge',
            electronic_commerce_indicator: null,
            exemption_indicator: null,
            result: 'authenticated',
            result_reason: null,
            transaction_id: null,
            version: '2.2.0',
          }
        : null,
      transaction_link_id: null,
      wallet: null,
    },
  };
}
