import type { Emit } from '../outgoing/emit.ts';
import type { Notify } from '../outgoing/notices.ts';
import type { RefillDependencies } from './dependencies.ts';

/** The first decline of a card, told to the agency's systems and to its client. */
export const announceDecline =
  (emit: Emit, notify: Notify): RefillDependencies['announceDecline'] =>
  async (sql, decline) => {
    const { agencyId, customerId, fact, amount, kind, cause, nextAttemptAt } = decline;
    await emit(sql, [
      {
        type: 'card.declined',
        agencyId,
        fact,
        data: {
          customerId,
          amount: amount.toJSON(),
          kind,
          cause,
          nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
        },
      },
    ]);
    const to = { agencyId, customerId, fact };
    const written = amount.toString();
    await notify(sql, [
      kind === 'authentication'
        ? { ...to, kind: 'authentication_needed', facts: { amount: written } }
        : {
            ...to,
            kind: 'card_failing',
            facts: { amount: written, reason: cause, nextAttempt: nextAttemptAt?.toISOString().slice(0, 10) ?? null },
          },
    ]);
  };
