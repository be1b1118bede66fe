import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import type { CarrierAccount } from './desired.ts';

/** Stripe before Whop, as a checkout chooses; then the older account first. */
const accountsOfAgency = `
  SELECT m.id, m.provider, m.provider_account_id AS "providerAccountId", a.is_platform AS "isPlatform",
         m.charge_currency AS "chargeCurrency", m.effective_currency AS "effectiveCurrency", m.usd_rate::text AS "usdRate"
  FROM merchant_accounts m JOIN agencies a ON a.id = m.agency_id
  WHERE m.status = 'active' AND `;

const order = ` ORDER BY m.provider = 'stripe' DESC, m.id`;

const accountRows = z.array(
  z
    .object({
      id: z.string(),
      provider: z.enum(['stripe', 'whop']),
      providerAccountId: z.string(),
      isPlatform: z.boolean(),
      chargeCurrency: z.string(),
      effectiveCurrency: z.string(),
      // The column is padded to four decimals: a padded rate would be another fingerprint than a written one.
      usdRate: z.string().transform((rate) => rate.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')),
    })
    .transform(
      ({ providerAccountId, isPlatform, ...account }): CarrierAccount => ({
        ...account,
        ref: { id: providerAccountId, platform: isPlatform },
      }),
    ),
);

/** The accounts that carry an agency's plans: its own active ones, else the platform's. */
export async function carriersOf(sql: Sql, agencyId: string): Promise<readonly CarrierAccount[]> {
  const own = await sql.query(`${accountsOfAgency} m.agency_id = $1${order}`, [agencyId]);
  if (own.rows.length > 0) return accountRows.parse(own.rows);
  return platformAccounts(sql);
}

async function platformAccounts(sql: Sql): Promise<readonly CarrierAccount[]> {
  const { rows } = await sql.query(`${accountsOfAgency} a.is_platform${order}`);
  return accountRows.parse(rows);
}

/** Currency -> its units per USD, as an agency's plans may use them: the rates of its accounts, then the platform's. */
export async function ratesFor(sql: Sql, agencyId: string): Promise<ReadonlyMap<string, string>> {
  const accounts = [...(await platformAccounts(sql)), ...[...(await carriersOf(sql, agencyId))].reverse()];
  return new Map(
    accounts
      .filter(({ chargeCurrency }) => chargeCurrency !== 'USD')
      .map(({ chargeCurrency, usdRate }) => [chargeCurrency, usdRate]),
  );
}
