import type Stripe from 'stripe';
import { ProviderError } from '../errors.ts';
import type { AccountsPort, ProviderAccount } from '../port.ts';
import { createConnect } from './connect.ts';
import type { StripeCalls } from './stripe-calls.ts';

export interface AccountsOptions {
  /** The key's, for a v1 account does not say. */
  readonly livemode: boolean;
  /** The platform's `ca_...`; undefined where it is not configured. */
  readonly clientId: string | undefined;
}

/** Stripe answers 403 `account_invalid` for an account that gave us no access, or took it back; a wrong key is 401. */
const isOutOfReach = (error: unknown): boolean =>
  error instanceof ProviderError &&
  ((error.detail.status === 403 && error.detail.code === 'account_invalid') ||
    (error.detail.status === 404 && error.detail.code === 'resource_missing'));

const toDate = (unixSeconds: number | null | undefined): Date | null =>
  unixSeconds ? new Date(unixSeconds * 1000) : null;

/**
 * What an account can be charged in depends on its country: the three-decimal currencies are not offered everywhere, so
 * that is asked with every reading.
 */
export function createAccounts(stripe: Stripe, calls: StripeCalls, options: AccountsOptions): AccountsPort {
  const described = async (account: Stripe.Account): Promise<ProviderAccount> => {
    const { country, default_currency: settlementCurrency, requirements } = account;
    if (!country || !settlementCurrency) {
      throw new ProviderError({
        kind: 'invalid',
        code: 'account_incomplete',
        message: `Stripe: account ${account.id} has no country or currency yet`,
      });
    }
    const spec = await calls.read('country_spec', () => stripe.countrySpecs.retrieve(country));
    return {
      id: account.id,
      country,
      livemode: options.livemode,
      settlementCurrency: settlementCurrency.toUpperCase(),
      chargeableCurrencies: spec.supported_payment_currencies.map((code) => code.toUpperCase()),
      chargesEnabled: account.charges_enabled,
      payoutsEnabled: account.payouts_enabled,
      detailsSubmitted: account.details_submitted,
      requirements: {
        currentlyDue: requirements?.currently_due ?? [],
        pastDue: requirements?.past_due ?? [],
        pendingVerification: requirements?.pending_verification ?? [],
        disabledReason: requirements?.disabled_reason ?? null,
        deadline: toDate(requirements?.current_deadline),
      },
      metadata: account.metadata ?? {},
    };
  };

  const retrieve: AccountsPort['retrieve'] = async (accountId) => {
    let account: Stripe.Account;
    try {
      account = await calls.read('account', () => stripe.accounts.retrieve(accountId));
    } catch (error) {
      if (isOutOfReach(error)) return null;
      throw error;
    }
    return described(account);
  };

  return {
    current: async () => described(await calls.read('account', () => stripe.accounts.retrieveCurrent())),
    retrieve,
    connect: createConnect(stripe, calls, { clientId: options.clientId, described, retrieve }),
  };
}
