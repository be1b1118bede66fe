import type { Sql } from '../database/database.ts';
import type { ProviderName } from '../providers/port.ts';

/** An account whose provider is asked what was paid. */
export interface AskedAccount {
  readonly agencyId: string;
  readonly id: string;
  /** Up to when it was asked; for one that never was, since when it is ours. */
  readonly askedUntil: Date;
}

/** Every account at these providers that answers to us. */
export async function accountsToAsk(sql: Sql, providers: readonly ProviderName[]): Promise<readonly AskedAccount[]> {
  const { rows } = await sql.query<AskedAccount>(
    `SELECT agency_id AS "agencyId", id, coalesce(payments_asked_until, connected_at, created_at) AS "askedUntil"
       FROM merchant_accounts WHERE provider = ANY($1) AND status <> 'disconnected' ORDER BY id`,
    [providers],
  );
  return rows;
}

/** Never goes back: of two that asked at once the later time stands. */
export async function saveAsked(
  sql: Sql,
  { agencyId, id }: Pick<AskedAccount, 'agencyId' | 'id'>,
  until: Date,
): Promise<void> {
  await sql.query(
    `UPDATE merchant_accounts SET payments_asked_until = greatest(payments_asked_until, $3)
      WHERE agency_id = $1 AND id = $2`,
    [agencyId, id, until],
  );
}
