import { Decimal } from 'decimal.js';
import type { PlanDocument } from '../catalog/plan-document.ts';
import { Money } from '../money/money.ts';

/** A price and the tax in it: `gross` is what is asked for, and `net` plus `tax`. */
export interface Taxed {
  readonly gross: Money;
  readonly net: Money;
  readonly tax: Money;
}

const minorUnit = ({ currency: { decimals } }: Money): Decimal => new Decimal(10).pow(-decimals);

/** The tax that a price contains, rounded half-up to the currency's minor unit, as providers round it. */
export function taxWithin(gross: Money, percent: string): Taxed {
  const exact = Money.of(gross.amount.div(new Decimal(percent).div(100).plus(1)), gross.currency.code);
  const net = exact.roundedTo(minorUnit(gross));
  return { gross, net, tax: gross.minus(net) };
}

/** The tax on top of a price, rounded half-up to what can be charged. */
export function taxOnTop(net: Money, percent: string): Taxed {
  const tax = net.times(new Decimal(percent).div(100)).roundedToChargeable();
  return { gross: net.plus(tax), net, tax };
}

/** A price as its plan's tax says it: `inclusive` where the tax is contained in it already. */
export function taxed(price: Money, tax: PlanDocument['tax'], inclusive: boolean): Taxed {
  if (tax === null) return taxWithin(price, '0');
  return inclusive ? taxWithin(price, tax.percent) : taxOnTop(price, tax.percent);
}
