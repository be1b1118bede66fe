import type { Sql } from '../database/database.ts';
import { notFound } from '../errors.ts';
import { AccessRefusal } from '../tenancy/access-refusal.ts';
import type { Scope } from '../tenancy/scope.ts';
import type { WantedTerms } from './account-terms.ts';
import {
  type AccountKey,
  changeTerms,
  disconnectAccount,
  getAccount,
  listAccounts,
  onboardingLink,
  refreshAccount,
} from './change-account.ts';
import { type ConnectRequest, connectAccount } from './connect-account.ts';
import type { AccountDependencies } from './dependencies.ts';
import { listenToAccount } from './listen-to-account.ts';
import { findAccount } from './merchant-account.store.ts';
import type { MerchantAccount } from './merchant-account.ts';
import { type AccountReading, mirrorAccount } from './mirror-account.ts';

/** An account, and where its owner goes on with it; null where there is nothing to go on with. */
export interface OnboardingAccount {
  readonly account: MerchantAccount;
  readonly onboardingUrl: string | null;
}

export interface AgencyAccounts {
  connect(scope: Scope, request: ConnectRequest): Promise<OnboardingAccount & { readonly made: boolean }>;
  get(scope: Scope, key: AccountKey): Promise<MerchantAccount>;
  list(scope: Scope, agencyId: string): Promise<readonly MerchantAccount[]>;
  link(scope: Scope, key: AccountKey): Promise<OnboardingAccount>;
  changeTerms(scope: Scope, key: AccountKey, wanted: WantedTerms): Promise<MerchantAccount>;
  disconnect(scope: Scope, key: AccountKey): Promise<void>;
  /** The provider's own pages of the account. */
  dashboardUrl(account: MerchantAccount): string | null;
  /** Where the provider is to tell of this account; null where one endpoint hears all of them. */
  webhookUrl(account: MerchantAccount): string | null;
  /**
   * An owner came back from the provider's form: how the account stands now. Throws `AccessRefusal` for a state that is not ours, and 403
   * `agency_disabled`.
   */
  returned(state: string): Promise<OnboardingAccount>;
  /** An owner followed a link that was used or expired: where to go on. Throws the same. */
  refreshed(state: string): Promise<string>;
  /** What an event made us read, in the transaction of that event. */
  apply(sql: Sql, reading: AccountReading): Promise<MerchantAccount | null>;
}

/** An owner can still do something about an account that is not active and not gone. */
const isUnfinished = ({ status, requirements }: MerchantAccount): boolean =>
  status === 'onboarding' || status === 'restricted' || (status === 'active' && requirements.currentlyDue.length > 0);

/** A link that was made before its agency was disabled leads nowhere while it is. */
async function refuseDisabled(sql: Sql, agencyId: string, accountId: string): Promise<void> {
  const { rows } = await sql.query('SELECT 1 FROM agencies WHERE id = $1 AND disabled_at IS NOT NULL', [agencyId]);
  if (rows.length === 0) return;
  const caller = { actor: { role: 'public', id: 'browser' }, agencyId, subject: accountId } as const;
  throw new AccessRefusal(caller, 403, 'agency_disabled', 'This agency is disabled.');
}

export function createAgencyAccounts(dependencies: AccountDependencies): AgencyAccounts {
  const { states, merchantAccounts, database, clock, listeners, providers } = dependencies;

  const withLink = async (account: MerchantAccount): Promise<OnboardingAccount> => ({
    account,
    onboardingUrl: isUnfinished(account) ? await onboardingLink(dependencies, account) : null,
  });

  const named = async (text: string): Promise<MerchantAccount> => {
    const { agencyId, accountId } = states.read(text);
    await refuseDisabled(database.pool, agencyId, accountId);
    const row = await findAccount(database.pool, agencyId, accountId);
    if (!row) throw notFound('merchant account');
    return merchantAccounts.read(row);
  };

  return {
    connect: async (scope, request) => {
      const { account, made } = await connectAccount(dependencies, scope, request);
      await listenToAccount(dependencies, account);
      return { ...(await withLink(account)), made };
    },
    get: (scope, key) => getAccount(dependencies, scope, key),
    list: (scope, agencyId) => listAccounts(dependencies, scope, agencyId),
    link: async (scope, key) => {
      const account = await getAccount(dependencies, scope, key);
      return { account, onboardingUrl: await onboardingLink(dependencies, account) };
    },
    changeTerms: (scope, key, wanted) => changeTerms(dependencies, scope, key, wanted),
    disconnect: (scope, key) => disconnectAccount(dependencies, scope, key),
    dashboardUrl: ({ provider, providerAccountId }) =>
      providers[provider]?.accounts.connect?.dashboardUrl(providerAccountId) ?? null,
    webhookUrl: ({ provider, id }) => dependencies.accountWebhooks?.[provider]?.urlOf(id) ?? null,
    returned: async (state) => withLink(await refreshAccount(dependencies, await named(state), 'return')),
    refreshed: async (state) => onboardingLink(dependencies, await named(state)),
    apply: (sql, reading) => mirrorAccount({ clock, read: merchantAccounts.read, listeners }, sql, reading),
  };
}
