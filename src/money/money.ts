import { Decimal } from 'decimal.js';
import { type Currency, currency } from './currency.ts';

/** Exact arithmetic: 40 significant digits hold NUMERIC(20,6) times any rate without loss. */
const Exact = Decimal.clone({ precision: 40, rounding: Decimal.ROUND_HALF_UP, toExpNeg: -30, toExpPos: 40 });

/** Decimals that the database keeps of an amount: `NUMERIC(20,6)`. */
export const storedDecimals = 6;

/** Digits before the point that `NUMERIC(20,6)` holds. */
const storedIntegerDigits = 14;

/** Money on our API: a decimal string and a currency code. */
export interface MoneyJson {
  readonly amount: string;
  readonly currency: string;
}

/** An exact decimal amount of one currency. Immutable; arithmetic across currencies throws. */
export class Money {
  readonly amount: Decimal;
  readonly currency: Currency;

  private constructor(amount: Decimal, of: Currency) {
    this.amount = amount;
    this.currency = of;
  }

  /** From a decimal string or Decimal in major units. Throws `RangeError` for anything that is not a finite decimal. */
  static of(amount: string | Decimal, code: string): Money {
    if (typeof amount === 'string' && !/^-?\d+(\.\d+)?$/.test(amount)) {
      throw new RangeError(`not a decimal amount: ${amount}`);
    }
    const exact = new Exact(amount);
    if (!exact.isFinite()) throw new RangeError('an amount must be finite');
    return new Money(exact, currency(code));
  }

  static zero(code: string): Money {
    return Money.of('0', code);
  }

  /** From a provider's integer minor units (cents, baisa). */
  static ofMinorUnits(minorUnits: number, code: string): Money {
    if (!Number.isSafeInteger(minorUnits)) throw new RangeError(`not an integer of minor units: ${minorUnits}`);
    const of = currency(code);
    return new Money(new Exact(minorUnits).div(new Exact(10).pow(of.decimals)), of);
  }

  plus(other: Money): Money {
    this.#same(other);
    return new Money(this.amount.plus(other.amount), this.currency);
  }

  minus(other: Money): Money {
    this.#same(other);
    return new Money(this.amount.minus(other.amount), this.currency);
  }

  negated(): Money {
    return new Money(this.amount.negated(), this.currency);
  }

  times(factor: string | Decimal): Money {
    return new Money(this.amount.times(factor), this.currency);
  }

  compare(other: Money): -1 | 0 | 1 {
    this.#same(other);
    const order = this.amount.comparedTo(other.amount);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }

  equals(other: Money): boolean {
    return this.currency.code === other.currency.code && this.amount.equals(other.amount);
  }

  get isZero(): boolean {
    return this.amount.isZero();
  }

  get isNegative(): boolean {
    return this.amount.isNegative() && !this.amount.isZero();
  }

  get isPositive(): boolean {
    return this.amount.isPositive() && !this.amount.isZero();
  }

  /** Rounded half-up to a multiple of `step` major units (away from zero on a tie). */
  roundedTo(step: Decimal): Money {
    return new Money(this.amount.div(step).toDecimalPlaces(0, Decimal.ROUND_HALF_UP).times(step), this.currency);
  }

  /** Rounded half-up to what a card can be charged in this currency (OMR: 0.010). */
  roundedToChargeable(): Money {
    return this.roundedTo(this.currency.chargeableStep);
  }

  get isChargeable(): boolean {
    return this.amount.mod(this.currency.chargeableStep).isZero();
  }

  /** Decimals written, trailing zeros not counted: 5.10 has one. */
  get decimalPlaces(): number {
    return this.amount.decimalPlaces();
  }

  /** Whether `NUMERIC(20,6)` holds the amount without loss. */
  get isStorable(): boolean {
    return this.decimalPlaces <= storedDecimals && this.amount.abs().lessThan(new Exact(10).pow(storedIntegerDigits));
  }

  /** Integer minor units for a provider that counts in them. Throws `RangeError` if the amount has a fraction of one. */
  toMinorUnits(): number {
    const minor = this.amount.times(new Exact(10).pow(this.currency.decimals));
    if (!minor.isInteger()) throw new RangeError(`${this.toString()} is not a whole number of minor units`);
    const units = minor.toNumber();
    if (!Number.isSafeInteger(units)) throw new RangeError(`${this.toString()} is too large`);
    return units;
  }

  /** At least the currency's own decimals, more if the amount has more: `5.00`, `1.930`, `0.000385`. */
  toDecimalString(): string {
    return this.amount.toFixed(Math.max(this.currency.decimals, this.decimalPlaces));
  }

  toJSON(): MoneyJson {
    return { amount: this.toDecimalString(), currency: this.currency.code };
  }

  toString(): string {
    return `${this.toDecimalString()} ${this.currency.code}`;
  }

  #same(other: Money): void {
    if (this.currency.code !== other.currency.code) {
      throw new TypeError(`cannot mix ${this.currency.code} and ${other.currency.code}`);
    }
  }
}
