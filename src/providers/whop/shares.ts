import type Whop from '@whop/sdk';
import { Decimal } from 'decimal.js';
import { Money } from '../../money/money.ts';
import { fromWhopAmount } from './amounts.ts';

/** A payment with the tax that Whop added, and without it. */
export interface Shares {
  readonly total: Money;
  readonly subtotal: Money;
}

/** Throws `ProviderError` for a currency that the service does not know. */
export function sharesOf({
  currency,
  subtotal,
  total,
  tax_amount,
}: Pick<Whop.Payment, 'currency' | 'subtotal' | 'total' | 'tax_amount'>): Shares {
  const tax = fromWhopAmount(tax_amount ?? 0, currency);
  if (subtotal === null) {
    const whole = fromWhopAmount(total ?? 0, currency);
    return { total: whole, subtotal: whole.minus(tax) };
  }
  const net = fromWhopAmount(subtotal, currency);
  return { total: total === null ? net.plus(tax) : fromWhopAmount(total, currency), subtotal: net };
}

/** What `part` of `of` is of `whole`, to the step that can be charged. There and back again, from the smaller whole, is the same. */
export function partOf(part: Money, whole: Money, of: Money): Money {
  if (whole.compare(of) === 0 || of.isZero) return part;
  const step = part.currency.chargeableStep;
  const exact = part.amount.times(whole.amount).div(of.amount);
  return Money.of(exact.div(step).toDecimalPlaces(0, Decimal.ROUND_HALF_UP).times(step), part.currency.code);
}
