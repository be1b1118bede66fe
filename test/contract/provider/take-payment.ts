import type Stripe from 'stripe';
import type { Money } from '../../../src/money/money.ts';
import type { AccountRef } from '../../../src/providers/port.ts';
import type { PaymentCourse } from './contract-run.ts';

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
