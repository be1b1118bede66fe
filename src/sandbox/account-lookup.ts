import type { Pool } from 'pg';
import type { DocumentKind } from './document-types.ts';
import { resourceMissing } from './failure.ts';

/** The account that has this object: pages and scripts know its id alone. Throws 404 where none has. */
export async function accountOf(pool: Pool, kind: DocumentKind, id: string): Promise<string> {
  const { rows } = await pool.query<{ account: string }>('SELECT account FROM documents WHERE type = $1 AND id = $2', [
    kind,
    id,
  ]);
  const account = rows[0]?.account;
  if (account === undefined) throw resourceMissing(kind, id, 'id');
  return account;
}
