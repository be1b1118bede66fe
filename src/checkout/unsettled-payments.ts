import type { Sql } from '../database/database.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';

/** Those of an account's payments that settled nothing here. */
export async function unsettledPayments<Payment extends { readonly id: string }>(
  sql: Sql,
  { provider, providerAccountId }: Pick<MerchantAccount, 'provider' | 'providerAccountId'>,
  payments: readonly Payment[],
): Promise<readonly Payment[]> {
  if (payments.length === 0) return [];
  const { rows } = await sql.query<{ id: string }>(
    `SELECT payment_id AS id FROM settled_payments
      WHERE provider = $1 AND provider_account_id = $2 AND payment_id = ANY($3)`,
    [provider, providerAccountId, payments.map(({ id }) => id)],
  );
  const settled = new Set(rows.map(({ id }) => id));
  return payments.filter(({ id }) => !settled.has(id));
}
