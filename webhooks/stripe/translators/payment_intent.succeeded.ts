import { metadataKeys } from '../../../src/providers/metadata.ts';
import { fromMinorUnits } from '../../../src/providers/stripe/amounts.ts';
import { orderNameOf } from '../../order-name.ts';
import { ignored } from '../../translation.ts';
import { translatorOf } from '../event.ts';

/** Money arrived. Usually the session tells of the same payment too; the reference makes both one credit. */
export const paymentIntentSucceeded = translatorOf('payment_intent.succeeded', (event, context) => {
  const intent = event.data.object;
  if (intent.metadata[metadataKeys.purpose] === 'verification') {
    return ignored('verification_hold', 'a hold that verifies a card is never a payment');
  }
  const order = orderNameOf(intent.metadata);
  if (!order || event.api_version !== context.apiVersion || intent.amount_received <= 0) {
    return { kind: 'hint', paymentId: intent.id, namesOrder: order !== null };
  }
  return {
    kind: 'payment',
    event: {
      type: 'payment.settled',
      provider: 'stripe',
      providerAccountId: context.accountId,
      order,
      paymentId: intent.id,
      received: fromMinorUnits(intent.amount_received, intent.currency),
    },
  };
});
