import { ProviderError } from '../../src/providers/errors.ts';
import type { AccountRef, PaymentProvider } from '../../src/providers/port.ts';
import { holdNameOf, setupNameOf } from '../names.ts';
import { type Hint, ignored, type Resolved } from '../translation.ts';

type HintOf<Kind extends Hint['kind']> = Extract<Hint, { kind: Kind }>;

const gone = (error: unknown): boolean => error instanceof ProviderError && error.detail.code === 'resource_missing';

/** The card that a session saved. The metadata of the object itself is believed, not the event's. */
export async function readSetup(
  { name, cards }: PaymentProvider,
  account: AccountRef,
  { setupIntentId, setup }: HintOf<'setup_hint'>,
): Promise<Resolved> {
  if (!cards) return ignored('no_cards', 'no cards are saved at this provider');
  const found = await cards.retrieveSetup(account, setupIntentId);
  const named = setupNameOf(found.metadata) ?? setup;
  if (found.cardId === null) return ignored('not_saved', `the session is ${found.status} now`);
  const card = await cards.retrieve(account, found.cardId);
  if (!card) return ignored('no_card', 'what was saved is no card, or is gone');
  return {
    kind: 'card',
    event: { type: 'card.saved', provider: name, providerAccountId: account.id, ...named, card },
  };
}

export async function readCard(
  { name, cards }: PaymentProvider,
  account: AccountRef,
  { cardId }: HintOf<'card_hint'>,
): Promise<Resolved> {
  if (!cards) return ignored('no_cards', 'no cards are saved at this provider');
  const card = await cards.retrieve(account, cardId);
  if (!card) return ignored('no_card', 'it is no card, or is gone');
  return { kind: 'card', event: { type: 'card.updated', provider: name, providerAccountId: account.id, card } };
}

export async function readHold(
  { name, holds }: PaymentProvider,
  account: AccountRef,
  { paymentId, hold }: HintOf<'hold_hint'>,
): Promise<Resolved> {
  if (!holds) return ignored('no_holds', 'nothing is held at this provider');
  try {
    const found = await holds.retrieve(account, paymentId);
    const named = holdNameOf(found.metadata) ?? hold;
    return {
      kind: 'card',
      event: { type: 'hold.changed', provider: name, providerAccountId: account.id, ...named, hold: found },
    };
  } catch (error) {
    if (gone(error)) return ignored('no_payment', 'the hold is gone');
    throw error;
  }
}
