import type { Sql } from '../database/database.ts';

const dayMs = 86_400_000;

/**
 * The provider's ids of an account's live subscriptions whose period was over at a time and which nobody told of since, or not for a day
 * while it stays over.
 */
export async function overdueReadings(sql: Sql, merchantAccountId: string, at: Date): Promise<readonly string[]> {
  const { rows } = await sql.query<{ id: string }>(
    `SELECT provider_subscription_id AS id FROM subscriptions
      WHERE merchant_account_id = $1 AND collection = 'card' AND ended_at IS NULL AND provider_subscription_id IS NOT NULL
        AND period_end <= $2 AND read_at < greatest(period_end, $3) ORDER BY id`,
    [merchantAccountId, at, new Date(at.getTime() - dayMs)],
  );
  return rows.map(({ id }) => id);
}
