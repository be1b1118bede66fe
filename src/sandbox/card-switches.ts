import type { Pool } from 'pg';
import { z } from 'zod';
import type { Transactions } from './call.ts';
import { type CardOutcomeName, cardOutcomeNames } from './card-outcomes.ts';
import { resourceMissing } from './failure.ts';

/** The body of `PUT /sandbox/cards/:id`; null gives the card back to what its number does. */
export const cardSwitchSchema = z.strictObject({ outcome: z.enum(cardOutcomeNames).nullable() });

export interface SwitchedCard {
  readonly id: string;
  readonly outcome: CardOutcomeName | null;
}

/**
 * Lets saved cards die and revive: one payment method by its id, or, by a fingerprint, every one of that number in its
 * account. What is said of the payment method stands before what is said of the number.
 */
export class CardSwitches {
  readonly #pool: Pool;
  readonly #transactions: Transactions;

  constructor(setting: { pool: Pool; transactions: Transactions }) {
    this.#pool = setting.pool;
    this.#transactions = setting.transactions;
  }

  /** Throws 404 for a card that no account has. */
  async view(id: string): Promise<SwitchedCard> {
    return this.#transactions.run(await this.#accountOf(id), null, async (call) => ({
      id,
      outcome: (await call.store.find('card_switch', id))?.outcome ?? null,
    }));
  }

  /** Throws 404 for a card that no account has. */
  async set(id: string, outcome: CardOutcomeName | null): Promise<SwitchedCard> {
    return this.#transactions.run(await this.#accountOf(id), null, async (call) => {
      if (outcome === null) await call.store.remove('card_switch', id);
      else call.store.save('card_switch', { id, created: call.nowSeconds, outcome });
      return { id, outcome };
    });
  }

  async #accountOf(id: string): Promise<string> {
    const { rows } = await this.#pool.query<{ account: string }>(
      `SELECT account FROM documents WHERE type = 'payment_method' AND id = $1
       UNION ALL
       SELECT account FROM documents WHERE type = 'payment_method' AND links @> ARRAY['fingerprint:' || $1]
       LIMIT 1`,
      [id],
    );
    const account = rows[0]?.account;
    if (account === undefined) throw resourceMissing('card', id, 'id');
    return account;
  }
}
