import { ignored } from '../../translation.ts';
import { translatorOf } from '../event.ts';
import { paidSession } from './session.ts';

/** The client finished the page. With a delayed method the money is still on its way, and another event will tell. */
export const checkoutSessionCompleted = translatorOf('checkout.session.completed', (event, context) => {
  const session = event.data.object;
  if (session.payment_status === 'unpaid') {
    return ignored('awaiting_payment', 'the page is complete, the money is not here yet');
  }
  return paidSession(session, event.api_version, context);
});
