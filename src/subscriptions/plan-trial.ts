import type { CustomerKey } from '../catalog/offer.store.ts';
import type { Sql } from '../database/database.ts';

/** Whether a client may have a plan's own trial: once for an e-mail address in an agency (RULES 31). */
export async function planTrialAllowed(sql: Sql, { agencyId, customerId }: CustomerKey): Promise<boolean> {
  const { rows } = await sql.query(
    `SELECT 1 FROM customers own
       JOIN customers same ON same.agency_id = own.agency_id AND lower(trim(same.email)) = lower(trim(own.email))
       JOIN subscriptions s ON s.agency_id = same.agency_id AND s.customer_id = same.id AND s.trial_ends_at IS NOT NULL
      WHERE own.agency_id = $1 AND own.id = $2 LIMIT 1`,
    [agencyId, customerId],
  );
  return rows.length === 0;
}
