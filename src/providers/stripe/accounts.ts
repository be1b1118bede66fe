import type Stripe from 'stripe';
import { ProviderError } from '../errors.ts';
import type { AccountsPort } from '../port.ts';
import type { StripeCalls } from './stripe-calls.ts';

/**
 * What an account can be charged in depends on its country: the three-decimal currencies are not offered everywhere.
 * `livemode` is the key's, for a v1 account does not say.
 */
export const createAccounts = (stripe: Stripe, calls: StripeCalls, livemode: boolean): AccountsPort => ({
  async current() {
    const account = await calls.read('account', () => stripe.accounts.retrieveCurrent());
    const { country, default_currency: settlementCurrency } = account;
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
      livemode,
      settlementCurrency: settlementCurrency.toUpperCase(),
      chargeableCurrencies: spec.supported_payment_currencies.map((code) => code.toUpperCase()),
      chargesEnabled: account.charges_enabled,
    };
  },
});
