import { Decimal } from 'decimal.js';
import { Money } from '../money/money.ts';
import { figuresOf, type RatingTerms } from './rating.ts';

export interface Forecast {
  /** In the feature's unit, at the end of the period. */
  readonly quantity: Decimal;
  readonly overage: Decimal;
  /** USD, tax in it. */
  readonly cost: Money;
}

interface Course {
  readonly terms: RatingTerms;
  readonly used: Decimal;
  readonly late: Decimal;
  /** What licences have given so far, and could still give. */
  readonly addOn: Decimal;
  readonly addOnLeft: Decimal;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly now: Date;
}

const storedDecimals = 6;

/**
 * What a period comes to if it goes on as it began. What adds up grows with time; a peak or a last state is taken to stay. A period that
 * is over is what it is.
 */
export function forecastOf({ terms, used, late, addOn, addOnLeft, periodStart, periodEnd, now }: Course): Forecast {
  const length = periodEnd.getTime() - periodStart.getTime();
  const elapsed = Math.min(Math.max(now.getTime() - periodStart.getTime(), 0), length);
  const grows = terms.aggregation === 'sum' && elapsed > 0;
  const quantity = grows ? used.times(length).div(elapsed).toDecimalPlaces(storedDecimals) : used;
  const beyond = Decimal.max(quantity.minus(terms.included), 0);
  const given = Decimal.max(Decimal.min(beyond, addOn.plus(addOnLeft)), addOn);
  const { overage, net, tax } = figuresOf(terms, { used: quantity, late, addOn: given });
  return { quantity, overage, cost: Money.of(net.plus(tax).amount, 'USD') };
}
