import { Decimal } from 'decimal.js';
import { Money } from './money.ts';

/** What a conversion did: `exact` is the unrounded amount, `rounding` = charged − exact, kept so that it can be posted. */
export interface Conversion {
  readonly source: Money;
  readonly exact: Money;
  readonly charged: Money;
  readonly rounding: Money;
  readonly rate: ExchangeRate;
}

/** Decimals that a rate may have (RULES, postings): two of a top-up and four of a rate fit the ledger's six. */
export const rateDecimalsMax = 4;

/** A fixed rate: one unit of `from` is `value` units of `to`. */
export class ExchangeRate {
  readonly from: string;
  readonly to: string;
  readonly value: Decimal;

  private constructor(from: string, to: string, value: Decimal) {
    this.from = from;
    this.to = to;
    this.value = value;
  }

  /** Throws `RangeError` for a rate that is not positive or has more than four decimals. */
  static of(from: string, to: string, value: string | Decimal): ExchangeRate {
    const exact = new Decimal(value);
    if (!exact.isFinite() || !exact.isPositive() || exact.isZero()) throw new RangeError('a rate must be above 0');
    if (exact.decimalPlaces() > rateDecimalsMax) throw new RangeError('a rate has at most four decimals');
    if (from === to && !exact.equals(1)) throw new RangeError('the rate of a currency to itself is 1');
    return new ExchangeRate(from, to, exact);
  }

  /** Converts, rounding once, half-up, to what a card can be charged in the target currency. */
  toChargeable(source: Money): Conversion {
    if (source.currency.code !== this.from) throw new TypeError(`this rate converts ${this.from}`);
    const exact = Money.of(source.amount.times(this.value), this.to);
    const charged = exact.roundedToChargeable();
    return { source, exact, charged, rounding: charged.minus(exact), rate: this };
  }

  toString(): string {
    return this.value.toFixed();
  }
}
