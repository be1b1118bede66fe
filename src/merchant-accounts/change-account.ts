import { inTransaction, type Sql } from '../database/database.ts';
import { AppError, conflict, notFound } from '../errors.ts';
import { recordChange } from '../tenancy/audit.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import { completeTerms, refuseRateOfAgency, termsOfAccount, type WantedTerms } from './account-terms.ts';
import { type AccountDependencies, connectOf } from './dependencies.ts';
import {
  type AccountRow,
  findAccount,
  lockAccount,
  saveOperatorsEnd,
  saveTerms,
  selectAccounts,
} from './merchant-account.store.ts';
import { effectiveCurrencyOf, type MerchantAccount } from './merchant-account.ts';
import { mirrorAccount } from './mirror-account.ts';

export interface AccountKey {
  readonly agencyId: string;
  readonly accountId: string;
}

/** Throws 404 for an account that is not there for this scope. */
export async function getAccount(
  { database, merchantAccounts }: AccountDependencies,
  scope: Scope,
  { agencyId, accountId }: AccountKey,
): Promise<MerchantAccount> {
  if ((agencyOf(scope) ?? agencyId) !== agencyId) throw notFound('merchant account');
  const row = await findAccount(database.pool, agencyId, accountId);
  if (!row) throw notFound('merchant account');
  return merchantAccounts.read(row);
}

/** Oldest first, disconnected ones too. Throws 404 for an agency that is not there for this scope. */
export async function listAccounts(
  { database, merchantAccounts }: AccountDependencies,
  scope: Scope,
  agencyId: string,
): Promise<readonly MerchantAccount[]> {
  if ((agencyOf(scope) ?? agencyId) !== agencyId) throw notFound('agency');
  const { rows } = await database.pool.query('SELECT 1 FROM agencies WHERE id = $1', [agencyId]);
  if (rows.length === 0) throw notFound('agency');
  return (await selectAccounts(database.pool, 'agency_id = $1', [agencyId])).map(merchantAccounts.read);
}

/**
 * New terms of an account. Open orders keep theirs; what it can charge was read from the provider, so that a currency it cannot
 * charge leaves it at USD, and says so. The listeners publish the prices anew. Throws 404, 403 `platform_only`, 409
 * `platform_account` for the platform's own, whose terms are settings, and 422 for terms that cannot be.
 */
export async function changeTerms(
  dependencies: AccountDependencies,
  scope: Scope,
  key: AccountKey,
  wanted: WantedTerms,
): Promise<MerchantAccount> {
  const { database } = dependencies;
  refuseRateOfAgency(scope, wanted);
  const found = await getAccount(dependencies, scope, key);
  if (found.platform) {
    throw conflict('platform_account', 'CHARGE_CURRENCY and USD_RATE are the terms of the platform’s own account.');
  }
  return inTransaction(database.pool, async (sql) => {
    const row = await lockAccount(sql, found.provider, found.providerAccountId);
    if (!row) throw notFound('merchant account');
    return applyTerms(dependencies, sql, scope, row, wanted);
  });
}

/** In the caller's transaction, on a row that it holds. Throws 422 for terms that cannot be. */
export async function applyTerms(
  { clock, merchantAccounts, listeners, defaultTerms }: AccountDependencies,
  sql: Sql,
  scope: Scope,
  row: AccountRow,
  wanted: WantedTerms,
): Promise<MerchantAccount> {
  const before = merchantAccounts.read(row);
  const terms = completeTerms(wanted, [...termsOfAccount(row), defaultTerms]);
  const effective = effectiveCurrencyOf(terms.chargeCurrency, {
    id: row.providerAccountId,
    country: row.country,
    chargeableCurrencies: row.chargeableCurrencies,
  });
  if (!effective) {
    const message = `This account can charge neither ${terms.chargeCurrency} nor USD.`;
    throw new AppError(422, 'currency_not_chargeable', message, [{ path: 'chargeCurrency', message }]);
  }
  const after = merchantAccounts.read(await saveTerms(sql, row, { ...terms, effective, now: clock.now() }));
  await recordChange(sql, clock, scope, {
    agencyId: row.agencyId,
    action: 'merchant_account.terms_changed',
    subject: row.id,
    before: termsOf(before),
    after: termsOf(after),
  });
  for (const tell of listeners) await tell(sql, { before, after, source: 'terms' });
  return after;
}

const termsOf = ({ chargeCurrency, usdRate, effectiveCurrency }: MerchantAccount) => ({
  chargeCurrency,
  usdRate: usdRate.toString(),
  effectiveCurrency,
});

/**
 * Ends the connection: at the provider too where it lets us, and on our side in any case. What was sold stays where it is. Again
 * only the provider is asked, in case it did not hear. Throws 404, and 409 `platform_account` for the platform's own.
 */
export async function disconnectAccount(
  dependencies: AccountDependencies,
  scope: Scope,
  key: AccountKey,
): Promise<void> {
  const { database, clock, merchantAccounts, listeners, providers } = dependencies;
  const found = await getAccount(dependencies, scope, key);
  if (found.platform)
    throw conflict('platform_account', 'The account of the platform’s own key cannot be disconnected.');
  if (found.disconnectedBy === 'provider') return;
  await inTransaction(database.pool, async (sql) => {
    const row = await lockAccount(sql, found.provider, found.providerAccountId);
    if (!row || row.status === 'disconnected') return;
    const before = merchantAccounts.read(row);
    const after = merchantAccounts.read(await saveOperatorsEnd(sql, row, clock.now()));
    await recordChange(sql, clock, scope, {
      agencyId: row.agencyId,
      action: 'merchant_account.disconnected',
      subject: row.id,
      before: { status: before.status },
      after: { status: after.status },
    });
    for (const tell of listeners) await tell(sql, { before, after, source: 'operator' });
  });
  // After our own word is kept: the event that this causes finds it, and a call that fails is made again with the next request.
  await connectOf(providers, found.provider).connect.disconnect?.(found.providerAccountId);
}

/**
 * A fresh address where the account's owner gives the provider what it asks for; null where nothing can be given. Throws 404, and 409
 * `merchant_account_disconnected`.
 */
export async function onboardingLink(
  { providers, states, publicUrl }: AccountDependencies,
  account: MerchantAccount,
): Promise<string> {
  if (account.status === 'disconnected') {
    throw conflict('merchant_account_disconnected', 'This account is disconnected: connect it again first.');
  }
  const state = encodeURIComponent(states.issue({ agencyId: account.agencyId, accountId: account.id }));
  const link = await connectOf(providers, account.provider).connect.createOnboardingLink(account.providerAccountId, {
    refreshUrl: `${publicUrl}/connect/refresh?state=${state}`,
    returnUrl: `${publicUrl}/connect/return?state=${state}`,
  });
  return link.url;
}

/** Reads an account at its provider and stores what it says. To come back from the provider's form proves nothing by itself. */
export async function refreshAccount(
  { database, clock, providers, merchantAccounts, listeners }: AccountDependencies,
  account: MerchantAccount,
  source: string,
): Promise<MerchantAccount> {
  const { provider, providerAccountId } = account;
  const readAt = clock.now();
  const found = await connectOf(providers, provider).provider.accounts.retrieve(providerAccountId);
  const mirror = { clock, read: merchantAccounts.read, listeners };
  const after = await inTransaction(database.pool, (sql) =>
    mirrorAccount(mirror, sql, { provider, providerAccountId, found, readAt, source }),
  );
  return after ?? account;
}
