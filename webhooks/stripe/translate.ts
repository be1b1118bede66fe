import type Stripe from 'stripe';
import type { ClaimedEvent } from '../../src/delivery/inbox.ts';
import { metadataKeys } from '../../src/providers/metadata.ts';
import type { AccountRef, PaymentProvider, ProviderPayment } from '../../src/providers/port.ts';
import { ignored, type Translation } from '../translation.ts';
import { orderNameOf } from './order-name.ts';
import { stripeTranslatorFor } from './router.ts';
import { storedStripeEvent } from './verify.ts';

/** Events parsed by the receiver of this process keep their object; those from the database are parsed again. */
const eventOf = (claimed: ClaimedEvent): Stripe.Event =>
  storedEvents(claimed.parsed) ?? storedStripeEvent(claimed.payload);

const storedEvents = (parsed: unknown): Stripe.Event | null => (isEvent(parsed) ? parsed : null);

const isEvent = (value: unknown): value is Stripe.Event =>
  typeof value === 'object' && value !== null && 'object' in value && value.object === 'event';

export interface StripeTranslation {
  /** Synchronous where the snapshot is enough; a promise where the current object must be fetched. */
  translate(claimed: ClaimedEvent): Translation | Promise<Translation>;
}

export function createStripeTranslation(provider: PaymentProvider, platformAccountId: string): StripeTranslation {
  const fetchPayment = async (account: AccountRef, paymentId: string): Promise<Translation> => {
    if (!provider.payments) return ignored('no_payments', 'this provider has no payments to look at');
    return translatePayment(await provider.payments.retrieve(account, paymentId), account);
  };
  return {
    translate: (claimed) => {
      const event = eventOf(claimed);
      const translator = stripeTranslatorFor(event.type);
      if (!translator) return ignored('unhandled_type', `${event.type} is not heard`);
      const translation = translator(event, { accountId: claimed.account, apiVersion: provider.apiVersion });
      if (translation.kind !== 'hint') return translation;
      return fetchPayment(
        { id: claimed.account, platform: claimed.account === platformAccountId },
        translation.paymentId,
      );
    },
  };
}

/** What the payment is now, which is what counts when the event was only a hint. */
export function translatePayment(payment: ProviderPayment, account: AccountRef): Translation {
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
      provider: 'stripe',
      providerAccountId: account.id,
      order,
      paymentId: payment.id,
      received: payment.amountReceived,
    },
  };
}
