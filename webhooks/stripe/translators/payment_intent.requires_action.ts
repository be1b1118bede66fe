import { translatorOf } from '../event.ts';
import { holdHint } from './hold.ts';

/** The bank wants to see the card's owner. On a page the owner is there; on a hold the owner is told. */
export const paymentIntentRequiresAction = translatorOf('payment_intent.requires_action', (event) =>
  holdHint(event.data.object),
);
