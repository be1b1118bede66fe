import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/database.ts';
import type { ProviderName } from '../providers/port.ts';
import type { Sealer } from '../tenancy/sealed.ts';

/** What an agency may bring: a key of its own, and the secret that its provider signs with. */
export interface GivenCredentials {
  readonly apiKey?: string | undefined;
  readonly webhookSecret?: string | undefined;
}

/** Whose webhook it is, and what it is signed with. */
export interface AccountWebhook {
  readonly providerAccountId: string;
  readonly secret: string;
}

/** The secrets by which accounts are reached and heard. Sealed where they lie; never shown. */
export interface Credentials {
  /** The key that an account was connected with; null where the platform's own key reaches it. */
  keyOf(provider: ProviderName, providerAccountId: string): Promise<string | null>;
  /** Null where the account is not there or nothing tells of it yet. */
  webhookOf(provider: ProviderName, merchantAccountId: string): Promise<AccountWebhook | null>;
  /** What is given takes the place of what was; what is left out stays. */
  save(sql: Sql, account: { readonly agencyId: string; readonly id: string }, given: GivenCredentials): Promise<void>;
}

interface Dependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly sealer: Sealer;
}

export const createCredentials = ({ database: { pool }, clock, sealer }: Dependencies): Credentials => ({
  async keyOf(provider, providerAccountId) {
    const { rows } = await pool.query<{ sealed: string | null }>(
      `SELECT c.sealed_api_key AS sealed FROM provider_credentials c
         JOIN merchant_accounts m ON m.agency_id = c.agency_id AND m.id = c.merchant_account_id
        WHERE m.provider = $1 AND m.provider_account_id = $2`,
      [provider, providerAccountId],
    );
    const sealed = rows[0]?.sealed ?? null;
    return sealed === null ? null : sealer.open(sealed);
  },

  async webhookOf(provider, merchantAccountId) {
    const { rows } = await pool.query<{ providerAccountId: string; sealed: string }>(
      `SELECT m.provider_account_id AS "providerAccountId", c.sealed_webhook_secret AS sealed
         FROM provider_credentials c
         JOIN merchant_accounts m ON m.agency_id = c.agency_id AND m.id = c.merchant_account_id
        WHERE m.provider = $1 AND m.id = $2 AND c.sealed_webhook_secret IS NOT NULL`,
      [provider, merchantAccountId],
    );
    const row = rows[0];
    return row ? { providerAccountId: row.providerAccountId, secret: sealer.open(row.sealed) } : null;
  },

  async save(sql, { agencyId, id }, { apiKey, webhookSecret }) {
    if (apiKey === undefined && webhookSecret === undefined) return;
    const sealed = (text: string | undefined): string | null => (text === undefined ? null : sealer.seal(text));
    await sql.query(
      `INSERT INTO provider_credentials (agency_id, merchant_account_id, sealed_api_key, sealed_webhook_secret, updated_at)
       VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (agency_id, merchant_account_id) DO UPDATE
         SET sealed_api_key = coalesce(excluded.sealed_api_key, provider_credentials.sealed_api_key),
             sealed_webhook_secret = coalesce(excluded.sealed_webhook_secret, provider_credentials.sealed_webhook_secret),
             updated_at = excluded.updated_at`,
      [agencyId, id, sealed(apiKey), sealed(webhookSecret), clock.now()],
    );
  },
});
