/** An amount of the API: a decimal string, never a number. */
export interface Amount {
  readonly amount: string;
  readonly currency: string;
}

const decimalsOf = (currency: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;

const minus = '\u2212';
const space = '\u00a0';

/** Digits in groups, with as many decimals as there are and at least so many. Of text, for a number would round. */
function grouped(decimal: string, decimalsMin: number): string {
  const [whole = '0', fraction = ''] = decimal.replace('-', '').split('.');
  const kept = fraction.replace(/0+$/, '').padEnd(decimalsMin, '0');
  return `${whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')}${kept === '' ? '' : `.${kept}`}`;
}

/** `$1,234.50`; `1.930 OMR`: US dollars lead, the others stand behind their amount with the decimals that they have. */
export function money({ amount, currency }: Amount): string {
  const sign = amount.startsWith('-') ? minus : '';
  const digits = grouped(amount, decimalsOf(currency));
  return currency === 'USD' ? `${sign}$${digits}` : `${sign}${digits}${space}${currency}`;
}

/** A quantity, as exact as it is. */
export const quantity = (decimal: string): string => `${decimal.startsWith('-') ? minus : ''}${grouped(decimal, 0)}`;

/** What is only foreseen is not written to the last decimal: whole units, and cents. */
export const whole = (decimal: string): string => decimal.split('.')[0] ?? decimal;
export const roughly = ({ amount, currency }: Amount): Amount => ({
  amount: amount.replace(/(\.\d\d)\d+$/, '$1'),
  currency,
});

const dateTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const dateOnly = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });

/** In the zone of whoever looks. */
export const time = (iso: string): string => dateTime.format(new Date(iso));
export const date = (iso: string): string => dateOnly.format(new Date(iso));

/** `call_minutes` -> `Call minutes`: for names that have no other wording. */
export const words = (name: string): string => {
  const text = name.replaceAll(/[._]/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
};

const monthOnly = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });

/** `2026-11` -> `November 2026`. */
export const monthName = (month: string): string => monthOnly.format(new Date(`${month}-01T00:00:00Z`));

/** So many months up to that of a moment, which comes first, as in 2026-11. In UTC, as statements are. */
export function monthsUntil(iso: string, count: number): string[] {
  const last = new Date(iso);
  return Array.from({ length: count }, (_, back) =>
    new Date(Date.UTC(last.getUTCFullYear(), last.getUTCMonth() - back)).toISOString().slice(0, 7),
  );
}

const isDigitsOfZero = /^-?0*\.?0*$/;
export const isZero = ({ amount }: Amount): boolean => isDigitsOfZero.test(amount);
