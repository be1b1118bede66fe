import { AppError, invalidField } from '../errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { balanceCurrency } from './merchant-account.ts';

/** What clients are charged in, and the fixed rate of it per USD, as a decimal string. */
export interface AccountTerms {
  readonly chargeCurrency: string;
  readonly usdRate: string;
}

export interface WantedTerms {
  readonly chargeCurrency?: string | undefined;
  readonly usdRate?: string | undefined;
}

/** The rate is the platform's to set (RULES 24): it is what every amount of balance is worth. Throws 403 `platform_only`. */
export function refuseRateOfAgency(scope: Scope, { usdRate }: WantedTerms): void {
  if (usdRate === undefined || scope.role === 'platform') return;
  const message = 'The rate is the platform’s to set: leave it out, or ask the platform.';
  throw new AppError(403, 'platform_only', message, [{ path: 'usdRate', message }]);
}

/**
 * The terms that are wanted, completed by those that are known: a currency keeps the rate it has, USD needs none. Throws 422
 * `currency_without_rate` where nobody has set one, and `usd_rate` for a rate of USD to itself that is not 1.
 */
export function completeTerms(wanted: WantedTerms, known: readonly AccountTerms[]): AccountTerms {
  const chargeCurrency = wanted.chargeCurrency ?? known[0]?.chargeCurrency ?? balanceCurrency;
  if (chargeCurrency === balanceCurrency) {
    if (wanted.usdRate !== undefined && !/^0*1(\.0*)?$/.test(wanted.usdRate)) {
      throw invalidField('usdRate', 'usd_rate', 'The rate of USD to itself is 1: leave it out.');
    }
    return { chargeCurrency, usdRate: '1' };
  }
  const usdRate = wanted.usdRate ?? known.find((terms) => terms.chargeCurrency === chargeCurrency)?.usdRate;
  if (usdRate === undefined) {
    throw invalidField(
      'chargeCurrency',
      'currency_without_rate',
      `There is no rate of ${chargeCurrency} per USD: the platform sets one with usdRate.`,
    );
  }
  return { chargeCurrency, usdRate };
}

/** The terms that an account has, then those it had: a currency that it comes back to has the rate that it left with. */
export const termsOfAccount = (account: {
  readonly chargeCurrency: string;
  readonly usdRate: { toString(): string };
  readonly earlierRates: Readonly<Record<string, string>>;
}): readonly AccountTerms[] => [
  { chargeCurrency: account.chargeCurrency, usdRate: account.usdRate.toString() },
  ...Object.entries(account.earlierRates).map(([chargeCurrency, usdRate]) => ({ chargeCurrency, usdRate })),
];
