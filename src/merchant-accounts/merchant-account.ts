import { ExchangeRate } from '../money/exchange-rate.ts';
import type { ProviderAccount, ProviderName } from '../providers/port.ts';

/** The currency that balances are kept in. */
export const balanceCurrency = 'USD';

/** An account at a provider that an agency's clients pay into. */
export interface MerchantAccount {
  readonly id: string;
  readonly agencyId: string;
  readonly provider: ProviderName;
  readonly providerAccountId: string;
  /** True for the account that the configured key belongs to. */
  readonly platform: boolean;
  readonly livemode: boolean;
  readonly country: string;
  /** What clients should be charged in, and its fixed rate per USD. */
  readonly chargeCurrency: string;
  readonly usdRate: ExchangeRate;
  /** What clients are charged in: `chargeCurrency`, or USD where the account cannot charge that. */
  readonly effectiveCurrency: string;
  /** Why the two differ, as a sentence for people; null where they do not. */
  readonly effectiveReason: string | null;
  readonly settlementCurrency: string;
  readonly status: 'onboarding' | 'restricted' | 'active' | 'disconnected';
}

/** The rate that quotes and prices of this account use: 1 where clients are charged in the currency of balances. */
export const effectiveRateOf = (
  account: Pick<MerchantAccount, 'effectiveCurrency' | 'chargeCurrency' | 'usdRate'>,
): ExchangeRate =>
  account.effectiveCurrency === account.chargeCurrency
    ? account.usdRate
    : ExchangeRate.of(balanceCurrency, account.effectiveCurrency, '1');

export interface EffectiveCurrency {
  readonly currency: string;
  readonly reason: string | null;
}

/**
 * RULES 29: the charge currency, or USD where the account cannot charge it. Three-decimal currencies are offered to few
 * countries' accounts (Stripe: country spec), so this is asked of the provider and never assumed. Null when neither is possible.
 */
export function effectiveCurrencyOf(chargeCurrency: string, account: ProviderAccount): EffectiveCurrency | null {
  if (account.chargeableCurrencies.includes(chargeCurrency)) return { currency: chargeCurrency, reason: null };
  if (!account.chargeableCurrencies.includes(balanceCurrency)) return null;
  return {
    currency: balanceCurrency,
    reason: `Account ${account.id} (${account.country}) cannot charge ${chargeCurrency}, so clients are charged in ${balanceCurrency}.`,
  };
}
