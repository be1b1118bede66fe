import type { Sql } from '../database/database.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { Money } from '../money/money.ts';

/** What our books say of a payment. */
export interface BookedPayment {
  /** What was charged less what has left of it, in the charge currency. */
  readonly left: Money;
  /** How many steps of refunds and disputes were booked. */
  readonly steps: number;
}

/** Those of an account's payments that settled something here, by the provider's id. */
export async function bookedPayments(
  sql: Sql,
  { provider, providerAccountId }: Pick<MerchantAccount, 'provider' | 'providerAccountId'>,
  paymentIds: readonly string[],
): Promise<ReadonlyMap<string, BookedPayment>> {
  if (paymentIds.length === 0) return new Map();
  const { rows } = await sql.query<{ payment_id: string; left: string; currency: string; steps: number }>(
    `SELECT s.payment_id, (o.charged - coalesce(r.gone, 0))::text AS left, o.charge_currency AS currency, coalesce(r.steps, 0) AS steps
       FROM settled_payments s
       JOIN orders o ON o.agency_id = s.agency_id AND o.id = s.order_id
       LEFT JOIN LATERAL (
         SELECT sum(settled) AS gone, count(*)::int AS steps FROM reversals v
          WHERE v.agency_id = o.agency_id AND v.order_id = o.id AND v.provider_payment_id = s.payment_id
       ) r ON true
      WHERE s.provider = $1 AND s.provider_account_id = $2 AND s.payment_id = ANY($3)`,
    [provider, providerAccountId, paymentIds],
  );
  return new Map(rows.map((row) => [row.payment_id, { left: Money.of(row.left, row.currency), steps: row.steps }]));
}
