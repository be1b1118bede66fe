import { translatorOf } from '../event.ts';

/** Somebody changed a card at the provider, such as its expiry. */
export const paymentMethodUpdated = translatorOf('payment_method.updated', (event) => ({
  kind: 'card_hint',
  cardId: event.data.object.id,
}));
