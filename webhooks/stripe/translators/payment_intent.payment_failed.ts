import { holdNameOf } from '../../names.ts';
import { orderNameOf } from '../../order-name.ts';
import { ignored } from '../../translation.ts';
import { translatorOf } from '../event.ts';

/** A card was declined. The order stays open, for another card may succeed on the same page. */
export const paymentIntentPaymentFailed = translatorOf('payment_intent.payment_failed', (event, context) => {
  const intent = event.data.object;
  const hold = holdNameOf(intent.metadata);
  if (hold) return { kind: 'hold_hint', paymentId: intent.id, hold };
  const order = orderNameOf(intent.metadata);
  if (!order) return ignored('foreign', 'the payment carries no order of ours');
  const error = intent.last_payment_error;
  return {
    kind: 'payment',
    event: {
      type: 'payment.declined',
      provider: 'stripe',
      providerAccountId: context.accountId,
      order,
      paymentId: intent.id,
      // Each try makes a charge. Where none was made, what was said and when names the try: an event made anew has another id.
      fact: error?.charge ?? `${intent.id}:${error?.decline_code ?? error?.code ?? 'declined'}:${event.created}`,
      code: error?.code ?? null,
      declineCode: error?.decline_code ?? null,
      adviceCode: error?.advice_code ?? null,
      message: error?.message ?? null,
      occurredAt: new Date(event.created * 1000),
    },
  };
});
