import { inTransaction } from '../database/database.ts';
import { AppError, conflict, invalidField } from '../errors.ts';
import { newId } from '../ids.ts';
import { ProviderError } from '../providers/errors.ts';
import type { ProviderAccount, ProviderName } from '../providers/port.ts';
import { recordChange } from '../tenancy/audit.ts';
import type { Scope } from '../tenancy/scope.ts';
import { completeTerms, type WantedTerms } from './account-terms.ts';
import { applyWanted, connectedOf, hasAnother, lockConnecting } from './connecting.ts';
import type { GivenCredentials } from './credentials.ts';
import type { AccountDependencies } from './dependencies.ts';
import { clearOperatorsEnd, insertAccount } from './merchant-account.store.ts';
import type { MerchantAccount } from './merchant-account.ts';
import { mirrorAccount } from './mirror-account.ts';

export interface KeyRequest extends WantedTerms {
  readonly agencyId: string;
  readonly provider: ProviderName;
  readonly credentials: GivenCredentials & { readonly apiKey: string };
  /** The agency's account at this provider that is not disconnected. */
  readonly current: MerchantAccount | null;
}

/**
 * Takes up the account that an agency's own key belongs to: a new one, one that was connected before, or the one that is connected
 * now, whose key it replaces. The key is sealed with the account, in one transaction. Throws 422 `credentials_not_taken` where the
 * provider reaches no account by a key of its own and `credentials_refused` where it does not accept this one; 409
 * `merchant_account_exists` for another account than the one that is connected, and `merchant_account_taken` for one of another agency.
 */
export async function connectWithKey(
  dependencies: AccountDependencies,
  scope: Scope,
  { agencyId, provider, credentials, current, ...wanted }: KeyRequest,
): Promise<{ readonly account: MerchantAccount; readonly made: boolean }> {
  const { database, clock, merchantAccounts, listeners, defaultTerms } = dependencies;
  const readAt = clock.now();
  const found = await accountOfKey(dependencies, provider, credentials.apiKey);
  if (current && current.providerAccountId !== found.id) throw hasAnother();
  const known = await merchantAccounts.byProviderAccount(provider, found.id);
  if (known && known.agencyId !== agencyId) {
    throw conflict('merchant_account_taken', 'The account of this key is connected to another agency.');
  }
  const account = await inTransaction(database.pool, async (sql) => {
    const id = known?.id ?? newId('merchantAccount');
    await lockConnecting(sql, agencyId, provider);
    const other = await connectedOf(dependencies, sql, agencyId, provider);
    if (other && other.providerAccountId !== found.id) throw hasAnother();
    if (known) await clearOperatorsEnd(sql, known, clock.now());
    if (!known) {
      const terms = completeTerms(wanted, [defaultTerms]);
      await insertAccount(sql, { ...terms, agencyId, id, provider, found, now: clock.now() });
    }
    await dependencies.credentials.save(sql, { agencyId, id }, credentials);
    const mirror = { clock, read: merchantAccounts.read, listeners };
    const reading = { provider, providerAccountId: found.id, found, readAt, source: 'connect' };
    const mirrored = await mirrorAccount(mirror, sql, reading);
    if (!mirrored) throw new Error(`account ${id} was stored and is not there`);
    await recordChange(sql, clock, scope, {
      agencyId,
      action: 'merchant_account.connected',
      subject: id,
      before: known && { status: known.status },
      after: { provider, providerAccountId: found.id, status: mirrored.status, ownKey: true },
    });
    return applyWanted(dependencies, sql, scope, mirrored, wanted);
  });
  return { account, made: known === null };
}

async function accountOfKey(
  { providers }: AccountDependencies,
  provider: ProviderName,
  apiKey: string,
): Promise<ProviderAccount> {
  const accounts = providers[provider]?.accounts;
  if (!accounts?.ofKey) {
    throw invalidField(
      'credentials',
      'credentials_not_taken',
      `${provider} accounts are connected without keys: leave them out.`,
    );
  }
  try {
    return await accounts.ofKey(apiKey);
  } catch (error) {
    if (!(error instanceof ProviderError) || (error.kind !== 'auth' && error.kind !== 'invalid')) throw error;
    const message = 'The provider does not accept this key.';
    throw new AppError(422, 'credentials_refused', message, [{ path: 'credentials.apiKey', message }]);
  }
}
