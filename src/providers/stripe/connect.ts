import type Stripe from 'stripe';
import { ProviderError } from '../errors.ts';
import { metadataKeys } from '../metadata.ts';
import type { AccountsPort, ConnectPort, ProviderAccount } from '../port.ts';
import { pageSize, type StripeCalls } from './stripe-calls.ts';

export interface ConnectOptions {
  readonly clientId: string | undefined;
  readonly described: (account: Stripe.Account) => Promise<ProviderAccount>;
  readonly retrieve: AccountsPort['retrieve'];
}

/**
 * Connected accounts of independent agencies: they have the full dashboard, and Stripe takes its fees from them, bears their losses
 * and asks them for what it needs (docs.stripe.com/connect/migrate-to-controller-properties). Their owners are sent to
 * account links; OAuth is not recommended for new platforms.
 */
export function createConnect(
  stripe: Stripe,
  calls: StripeCalls,
  { clientId, described, retrieve }: ConnectOptions,
): ConnectPort {
  const port: ConnectPort = {
    create: async (account, options) => {
      const params = {
        country: account.country,
        email: account.email,
        business_profile: { name: account.name },
        controller: {
          fees: { payer: 'account' },
          losses: { payments: 'stripe' },
          requirement_collection: 'stripe',
          stripe_dashboard: { type: 'full' },
        },
        capabilities: { card_payments: { requested: true }, transfers: { requested: true } },
        metadata: {
          [metadataKeys.agency]: account.agencyId,
          [metadataKeys.merchantAccount]: account.merchantAccountId,
        },
      } satisfies Stripe.AccountCreateParams;
      return described(await calls.write('account', () => stripe.accounts.create(params, { ...options })));
    },

    find: async (merchantAccountId) => {
      const accounts = await calls.list(() => stripe.accounts.list({ limit: pageSize }));
      const found = accounts.find(({ metadata }) => metadata?.[metadataKeys.merchantAccount] === merchantAccountId);
      return found ? described(found) : null;
    },

    createOnboardingLink: async (accountId, { refreshUrl, returnUrl }) => {
      const params = {
        account: accountId,
        type: 'account_onboarding',
        refresh_url: refreshUrl,
        return_url: returnUrl,
      } satisfies Stripe.AccountLinkCreateParams;
      const link = await calls.write('account_link', () => stripe.accountLinks.create(params));
      return { url: link.url, expiresAt: new Date(link.expires_at * 1000) };
    },

    dashboardUrl: (accountId) => `https://dashboard.stripe.com/${accountId}`,
  };
  if (clientId === undefined) return port;

  const disconnect = async (accountId: string): Promise<void> => {
    try {
      await calls.writePlain(
        () => stripe.oauth.deauthorize({ client_id: clientId, stripe_user_id: accountId }),
        (answer) => answer.stripe_user_id === accountId,
      );
    } catch (error) {
      // Stripe answers a wrong client id and an account that is not connected alike: which it is, the account shows.
      if (!(error instanceof ProviderError) || error.kind !== 'auth' || (await retrieve(accountId)) !== null)
        throw error;
    }
  };
  return { ...port, disconnect };
}
