import { Decimal } from 'decimal.js';
import Stripe from 'stripe';
import { currency, isCurrencyCode } from '../../money/currency.ts';
import { Money } from '../../money/money.ts';
import { ProviderError } from '../errors.ts';

/**
 * The least that Stripe charges: 0.50 USD "or equivalent" (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
 * The Gulf and Levant rows are the equivalent at their pegs, rounded up to a chargeable step: 0.50 USD is 0.1925 OMR, and the 2.00 AED of an account that settles in dirhams are 0.2097. The step
 * above leaves a margin, for Stripe compares at its own rate of the day. A currency without a row is left to
 * Stripe, which answers `amount_too_small`.
 */
const minimumCharges: Readonly<Record<string, string>> = {
  OMR: '0.210',
  BHD: '0.200',
  KWD: '0.170',
  JOD: '0.370',
  TND: '1.700',
  AED: '2.00',
  SAR: '2.00',
  QAR: '2.00',
  USD: '0.50',
  EUR: '0.50',
  GBP: '0.30',
  AUD: '0.50',
  CAD: '0.50',
  NZD: '0.50',
  SGD: '0.50',
  CHF: '0.50',
  BRL: '0.50',
  INR: '0.50',
  HKD: '4.00',
  MYR: '2.00',
  THB: '10.00',
  DKK: '2.50',
  NOK: '3.00',
  SEK: '3.00',
  PLN: '2.00',
  RON: '2.00',
  CZK: '15.00',
  HUF: '175.00',
  MXN: '10.00',
  JPY: '50',
};

/** Stripe takes at most eight digits of minor units (same page). */
const minorUnitsMax = 99_999_999;

/** The least that can be charged, in major units of the currency (upper-case code). */
export const minimumCharge = (code: string): Money =>
  Money.of(minimumCharges[code] ?? currency(code).chargeableStep, code);

/** The most that can be charged: eight digits of minor units, down to a chargeable step (OMR: 99999.990). */
export function maximumCharge(code: string): Money {
  const most = Money.ofMinorUnits(minorUnitsMax, code);
  return most.minus(Money.of(most.amount.mod(most.currency.chargeableStep), code));
}

const refused = (code: string, message: string): ProviderError => new ProviderError({ kind: 'invalid', code, message });

/**
 * Integer minor units as Stripe wants them. What cannot be charged is refused, never rounded: rounding is the caller's, once, where
 * its residue is posted. Throws `ProviderError` (`invalid`) for a negative amount, one between two chargeable steps
 * (three-decimal currencies: the last digit must be 0, docs.stripe.com/currencies#three-decimal), or one above the maximum.
 */
export function toMinorUnits(amount: Money): number {
  if (amount.isNegative) throw refused('amount_negative', `${amount} is negative`);
  if (!amount.isChargeable) {
    const step = amount.currency.chargeableStep;
    throw refused(
      'amount_not_chargeable',
      `${amount} is not a multiple of ${step.toFixed()}, the step that can be charged`,
    );
  }
  if (amount.compare(maximumCharge(amount.currency.code)) > 0) {
    throw refused('amount_too_large', `${amount} is more than Stripe charges at once`);
  }
  return amount.toMinorUnits();
}

/** Throws `ProviderError` (`invalid`) for an object in a currency that is not in our table. */
export function requireKnownCurrency({ id, currency }: { readonly id: string; readonly currency: string }): void {
  if (isCurrencyCode(currency.toUpperCase())) return;
  throw refused('unknown_currency', `Stripe: ${id} is in ${currency}, which this service does not know`);
}

/** From Stripe's minor units and lower-case currency code. Throws `RangeError` for a currency that is not in our table. */
export const fromMinorUnits = (minorUnits: number, stripeCurrency: string): Money =>
  Money.ofMinorUnits(minorUnits, stripeCurrency.toUpperCase());

/** Decimals of a minor unit that a price may have (docs.stripe.com/api/prices/create, `unit_amount_decimal`). */
const unitDecimalsMax = 12;

const minorUnitsPerMajor = (code: string): Decimal => new Decimal(10).pow(currency(code).decimals);

/**
 * The price of one metered unit in minor units, exact. It need not be chargeable by itself: what is charged is the total. Throws
 * `ProviderError` (`invalid`) for a negative amount, one with more than twelve decimals of a minor unit, or one above
 * the maximum.
 */
export function toMinorUnitsDecimal(amount: Money): Stripe.Decimal {
  if (amount.isNegative) throw refused('amount_negative', `${amount} is negative`);
  if (amount.compare(maximumCharge(amount.currency.code)) > 0) {
    throw refused('amount_too_large', `${amount} is more than Stripe charges at once`);
  }
  const units = amount.amount.times(minorUnitsPerMajor(amount.currency.code));
  if (units.decimalPlaces() > unitDecimalsMax) {
    throw refused('amount_too_fine', `${amount} has more than ${unitDecimalsMax} decimals of a minor unit`);
  }
  return Stripe.Decimal.from(units.toFixed());
}

/** From Stripe's exact minor units. Throws `RangeError` for a currency that is not in our table. */
export function fromMinorUnitsDecimal(units: Stripe.Decimal, stripeCurrency: string): Money {
  const code = stripeCurrency.toUpperCase();
  return Money.of(Money.of(units.toString(), code).amount.div(minorUnitsPerMajor(code)), code);
}
