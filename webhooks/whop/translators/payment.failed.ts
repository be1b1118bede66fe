import { orderNameOf } from '../../order-name.ts';
import { ignored } from '../../translation.ts';
import { paymentOf, type WhopTranslator } from '../event.ts';

/** A card was declined. The order stays open, for another card may succeed on the same page. Whop gives a sentence and no code. */
export const paymentFailed: WhopTranslator = (event, { accountId }) => {
  const { id, metadata, failure_message, last_payment_attempt, membership } = paymentOf(event);
  const order = orderNameOf(metadata);
  if (!order && membership) {
    const failedAt = last_payment_attempt ? new Date(last_payment_attempt) : event.occurredAt;
    return { kind: 'subscription_hint', subscriptionId: membership.id, invoiceId: id, failedAt, trialWillEnd: false };
  }
  if (!order) return ignored('foreign', 'the payment carries no order of ours');
  return {
    kind: 'payment',
    event: {
      type: 'payment.declined',
      provider: 'whop',
      providerAccountId: accountId,
      order,
      paymentId: id,
      // A payment can be tried again under its id: when it was tried names the try.
      fact: `${id}:${last_payment_attempt ?? event.occurredAt.toISOString()}`,
      code: null,
      declineCode: null,
      adviceCode: null,
      message: failure_message ?? null,
      occurredAt: event.occurredAt,
    },
  };
};
