import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { type CardOutcome, cardOutcomes } from './card-outcomes.ts';
import { type TestCard, testCards } from './cards.ts';
import { fingerprintOf } from './payment-methods.ts';

export type CardUse = 'saving' | 'on_session' | 'off_session';

/** The test card that a payment method was made of. */
export const testCardOf = (call: Call, method: Stripe.PaymentMethod): TestCard | undefined =>
  testCards.find(({ number }) => fingerprintOf(call.account.id, number) === method.card?.fingerprint);

/** What the card does now: as a script switched it, else as its number has it. */
export async function outcomeOfUse(call: Call, method: Stripe.PaymentMethod, use: CardUse): Promise<CardOutcome> {
  const fingerprint = method.card?.fingerprint ?? '';
  const switched =
    (await call.store.find('card_switch', method.id)) ?? (await call.store.find('card_switch', fingerprint));
  if (switched) return cardOutcomes[switched.outcome];
  const card = testCardOf(call, method);
  return card ? ownOutcome(call, card, method, use) : cardOutcomes.succeed;
}

async function ownOutcome(
  call: Call,
  card: TestCard,
  method: Stripe.PaymentMethod,
  use: CardUse,
): Promise<CardOutcome> {
  if (use === 'saving') return card.onSaving ?? card.outcome;
  if (use === 'off_session' && card.onceSaved && (await wasSaved(call, method.id))) return card.onceSaved;
  return card.outcome;
}

/** Whether its owner was there once to leave it for later: attaching alone authenticates nobody. */
async function wasSaved(call: Call, methodId: string): Promise<boolean> {
  const links = [`saves:${methodId}`];
  const setups = await call.store.linked('setup_intent', links);
  return setups.length > 0 || (await call.store.linked('payment_intent', links)).length > 0;
}
