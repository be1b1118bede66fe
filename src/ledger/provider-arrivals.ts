import type { Sql } from '../database/database.ts';

/**
 * What postings put on an agency's balance at its provider, by reference, signed as that balance is; in the settlement currency. A reference that
 * nothing was posted under is left out.
 */
export async function providerArrivals(
  sql: Sql,
  agencyId: string,
  references: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql.query<{ reference: string; amount: string }>(
    `SELECT t.reference, coalesce(sum(e.amount) FILTER (WHERE a.code = 'provider_balance'), 0) AS amount
       FROM ledger_transactions t
       JOIN ledger_entries e ON e.agency_id = t.agency_id AND e.transaction_id = t.id
       JOIN ledger_accounts a ON a.agency_id = e.agency_id AND a.id = e.account_id
      WHERE t.agency_id = $1 AND t.reference = ANY($2)
      GROUP BY t.reference`,
    [agencyId, references],
  );
  return new Map(rows.map(({ reference, amount }) => [reference, amount]));
}
