import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { ExchangeRate } from '../money/exchange-rate.ts';
import type { AccountRequirements, ProviderAccount, ProviderName } from '../providers/port.ts';
import type { EffectiveCurrency, MerchantAccount } from './merchant-account.ts';

const requirementsSchema = z
  .object({
    currentlyDue: z.array(z.string()).default([]),
    pastDue: z.array(z.string()).default([]),
    pendingVerification: z.array(z.string()).default([]),
    disabledReason: z.string().nullable().default(null),
    deadline: z
      .string()
      .nullable()
      .default(null)
      .transform((time) => (time === null ? null : new Date(time))),
  })
  .transform((requirements): AccountRequirements => requirements);

/** A row as it is stored. The database's CHECKs hold the lists too; a value outside them means code older than the data. */
const accountRow = z.object({
  agencyId: z.string(),
  id: z.string(),
  provider: z.enum(['stripe', 'whop']),
  providerAccountId: z.string(),
  livemode: z.boolean(),
  country: z.string(),
  chargeCurrency: z.string(),
  usdRate: z.string(),
  earlierRates: z.record(z.string(), z.string()),
  effectiveCurrency: z.string(),
  effectiveReason: z.string().nullable(),
  settlementCurrency: z.string(),
  status: z.enum(['onboarding', 'restricted', 'active', 'disconnected']),
  chargesEnabled: z.boolean(),
  payoutsEnabled: z.boolean(),
  detailsSubmitted: z.boolean(),
  requirements: requirementsSchema,
  chargeableCurrencies: z.array(z.string()),
  readAt: z.date().nullable(),
  connectedAt: z.date().nullable(),
  disconnectedAt: z.date().nullable(),
  disconnectedBy: z.enum(['provider', 'operator']).nullable(),
  createdAt: z.date(),
  changedAt: z.date(),
});

export type AccountRow = z.output<typeof accountRow>;

/** Makes an account of a row: it takes knowing which accounts the configured keys belong to. */
export type ReadAccount = (row: AccountRow) => MerchantAccount;

export const readAccountRow = (row: AccountRow, isOfKey: boolean): MerchantAccount => ({
  ...row,
  platform: isOfKey,
  usdRate: ExchangeRate.of('USD', row.chargeCurrency, row.usdRate),
});

const columns = `
  agency_id AS "agencyId", id, provider, provider_account_id AS "providerAccountId", livemode, country,
  charge_currency AS "chargeCurrency", usd_rate::text AS "usdRate", earlier_rates AS "earlierRates", effective_currency AS "effectiveCurrency",
  effective_reason AS "effectiveReason", settlement_currency AS "settlementCurrency", status,
  charges_enabled AS "chargesEnabled", payouts_enabled AS "payoutsEnabled", details_submitted AS "detailsSubmitted",
  requirements, chargeable_currencies AS "chargeableCurrencies", read_at AS "readAt", connected_at AS "connectedAt",
  disconnected_at AS "disconnectedAt", disconnected_by AS "disconnectedBy", created_at AS "createdAt", updated_at AS "changedAt"`;

const rowsOf = (rows: readonly unknown[]): readonly AccountRow[] => rows.map((row) => accountRow.parse(row));

/** Accounts that fit a condition; `where` is ours, never a caller's text. */
export async function selectAccounts(
  sql: Sql,
  where: string,
  values: readonly unknown[],
): Promise<readonly AccountRow[]> {
  const { rows } = await sql.query(`SELECT ${columns} FROM merchant_accounts WHERE ${where} ORDER BY id`, [...values]);
  return rowsOf(rows);
}

export async function findAccount(sql: Sql, agencyId: string, id: string): Promise<AccountRow | null> {
  return (await selectAccounts(sql, 'agency_id = $1 AND id = $2', [agencyId, id]))[0] ?? null;
}

/** Held until the transaction ends, so that two readings of one account are applied one after the other. */
export async function lockAccount(sql: Sql, provider: string, providerAccountId: string): Promise<AccountRow | null> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM merchant_accounts WHERE provider = $1 AND provider_account_id = $2 FOR NO KEY UPDATE`,
    [provider, providerAccountId],
  );
  return rowsOf(rows)[0] ?? null;
}

export interface Mirror {
  readonly status: MerchantAccount['status'];
  /** Null where the account no longer answers to us: what it was last read as stays. */
  readonly found: ProviderAccount | null;
  readonly effective: EffectiveCurrency | null;
  readonly readAt: Date;
  readonly disconnectedBy: AccountRow['disconnectedBy'];
  readonly now: Date;
}

export async function saveMirror(
  sql: Sql,
  { agencyId, id }: Pick<AccountRow, 'agencyId' | 'id'>,
  { status, found, effective, readAt, disconnectedBy, now }: Mirror,
): Promise<AccountRow> {
  const { rows } = await sql.query(
    `UPDATE merchant_accounts SET status = $3, charges_enabled = $4, payouts_enabled = $5,
            details_submitted = coalesce($6, details_submitted), requirements = coalesce($7::jsonb, requirements),
            chargeable_currencies = coalesce($8::text[], chargeable_currencies),
            country = coalesce($9, country), settlement_currency = coalesce($10, settlement_currency),
            effective_currency = coalesce($11, effective_currency),
            effective_reason = CASE WHEN $11::text IS NULL THEN effective_reason ELSE $12 END,
            read_at = $13, updated_at = $14, disconnected_by = $15,
            connected_at = CASE WHEN $3 = 'active' THEN coalesce(connected_at, $14) ELSE connected_at END,
            disconnected_at = CASE WHEN $3 = 'disconnected' THEN coalesce(disconnected_at, $14) END
      WHERE agency_id = $1 AND id = $2 RETURNING ${columns}`,
    [
      agencyId,
      id,
      status,
      found?.chargesEnabled ?? false,
      found?.payoutsEnabled ?? false,
      found?.detailsSubmitted ?? null,
      found === null ? null : JSON.stringify(found.requirements),
      found?.chargeableCurrencies ?? null,
      found?.country ?? null,
      found?.settlementCurrency ?? null,
      effective?.currency ?? null,
      effective?.reason ?? null,
      readAt,
      now,
      disconnectedBy,
    ],
  );
  return one(rows);
}

const one = (rows: readonly unknown[]): AccountRow => {
  const [row] = rowsOf(rows);
  if (!row) throw new Error('a merchant account vanished while it was held');
  return row;
};

export interface NewAccountRow {
  readonly agencyId: string;
  readonly id: string;
  readonly provider: ProviderName;
  readonly found: ProviderAccount;
  readonly chargeCurrency: string;
  readonly usdRate: string;
  readonly now: Date;
}

/** Stores an account that the provider has made, as not read yet. The one of an earlier try is left as it is. */
export async function insertAccount(sql: Sql, account: NewAccountRow): Promise<void> {
  const { agencyId, id, provider, found, chargeCurrency, usdRate, now } = account;
  await sql.query(
    `INSERT INTO merchant_accounts (agency_id, id, provider, provider_account_id, livemode, country, charge_currency, usd_rate,
                                    effective_currency, settlement_currency, status, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $9, 'onboarding', $10, $10)
     ON CONFLICT (provider, provider_account_id) DO NOTHING`,
    [
      agencyId,
      id,
      provider,
      found.id,
      found.livemode,
      found.country,
      chargeCurrency,
      usdRate,
      found.settlementCurrency,
      now,
    ],
  );
}

/** New terms; open orders keep theirs, and the currency that is left keeps its rate for when it comes back. */
export async function saveTerms(
  sql: Sql,
  { agencyId, id }: Pick<AccountRow, 'agencyId' | 'id'>,
  terms: {
    readonly chargeCurrency: string;
    readonly usdRate: string;
    readonly effective: EffectiveCurrency;
    readonly now: Date;
  },
): Promise<AccountRow> {
  const { rows } = await sql.query(
    `UPDATE merchant_accounts
        SET earlier_rates = earlier_rates || jsonb_build_object(charge_currency, usd_rate::text),
            charge_currency = $3, usd_rate = $4, effective_currency = $5, effective_reason = $6, updated_at = $7
      WHERE agency_id = $1 AND id = $2 RETURNING ${columns}`,
    [agencyId, id, terms.chargeCurrency, terms.usdRate, terms.effective.currency, terms.effective.reason, terms.now],
  );
  return one(rows);
}

/** The operator ended the connection. */
export async function saveOperatorsEnd(
  sql: Sql,
  { agencyId, id }: Pick<AccountRow, 'agencyId' | 'id'>,
  now: Date,
): Promise<AccountRow> {
  const { rows } = await sql.query(
    `UPDATE merchant_accounts
        SET status = 'disconnected', disconnected_by = 'operator', disconnected_at = coalesce(disconnected_at, $3), updated_at = $3
      WHERE agency_id = $1 AND id = $2 RETURNING ${columns}`,
    [agencyId, id, now],
  );
  return one(rows);
}

/** The operator took that back. What the account is, readings say: the next one, or one that was applied meanwhile. */
export async function clearOperatorsEnd(
  sql: Sql,
  { agencyId, id }: Pick<AccountRow, 'agencyId' | 'id'>,
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE merchant_accounts SET disconnected_by = NULL, updated_at = $3
      WHERE agency_id = $1 AND id = $2 AND disconnected_by = 'operator'`,
    [agencyId, id, now],
  );
}
