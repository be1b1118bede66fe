import type { Notify } from '../outgoing/notices.ts';
import { findSaved } from './card.store.ts';
import type { CardDependencies } from './dependencies.ts';

/** Sends the client to its bank, which wants to see it before it lets the card be held. */
export const askConfirmation =
  (notify: Notify): CardDependencies['onActionRequired'] =>
  async (sql, { agencyId, customerId, id, paymentMethodId }, link) => {
    const card = await findSaved(sql, agencyId, paymentMethodId);
    if (!card) return;
    await notify(sql, [
      {
        kind: 'card_confirmation',
        agencyId,
        customerId,
        fact: id,
        facts: { card: `${card.brand} ${card.last4}`, link },
      },
    ]);
  };
