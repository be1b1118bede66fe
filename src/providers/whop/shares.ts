import type Whop from '@whop/sdk';
import { Decimal } from 'decimal.js';
import { Money } from '../../money/money.ts';
import { fromWhopAmount } from './amounts.ts';

/** A payment with the tax that Whop added, and without it. */
export interface Shares {
  readonly total: Money;
  readonly subtotal: Money;
}

/** What Whop says of the amounts of a payment. */
export type PaidAmounts = Pick<Whop.Payment, 'currency' | 'subtotal' | 'total' | 'tax_amount' | 'tax_behavior'>;

/**
 * What was paid is never more than the total, whatever the subtotal says: a promotion code of the merchant's takes its part of the total, and
 * what it took nobody paid. Throws `ProviderError` for a currency that the service does not know.
 */
export function sharesOf({ currency, subtotal, total, tax_amount, tax_behavior }: PaidAmounts): Shares {
  const tax = fromWhopAmount(tax_amount ?? 0, currency);
  if (subtotal === null) {
    const whole = fromWhopAmount(total ?? 0, currency);
    return { total: whole, subtotal: whole.minus(tax) };
  }
  const net = fromWhopAmount(subtotal, currency);
  if (total === null) return { total: net.plus(tax), subtotal: net };
  const whole = fromWhopAmount(total, currency);
  // A tax that is in the price is in the subtotal, too.
  const paid = tax_behavior === 'exclusive' ? whole.minus(tax) : whole;
  return { total: whole, subtotal: paid.compare(net) < 0 ? paid : net };
}

/** What `part` of `of` is of `whole`, to the step that can be charged. There and back again, from the smaller whole, is the same. */
export function partOf(part: Money, whole: Money, of: Money): Money {
  if (whole.compare(of) === 0 || of.isZero) return part;
  const step = part.currency.chargeableStep;
  const exact = part.amount.times(whole.amount).div(of.amount);
  return Money.of(exact.div(step).toDecimalPlaces(0, Decimal.ROUND_HALF_UP).times(step), part.currency.code);
}
