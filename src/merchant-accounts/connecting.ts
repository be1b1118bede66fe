import type { Sql } from '../database/database.ts';
import { conflict } from '../errors.ts';
import type { ProviderName } from '../providers/port.ts';
import type { Scope } from '../tenancy/scope.ts';
import type { WantedTerms } from './account-terms.ts';
import { applyTerms } from './change-account.ts';
import type { AccountDependencies } from './dependencies.ts';
import { findAccount, selectAccounts } from './merchant-account.store.ts';
import type { MerchantAccount } from './merchant-account.ts';

export const wantsOtherTerms = (account: MerchantAccount, { chargeCurrency, usdRate }: WantedTerms): boolean =>
  (chargeCurrency !== undefined && chargeCurrency !== account.chargeCurrency) ||
  (usdRate !== undefined && !account.usdRate.value.eq(usdRate));

export const hasAnother = () =>
  conflict('merchant_account_exists', 'The agency has another account: disconnect it first.');

/** Held until the transaction ends: of two requests for one agency the later sees what the earlier left. */
export const lockConnecting = (sql: Sql, agencyId: string, provider: ProviderName): Promise<unknown> =>
  sql.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`merchant_accounts:${agencyId}:${provider}`]);

export async function connectedOf(
  { merchantAccounts }: Pick<AccountDependencies, 'merchantAccounts'>,
  sql: Sql,
  agencyId: string,
  provider: ProviderName,
): Promise<MerchantAccount | null> {
  const [row] = await selectAccounts(sql, `agency_id = $1 AND provider = $2 AND status <> 'disconnected'`, [
    agencyId,
    provider,
  ]);
  return row ? merchantAccounts.read(row) : null;
}

/** In the transaction that connects it, and that holds its row. */
export async function applyWanted(
  dependencies: AccountDependencies,
  sql: Sql,
  scope: Scope,
  account: MerchantAccount,
  wanted: WantedTerms,
): Promise<MerchantAccount> {
  const row = wantsOtherTerms(account, wanted) ? await findAccount(sql, account.agencyId, account.id) : null;
  return row ? applyTerms(dependencies, sql, scope, row, wanted) : account;
}
