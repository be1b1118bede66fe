import { ignored } from '../../translation.ts';
import { setupNameOf } from '../card-name.ts';
import { translatorOf } from '../event.ts';

/** A card was saved. Which one, and whether it still is, is read. */
export const setupIntentSucceeded = translatorOf('setup_intent.succeeded', (event) => {
  const intent = event.data.object;
  const setup = setupNameOf(intent.metadata);
  return setup
    ? { kind: 'setup_hint', setupIntentId: intent.id, setup }
    : ignored('foreign', 'nobody began to save this card here');
});
