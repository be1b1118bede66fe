import type { Sql } from '../database/database.ts';
import type { CardSetup } from '../database/generated/client.ts';

export async function findSetup(sql: Sql, agencyId: string, id: string): Promise<CardSetup | null> {
  const { rows } = await sql.query<CardSetup>(
    `SELECT agency_id AS "agencyId", id, customer_id AS "customerId", merchant_account_id AS "merchantAccountId",
            request_id AS "requestId", status, session_url AS "sessionUrl", success_url AS "successUrl",
            cancel_url AS "cancelUrl", expires_at AS "expiresAt", created_at AS "createdAt"
       FROM card_setups WHERE agency_id = $1 AND id = $2`,
    [agencyId, id],
  );
  return rows[0] ?? null;
}

/** A session in which a card was saved is complete, also where its end was told first. */
export async function setSetupStatus(
  sql: Sql,
  { agencyId, id }: Pick<CardSetup, 'agencyId' | 'id'>,
  status: 'complete' | 'expired',
): Promise<void> {
  await sql.query(
    `UPDATE card_setups SET status = $3 WHERE agency_id = $1 AND id = $2 AND status <> $3
        AND (status = 'open' OR $3 = 'complete')`,
    [agencyId, id, status],
  );
}
