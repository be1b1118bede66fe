import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import type { PlatformBooks } from '../ledger/postings.ts';

const selectBooks = `
  SELECT m.agency_id AS "agencyId", m.id AS "merchantAccountId"
  FROM merchant_accounts m JOIN agencies a ON a.id = m.agency_id
  WHERE a.is_platform AND m.provider = $1 AND m.status <> 'disconnected'`;

const booksRows = z.array(z.object({ agencyId: z.string(), merchantAccountId: z.string() }));

/** Where the platform's half of a provider's fees is posted: its own account there. Throws where it has none. */
export async function platformBooksAt(sql: Sql, provider: string): Promise<PlatformBooks> {
  const [books] = booksRows.parse((await sql.query(selectBooks, [provider])).rows);
  if (!books) throw new Error(`the platform has no ${provider} account to take a share on`);
  return books;
}
