import { translatorOf } from '../event.ts';
import { holdHint } from './hold.ts';

/** A hold was let go of, by us or by the bank. What else is cancelled never brought money. */
export const paymentIntentCanceled = translatorOf('payment_intent.canceled', (event) => holdHint(event.data.object));
