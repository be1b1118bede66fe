import { translatorOf } from '../event.ts';

/** The bank renewed a card: its expiry, or its number. */
export const paymentMethodAutomaticallyUpdated = translatorOf('payment_method.automatically_updated', (event) => ({
  kind: 'card_hint',
  cardId: event.data.object.id,
}));
