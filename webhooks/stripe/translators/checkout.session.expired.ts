import { checkoutNameOf, setupNameOf } from '../../names.ts';
import { translatorOf } from '../event.ts';
import { unpaidSession } from './session.ts';

/** The page closed, unpaid or without a card. */
export const checkoutSessionExpired = translatorOf('checkout.session.expired', (event, context) => {
  const session = event.data.object;
  const checkout = checkoutNameOf(session.metadata);
  if (checkout) {
    return {
      kind: 'subscription',
      event: { type: 'checkout.expired', provider: 'stripe', providerAccountId: context.accountId, ...checkout },
    };
  }
  const setup = setupNameOf(session.metadata);
  if (session.mode !== 'setup' || !setup) return unpaidSession('session.expired', session, context);
  return {
    kind: 'card',
    event: { type: 'setup.expired', provider: 'stripe', providerAccountId: context.accountId, ...setup },
  };
});
