import { translatorOf } from '../event.ts';
import { holdHint } from './hold.ts';

/** Money was set aside on a card. */
export const paymentIntentAmountCapturableUpdated = translatorOf('payment_intent.amount_capturable_updated', (event) =>
  holdHint(event.data.object),
);
