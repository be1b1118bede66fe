import { ExchangeRate } from '../money/exchange-rate.ts';
import type { AccountRequirements, ProviderAccount, ProviderName } from '../providers/port.ts';

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
  /** Currency -> the rate that it had when the account left it. */
  readonly earlierRates: Readonly<Record<string, string>>;
  /** What clients are charged in: `chargeCurrency`, or USD where the account cannot charge that. */
  readonly effectiveCurrency: string;
  /** Why the two differ, as a sentence for people; null where they do not. */
  readonly effectiveReason: string | null;
  readonly settlementCurrency: string;
  /**
   * `onboarding`: its owner has not finished the provider's form. `restricted`: the provider holds charges back, for what
   * `requirements` says. `disconnected`: it no longer answers to us, or its operator ended it.
   */
  readonly status: 'onboarding' | 'restricted' | 'active' | 'disconnected';
  readonly chargesEnabled: boolean;
  readonly payoutsEnabled: boolean;
  readonly detailsSubmitted: boolean;
  readonly requirements: AccountRequirements;
  /** What it can charge, as last read. */
  readonly chargeableCurrencies: readonly string[];
  /** When it could charge for the first time. */
  readonly connectedAt: Date | null;
  readonly disconnectedAt: Date | null;
  readonly disconnectedBy: 'provider' | 'operator' | null;
  readonly createdAt: Date;
  /** When something of it was last stored. */
  readonly changedAt: Date;
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
export function effectiveCurrencyOf(
  chargeCurrency: string,
  account: Pick<ProviderAccount, 'id' | 'country' | 'chargeableCurrencies'>,
): EffectiveCurrency | null {
  if (account.chargeableCurrencies.includes(chargeCurrency)) return { currency: chargeCurrency, reason: null };
  if (!account.chargeableCurrencies.includes(balanceCurrency)) return null;
  return {
    currency: balanceCurrency,
    reason: `Account ${account.id} (${account.country}) cannot charge ${chargeCurrency}, so clients are charged in ${balanceCurrency}.`,
  };
}
