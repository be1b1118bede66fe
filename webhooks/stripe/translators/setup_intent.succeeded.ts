import { checkoutNameOf, setupNameOf } from '../../names.ts';
import { ignored } from '../../translation.ts';
import { translatorOf } from '../event.ts';

/** A card was saved. Which one, and whether it still is, is read. */
export const setupIntentSucceeded = translatorOf('setup_intent.succeeded', (event) => {
  const intent = event.data.object;
  const checkout = checkoutNameOf(intent.metadata);
  if (checkout) return { kind: 'subscription_setup_hint', setupIntentId: intent.id, checkout };
  const setup = setupNameOf(intent.metadata);
  return setup
    ? { kind: 'setup_hint', setupIntentId: intent.id, setup }
    : ignored('foreign', 'nobody began to save this card here');
});
