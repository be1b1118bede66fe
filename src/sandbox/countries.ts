import { Decimal } from 'decimal.js';
import type Stripe from 'stripe';
import { currency, isCurrencyCode } from '../money/currency.ts';
import { invalidRequest } from './failure.ts';

/**
 * What one US dollar is worth in the sandbox. Fixed, and deliberately not the service's own rate: settlement never
 * matches a merchant's fixed rate at the real provider either.
 */
const unitsPerUsd: Readonly<Record<string, string>> = {
  usd: '1',
  aed: '3.6725',
  omr: '0.3845',
  kwd: '0.307',
  bhd: '0.376',
  jod: '0.709',
  tnd: '3.1',
  sar: '3.75',
  qar: '3.64',
  egp: '48.5',
  eur: '0.92',
  gbp: '0.79',
  chf: '0.88',
  inr: '84',
  pkr: '278',
  sgd: '1.34',
  cad: '1.37',
  aud: '1.52',
  nzd: '1.66',
  jpy: '151',
  hkd: '7.8',
  myr: '4.4',
  zar: '18.2',
  try: '34',
  sek: '10.6',
  nok: '10.9',
  dkk: '6.9',
  pln: '4',
};

const threeDecimal = new Set(['bhd', 'jod', 'kwd', 'omr', 'tnd']);
const everyCurrency = Object.keys(unitsPerUsd);
const withoutThreeDecimal = everyCurrency.filter((code) => !threeDecimal.has(code));

interface Country {
  readonly settlement: string;
  readonly charges: readonly string[];
}

/** Only UAE accounts are offered the three-decimal currencies (docs.stripe.com/currencies, presentment by country). */
const countries: Readonly<Record<string, Country>> = {
  AE: { settlement: 'aed', charges: everyCurrency },
  US: { settlement: 'usd', charges: withoutThreeDecimal },
  GB: { settlement: 'gbp', charges: withoutThreeDecimal },
  DE: { settlement: 'eur', charges: withoutThreeDecimal },
  SG: { settlement: 'sgd', charges: withoutThreeDecimal },
  IN: { settlement: 'inr', charges: withoutThreeDecimal },
};

export const countryCodes: readonly string[] = Object.keys(countries);

/** Throws 400 for a country that the sandbox has no accounts in. */
export function countryOf(code: string): Country {
  const country = Object.hasOwn(countries, code) ? countries[code] : undefined;
  if (!country)
    throw invalidRequest(`Country '${code}' is unknown.`, { code: 'country_unsupported', param: 'country' });
  return country;
}

export function countrySpec(code: string): Stripe.CountrySpec {
  const country = countryOf(code);
  return {
    id: code,
    object: 'country_spec',
    default_currency: country.settlement,
    supported_bank_account_currencies: { [country.settlement]: [code] },
    supported_payment_currencies: [...country.charges],
    supported_payment_methods: ['card', 'stripe'],
    supported_transfer_countries: [...countryCodes],
    verification_fields: { company: { additional: [], minimum: [] }, individual: { additional: [], minimum: [] } },
  };
}

const minimumUsd = new Decimal('0.50');

/** Eight digits at most (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). */
const minorUnitsMax = 99_999_999;

const perUsd = (code: string): Decimal => new Decimal(unitsPerUsd[code] ?? '1');

const minorPerMajor = (code: string): Decimal => new Decimal(10).pow(currency(code.toUpperCase()).decimals);

/** Throws 400 for a currency that an account of this country cannot present. */
export function requireChargeable(country: string | undefined, code: string, param: string): void {
  const allowed = countryOf(country ?? 'US').charges;
  if (!isCurrencyCode(code.toUpperCase()) || !allowed.includes(code)) {
    throw invalidRequest(
      `Invalid currency: ${code}. Stripe currently supports these currencies: ${allowed.join(', ')}`,
      { param },
    );
  }
}

/** The least that can be charged is the worth of 0.50 USD. */
export const isBelowMinimum = (amountMinor: number, code: string): boolean =>
  minimumUsd.times(perUsd(code)).times(minorPerMajor(code)).greaterThan(amountMinor);

/**
 * Refuses an amount in minor units that cannot be charged: below the equivalent of 0.50 USD, above eight digits, or, in a
 * three-decimal currency, one whose last digit is not 0 (docs.stripe.com/currencies#three-decimal).
 */
export function requireChargeableAmount(amountMinor: number, code: string, param: string): void {
  if (isBelowMinimum(amountMinor, code)) {
    throw invalidRequest(`The amount must convert to at least 50 cents.`, { code: 'amount_too_small', param });
  }
  if (amountMinor > minorUnitsMax) {
    throw invalidRequest(`Amount must be no more than ${minorUnitsMax}.`, { code: 'amount_too_large', param });
  }
  requireChargeableStep(amountMinor, code, param);
}

/** Minor units between two amounts that can be charged. */
export const chargeableStepMinor = (code: string): number => (threeDecimal.has(code) ? 10 : 1);

/** Throws 400 for an amount of a three-decimal currency whose last digit is not 0. */
export function requireChargeableStep(amountMinor: number, code: string, param: string): void {
  if (amountMinor % chargeableStepMinor(code) !== 0) {
    throw invalidRequest(
      `Invalid amount: for ${code}, the last digit must be 0. Round ${amountMinor} to the nearest ten.`,
      { code: 'parameter_invalid_integer', param },
    );
  }
}

export interface Settlement {
  readonly currency: string;
  readonly amountMinor: number;
  /** Settlement units per charge unit; null where both are one currency, as Stripe has it. */
  readonly exchangeRate: number | null;
}

/** What a charge becomes on the account's balance, at the sandbox's rate. */
export function settle(amountMinor: number, code: string, country: string | undefined): Settlement {
  const to = countryOf(country ?? 'US').settlement;
  if (to === code) return { currency: to, amountMinor, exchangeRate: null };
  const rate = perUsd(to).div(perUsd(code)).toDecimalPlaces(6);
  const major = new Decimal(amountMinor).div(minorPerMajor(code)).times(rate);
  return {
    currency: to,
    amountMinor: major.times(minorPerMajor(to)).toDecimalPlaces(0, Decimal.ROUND_HALF_UP).toNumber(),
    exchangeRate: rate.toNumber(),
  };
}

/** The sandbox's processing fee in settlement minor units: 2.9 % and the worth of 0.30 USD. */
export function processingFee(settled: Settlement): number {
  const fixed = new Decimal('0.30').times(perUsd(settled.currency)).times(minorPerMajor(settled.currency));
  return new Decimal(settled.amountMinor)
    .times('0.029')
    .plus(fixed)
    .toDecimalPlaces(0, Decimal.ROUND_HALF_UP)
    .toNumber();
}
