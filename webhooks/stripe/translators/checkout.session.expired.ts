import { translatorOf } from '../event.ts';
import { unpaidSession } from './session.ts';

/** The page closed unpaid. */
export const checkoutSessionExpired = translatorOf('checkout.session.expired', (event, context) =>
  unpaidSession('session.expired', event.data.object, context),
);
