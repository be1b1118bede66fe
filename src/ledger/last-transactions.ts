import type { Sql } from '../database/database.ts';

interface Row {
  readonly agency_id: string;
  readonly last: string | null;
}

const readLast = `
SELECT a.agency_id, (SELECT t.id FROM ledger_transactions t WHERE t.agency_id = a.agency_id ORDER BY t.id DESC LIMIT 1) AS last
  FROM unnest($1::text[]) AS a (agency_id)`;

/** The newest transaction in the books of each agency; null of one that has none. By agency id. */
export async function lastTransactions(
  sql: Sql,
  agencyIds: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const { rows } = await sql.query<Row>({ name: 'ledger-last', text: readLast, values: [agencyIds] });
  return new Map(rows.map((row) => [row.agency_id, row.last]));
}
