import { translatorOf } from '../event.ts';
import { paidSession } from './session.ts';

/** The money of a delayed method arrived. */
export const checkoutSessionAsyncPaymentSucceeded = translatorOf(
  'checkout.session.async_payment_succeeded',
  (event, context) => paidSession(event.data.object, event.api_version, context),
);
