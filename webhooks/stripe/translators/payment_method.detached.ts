import { translatorOf } from '../event.ts';

/** A card was removed at the provider; whose it was is ours to know. */
export const paymentMethodDetached = translatorOf('payment_method.detached', (event, context) => ({
  kind: 'card',
  event: {
    type: 'card.detached',
    provider: 'stripe',
    providerAccountId: context.accountId,
    cardId: event.data.object.id,
  },
}));
