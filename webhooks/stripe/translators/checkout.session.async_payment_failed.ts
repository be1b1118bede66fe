import { translatorOf } from '../event.ts';
import { unpaidSession } from './session.ts';

/** The money of a delayed method will not come. */
export const checkoutSessionAsyncPaymentFailed = translatorOf(
  'checkout.session.async_payment_failed',
  (event, context) => unpaidSession('payment.failed', event.data.object, context),
);
