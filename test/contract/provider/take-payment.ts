import { randomUUID } from 'node:crypto';
import type Stripe from 'stripe';
import { createWhopSandboxClient } from '../../../src/commands/whop-sandbox-client.ts';
import type { Money } from '../../../src/money/money.ts';
import type { AccountRef, PaymentProvider } from '../../../src/providers/port.ts';
import { need, type PaymentCourse } from './contract-run.ts';

/** Stripe's ready-made cards (docs.stripe.com/testing#disputes). */
const cards: Readonly<Record<PaymentCourse, string>> = {
  plain: 'pm_card_visa',
  charged_back: 'pm_card_createDispute',
  inquired: 'pm_card_createDisputeInquiry',
};

/** Pays an account as a client would, by a test card. */
export const takesPayments =
  (stripe: Stripe, account: AccountRef) =>
  async (amount: Money, course: PaymentCourse): Promise<string> => {
    const params = {
      amount: amount.toMinorUnits(),
      currency: amount.currency.code.toLowerCase(),
      payment_method: cards[course],
      allowed_payment_method_types: ['card'],
      confirm: true,
    } satisfies Stripe.PaymentIntentCreateParams;
    const { id } = await stripe.paymentIntents.create(params, account.platform ? {} : { stripeAccount: account.id });
    return id;
  };

/** Pays an account at the local Whop through a checkout, and has the bank dispute it where that is its course. */
export const takesWhopPayments =
  (url: string, provider: PaymentProvider, account: AccountRef) =>
  async (amount: Money, course: PaymentCourse): Promise<string> => {
    const whop = createWhopSandboxClient(url);
    const { id } = await need(provider.checkout, 'checkout').createTopUpSession(
      account,
      {
        orderId: 'ord_contract',
        metadata: { baisa_order: 'ord_contract' },
        providerCustomerId: 'cus_contract',
        amount,
        description: 'A payment to give back',
        successUrl: 'https://baisa.example/paid',
        cancelUrl: 'https://baisa.example/back',
        expiresAt: new Date(Date.now() + 3_600_000),
      },
      { idempotencyKey: `contract:${randomUUID()}` },
    );
    const { paymentId } = await whop.pay(id, { card: '4242 4242 4242 4242' });
    if (paymentId === null) throw new Error('the payment was not taken');
    if (course === 'charged_back') await whop.dispute(paymentId, { kind: 'chargeback' });
    if (course === 'inquired') await whop.dispute(paymentId, { kind: 'inquiry' });
    return paymentId;
  };
