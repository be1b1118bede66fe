import { Decimal } from 'decimal.js';

/**
 * What a currency allows. `decimals`: digits of its minor unit (ISO 4217). `chargeableStep`: the smallest amount, in
 * major units, that a card can be charged in; for the three-decimal currencies the last digit must be 0
 * (Stripe, docs.stripe.com/currencies#three-decimal).
 */
export interface Currency {
  readonly code: string;
  readonly decimals: number;
  readonly chargeableStep: Decimal;
}

const threeDecimal = ['BHD', 'JOD', 'KWD', 'OMR', 'TND'] as const;
const zeroDecimal = [
  'JPY',
  'KRW',
  'VND',
  'CLP',
  'PYG',
  'XAF',
  'XOF',
  'XPF',
  'RWF',
  'BIF',
  'DJF',
  'GNF',
  'KMF',
  'MGA',
] as const;
const twoDecimal = [
  'USD',
  'EUR',
  'GBP',
  'AED',
  'SAR',
  'QAR',
  'INR',
  'PKR',
  'EGP',
  'CAD',
  'AUD',
  'NZD',
  'SGD',
  'HKD',
  'MYR',
  'THB',
  'PHP',
  'IDR',
  'CHF',
  'SEK',
  'NOK',
  'DKK',
  'PLN',
  'CZK',
  'HUF',
  'RON',
  'TRY',
  'ZAR',
  'KES',
  'NGN',
  'BRL',
  'MXN',
  'COP',
  'ILS',
] as const;

const table = new Map<string, Currency>();
for (const code of threeDecimal) table.set(code, { code, decimals: 3, chargeableStep: new Decimal('0.010') });
for (const code of twoDecimal) table.set(code, { code, decimals: 2, chargeableStep: new Decimal('0.01') });
for (const code of zeroDecimal) table.set(code, { code, decimals: 0, chargeableStep: new Decimal('1') });

/** Every currency code the service knows, in no particular order. */
export const currencyCodes: readonly string[] = [...table.keys()];

export const isCurrencyCode = (code: string): boolean => table.has(code);

/** The currency of an upper-case ISO 4217 code. Throws `RangeError` for a code that is not in the table. */
export function currency(code: string): Currency {
  const found = table.get(code);
  if (!found) throw new RangeError(`unknown currency ${code}`);
  return found;
}
