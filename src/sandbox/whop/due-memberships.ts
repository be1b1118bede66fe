import type { Pool } from 'pg';
import type { Clock } from '../../clock.ts';
import type { WhopTransactions } from './call.ts';
import { type MembershipBilling, renew } from './memberships.ts';

/** Renews what is due, in its order. The queue is the table, so that a restart goes on where it stopped. */
export class DueMemberships {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #transactions: WhopTransactions;

  constructor(setting: { pool: Pool; clock: Clock; transactions: WhopTransactions }) {
    this.#pool = setting.pool;
    this.#clock = setting.clock;
    this.#transactions = setting.transactions;
  }

  async nextDue(): Promise<Date | undefined> {
    const next = (await this.#first())?.next_at;
    return next === undefined ? undefined : new Date(next);
  }

  async run(): Promise<void> {
    for (;;) {
      const due = await this.#first();
      if (!due || new Date(due.next_at) > this.#clock.now()) return;
      await this.#transactions.run('', (call) => renew(call, due));
    }
  }

  async #first(): Promise<MembershipBilling | undefined> {
    const { rows } = await this.#pool.query<{ body: MembershipBilling }>(
      `SELECT body FROM whop_objects WHERE kind = 'membership_billing' ORDER BY body ->> 'next_at', id LIMIT 1`,
    );
    return rows[0]?.body;
  }
}
