import type Whop from '@whop/sdk';
import { ProviderError } from '../errors.ts';
import { metadataKeys } from '../metadata.ts';
import type { AccountRef, AccountsPort, ConnectPort, ProviderAccount } from '../port.ts';
import { chargeableCurrencies } from './amounts.ts';
import { textMetadata } from './metadata.ts';
import { listenAt } from './webhooks.ts';
import { keyed, pageSize, refused, type WhopCalls } from './whop-calls.ts';
import { isMissing } from './whop-error.ts';

export interface AccountsOptions {
  /** Whether an account was connected with a key of its own. */
  readonly hasOwnKey: (account: AccountRef) => Promise<boolean>;
  /** The platform's own `biz_...`. */
  readonly companyId: string;
  /** Of the host that is asked, for no object of Whop's says it. */
  readonly livemode: boolean;
}

/** An account that has not said where it is: a code that ISO 3166 leaves to its users. */
const countryUnknown = 'ZZ';

const actionsOf = (account: Whop.Account, status: 'required' | 'pending'): readonly string[] =>
  (account.required_actions ?? []).filter((action) => action.status === status).map(({ action }) => action);

export function toAccount(account: Whop.Account, livemode: boolean): ProviderAccount {
  const { capabilities } = account;
  const currentlyDue = actionsOf(account, 'required');
  // Capabilities are shown to keys that may see them. Where they are not, its checkout decides.
  const chargesEnabled = capabilities === null || capabilities.accept_card_payments === 'active';
  return {
    id: account.id,
    country: account.country?.toUpperCase() ?? countryUnknown,
    livemode,
    // Whop keeps balances in USD, whatever was charged, and converts at the payout.
    settlementCurrency: 'USD',
    chargeableCurrencies,
    chargesEnabled,
    payoutsEnabled: capabilities === null || capabilities.standard_payout === 'active',
    detailsSubmitted: !currentlyDue.includes('verify_identity'),
    requirements: {
      currentlyDue,
      pastDue: [],
      pendingVerification: actionsOf(account, 'pending'),
      disabledReason: chargesEnabled ? null : `accept_card_payments: ${capabilities.accept_card_payments}`,
      deadline: null,
    },
    metadata: textMetadata(account.metadata),
  };
}

export function createAccounts(calls: WhopCalls, { companyId, livemode, hasOwnKey }: AccountsOptions): AccountsPort {
  const platform: AccountRef = { id: companyId, platform: true };
  const refOf = (accountId: string): AccountRef => ({ id: accountId, platform: accountId === companyId });

  /**
   * Its owner took the access back: the account is gone for the platform's key, or its own key is. A wrong key of the platform's
   * says nothing about an account.
   */
  const isOutOfReach = async (error: unknown, ref: AccountRef): Promise<boolean> => {
    if (isMissing(error)) return true;
    if (!(error instanceof ProviderError) || error.kind !== 'auth' || ref.platform) return false;
    return error.detail.status === 403 || hasOwnKey(ref);
  };

  const connect: ConnectPort = {
    create: async (account, options) => {
      const params = {
        title: account.name,
        email: account.email,
        country: account.country,
        metadata: {
          // Whop answers the same account for the same e-mail and external id.
          external_id: account.merchantAccountId,
          [metadataKeys.agency]: account.agencyId,
          [metadataKeys.merchantAccount]: account.merchantAccountId,
        },
      } satisfies Whop.AccountCreateParams;
      return toAccount(await calls.write(platform, (whop) => whop.accounts.create(params, keyed(options))), livemode);
    },

    find: async (merchantAccountId) => {
      const accounts = await calls.list(platform, (whop) => whop.accounts.list({ first: pageSize }));
      const found = accounts.find(
        ({ metadata }) => textMetadata(metadata)[metadataKeys.merchantAccount] === merchantAccountId,
      );
      return found ? toAccount(found, livemode) : null;
    },

    createOnboardingLink: async (accountId, { refreshUrl, returnUrl }) => {
      const params = {
        company_id: accountId,
        use_case: 'account_onboarding',
        refresh_url: refreshUrl,
        return_url: returnUrl,
      } satisfies Whop.AccountLinkCreateParams;
      const link = await calls.write(refOf(accountId), (whop) => whop.accountLinks.create(params));
      return { url: link.url, expiresAt: new Date(link.expires_at) };
    },

    dashboardUrl: (accountId) => `https://whop.com/dashboard/${accountId}`,
  };

  return {
    current: async () => {
      const account = await calls.read(platform, (whop) => whop.accounts.retrieve(companyId));
      if (account.id === companyId) return toAccount(account, livemode);
      throw refused('other_company', `the key belongs to ${account.id}, not to ${companyId}`);
    },

    retrieve: async (accountId) => {
      const ref = refOf(accountId);
      try {
        return toAccount(await calls.read(ref, (whop) => whop.accounts.retrieve(accountId)), livemode);
      } catch (error) {
        if (await isOutOfReach(error, ref)) return null;
        throw error;
      }
    },

    ofKey: async (apiKey) => toAccount(await calls.readWithKey(apiKey, (whop) => whop.accounts.me()), livemode),

    listen: (account, url, eventTypes) => listenAt(calls, account, url, eventTypes),

    connect,
  };
}
