import type Whop from '@whop/sdk';
import { Decimal } from 'decimal.js';
import { currency, isCurrencyCode } from '../../money/currency.ts';
import { Money } from '../../money/money.ts';
import { ProviderError } from '../errors.ts';

/**
 * What clients are charged in at Whop: currencies of its API whose amounts have two decimals or none. Its API names the
 * three-decimal ones too, but nobody has verified that it charges them to the third decimal, so that an account which should charge
 * them charges USD and says so (docs.whop.com/api-reference/plans/create-plan, `currency`).
 */
const chargeable = [
  'usd',
  'eur',
  'gbp',
  'aed',
  'sar',
  'qar',
  'inr',
  'pkr',
  'egp',
  'cad',
  'aud',
  'nzd',
  'sgd',
  'hkd',
  'myr',
  'thb',
  'php',
  'idr',
  'chf',
  'sek',
  'nok',
  'dkk',
  'pln',
  'czk',
  'huf',
  'ron',
  'try',
  'zar',
  'kes',
  'ngn',
  'brl',
  'mxn',
  'cop',
  'ils',
  'jpy',
  'krw',
] as const satisfies readonly Whop.Currency[];

/** Upper-case codes. */
export const chargeableCurrencies: readonly string[] = chargeable.map((code) => code.toUpperCase());

/** Whop names no least amount. This is what cards usually take at least; where Whop wants more, it refuses the checkout. */
const minimumCharges: Readonly<Record<string, string>> = { USD: '0.50', EUR: '0.50', GBP: '0.50' };

/** The least that is charged, in major units of the currency (upper-case code). */
export const minimumCharge = (code: string): Money =>
  Money.of(minimumCharges[code] ?? currency(code).chargeableStep, code);

/** The most that is charged at once, in major units: ours, for Whop names none. */
export const maximumCharge = (code: string): Money => Money.of('999999', code);

const refused = (code: string, message: string): ProviderError => new ProviderError({ kind: 'invalid', code, message });

/**
 * Decimal major units as a JSON number, as Whop wants them (`10.43` is 10.43 USD). The digits of the decimal are read into a
 * number and written out again by JSON: up to fifteen digits come out as they went in. Throws `ProviderError` (`invalid`) for what
 * cannot be charged; nothing is rounded here.
 */
export function toWhopAmount(amount: Money): number {
  const { code, chargeableStep } = amount.currency;
  if (amount.isNegative) throw refused('amount_negative', `${amount} is negative`);
  if (!chargeableCurrencies.includes(code)) {
    throw refused('currency_not_chargeable', `Whop: nothing is charged in ${code} here`);
  }
  if (!amount.isChargeable) {
    throw refused(
      'amount_not_chargeable',
      `${amount} is not a multiple of ${chargeableStep.toFixed()}, the step that can be charged`,
    );
  }
  if (amount.compare(maximumCharge(code)) > 0)
    throw refused('amount_too_large', `${amount} is more than is charged at once`);
  return Number(amount.toDecimalString());
}

/** From Whop's number and lower-case code. Throws `ProviderError` (`invalid`, `unknown_currency`) for a currency that the service does not know. */
export function fromWhopAmount(amount: number, whopCurrency: string): Money {
  const code = whopCurrency.toUpperCase();
  if (!isCurrencyCode(code))
    throw refused('unknown_currency', `Whop: an amount in ${code}, which this service does not know`);
  // Past the minor unit there is only what binary arithmetic left behind.
  return Money.of(new Decimal(amount).toDecimalPlaces(currency(code).decimals), code);
}
