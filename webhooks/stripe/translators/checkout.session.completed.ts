import { checkoutNameOf, setupNameOf } from '../../names.ts';
import { ignored } from '../../translation.ts';
import { translatorOf } from '../event.ts';
import { paidSession } from './session.ts';

/** The client finished the page: paid, or saved a card. With a delayed method the money is still on its way, and another event will tell. */
export const checkoutSessionCompleted = translatorOf('checkout.session.completed', (event, context) => {
  const session = event.data.object;
  if (session.mode === 'setup') {
    const setup = setupNameOf(session.metadata);
    const checkout = checkoutNameOf(session.metadata);
    const setupIntentId = typeof session.setup_intent === 'string' ? session.setup_intent : session.setup_intent?.id;
    if (checkout && setupIntentId) return { kind: 'subscription_setup_hint', setupIntentId, checkout };
    return setup && setupIntentId
      ? { kind: 'setup_hint', setupIntentId, setup }
      : ignored('foreign', 'nobody began to save this card here');
  }
  if (session.mode === 'subscription') {
    const subscriptionId = typeof session.subscription === 'string' ? session.subscription : session.subscription?.id;
    return checkoutNameOf(session.metadata) && subscriptionId
      ? { kind: 'subscription_hint', subscriptionId, invoiceId: null, failedAt: null, trialWillEnd: false }
      : ignored('foreign', 'nobody began this subscription here');
  }
  if (session.payment_status === 'unpaid') {
    return ignored('awaiting_payment', 'the page is complete, the money is not here yet');
  }
  return paidSession(session, event.api_version, context);
});
