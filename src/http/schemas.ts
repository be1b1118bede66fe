import { z } from 'zod';
import { type IdKind, idPrefixes } from '../ids.ts';
import { currencyCodes } from '../money/currency.ts';
import { Money, storedDecimals } from '../money/money.ts';

/** The parts that request and answer schemas are made of. Inputs become values of ours; outputs are what JSON carries. */

const decimalPattern = /^-?\d{1,14}(\.\d+)?$/;

/** A decimal string with at most `decimalsMax` decimals, as every quantity and amount is written. Stays a string. */
export const decimalString = (decimalsMax: number = storedDecimals) =>
  z
    .string()
    .regex(decimalPattern, 'Write a decimal number as a string, such as "5.00".')
    .refine((text) => (text.split('.')[1]?.length ?? 0) <= decimalsMax, `At most ${decimalsMax} decimals.`)
    .meta({ example: '5.00' });

export const currencyCode = z
  .string()
  .refine(
    (code) => currencyCodes.includes(code),
    'Not a currency of this installation; use an upper-case ISO 4217 code.',
  )
  .meta({ example: 'USD' });

const moneyFields = z
  .strictObject({ amount: decimalString(), currency: currencyCode })
  .meta({ description: 'An exact amount: a decimal string in major units (at most six decimals) and its currency.' });

const positive = /^(?!0+(\.0+)?$)\d/;
const nonNegative = /^\d/;

function moneyInput(sign?: { readonly pattern: RegExp; readonly message: string }) {
  const checked = sign
    ? moneyFields.refine(({ amount }) => sign.pattern.test(amount), { path: ['amount'], message: sign.message })
    : moneyFields;
  return checked.transform(({ amount, currency }) => Money.of(amount, currency));
}

/** Money in a request, any sign. Becomes `Money`. */
export const anyMoney = moneyInput();
/** Money above 0. */
export const positiveMoney = moneyInput({ pattern: positive, message: 'The amount must be above 0.' });
/** Money of 0 or more. */
export const nonNegativeMoney = moneyInput({ pattern: nonNegative, message: 'The amount must not be negative.' });

/** Money in an answer: hand it `money.toJSON()`. */
export const moneyAnswer = z.object({ amount: z.string(), currency: z.string() }).meta({
  id: 'Money',
  description: 'An exact amount: a decimal string in major units, and its currency.',
  example: { amount: '5.00', currency: 'USD' },
});

/** An id in a path, query or body. A wrong prefix passes: it names nothing, and so is 404 like any other absent id. */
export const id = (kind: IdKind) =>
  z
    .string()
    .min(1)
    .max(100)
    .meta({ example: `${idPrefixes[kind]}_01h455vb4pex5vsknk084sn02q` });

/** ISO 8601 UTC in an answer: hand it `date.toISOString()`. */
export const isoTime = z.iso.datetime().meta({ example: '2026-11-21T08:30:00.000Z' });

/** A trimmed, non-empty line of text without control characters. */
export const line = (lengthMax: number) =>
  z
    .string()
    .trim()
    .min(1, 'Must not be empty.')
    .max(lengthMax, `At most ${lengthMax} characters.`)
    .regex(/^\P{Cc}*$/u, 'No control characters.');

export const email = z.email('Not an e-mail address.').max(254).meta({ example: 'billing@example.com' });

/** An absolute http(s) address. */
export const webUrl = z.url({ protocol: /^https?$/, error: 'Not an http or https address.' }).max(2_000);

/** ISO 3166-1 alpha-2, upper case. */
export const country = z
  .string()
  .regex(/^[A-Z]{2}$/, 'A two-letter country code in upper case, such as "OM".')
  .meta({ example: 'OM' });
