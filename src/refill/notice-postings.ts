import type { Sql } from '../database/database.ts';
import type { TouchedClient } from '../ledger/ledger.ts';
import { Money } from '../money/money.ts';
import { enqueueEvaluation, type RefillDependencies } from './dependencies.ts';

interface WatchedRow extends TouchedClient {
  readonly threshold: string;
}

/** Of the clients that were posted to, those with auto-refill. Parameters: agencies, clients (arrays, pair by pair). */
const selectWatched = `
SELECT a.agency_id AS "agencyId", a.customer_id AS "customerId", a.threshold::text
  FROM auto_refills a
  JOIN unnest($1::text[], $2::text[]) AS touched(agency_id, customer_id) USING (agency_id, customer_id)
 WHERE a.enabled`;

/**
 * Whoever posts to a client's account lets it be looked at, in the transaction of the posting: an evaluation for each client with
 * auto-refill whose balance is below its threshold now. One statement for a batch of clients that have none.
 */
export const createNoticePostings =
  (dependencies: Pick<RefillDependencies, 'jobs'> & { readonly ledger: () => RefillDependencies['ledger'] }) =>
  async (sql: Sql, clients: readonly TouchedClient[]): Promise<void> => {
    if (clients.length === 0) return;
    const watched = await sql.query<WatchedRow>(selectWatched, [
      clients.map(({ agencyId }) => agencyId),
      clients.map(({ customerId }) => customerId),
    ]);
    if (watched.rows.length === 0) return;
    const balances = await dependencies.ledger().balances(sql, watched.rows);
    for (const [index, client] of watched.rows.entries()) {
      const balance = balances[index];
      if (balance && balance.compare(Money.of(client.threshold, 'USD')) < 0) {
        await enqueueEvaluation(dependencies, sql, client);
      }
    }
  };
