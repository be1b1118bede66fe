import { isDeepStrictEqual } from 'node:util';
import type { Money } from '../../money/money.ts';
import { NeverCame } from '../until.ts';
import type { World } from './world.ts';

/** One checked step of the demo. Throws `WrongOutcome` when what happened is not what should. */
export interface Step {
  /** Stable and dotted, e.g. `payment.declined`. */
  readonly name: string;
  /** What is shown, in plain words. */
  readonly title: string;
  /** Answers what was seen, for the line that reports it. */
  run(world: World): Promise<string>;
}

/** The service did something else than it should. */
export class WrongOutcome extends Error {
  readonly expected: unknown;
  readonly found: unknown;

  constructor(what: string, expected: unknown, found: unknown) {
    super(what);
    this.name = 'WrongOutcome';
    this.expected = expected;
    this.found = found;
  }
}

/** Throws `WrongOutcome` unless the two are equal all the way down. Money is compared as its JSON. */
export function check(what: string, found: unknown, expected: unknown): void {
  const [left, right] = [asJson(found), asJson(expected)];
  if (!isDeepStrictEqual(left, right)) throw new WrongOutcome(what, right, left);
}

const asJson = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

/** Why a step failed, in lines for a person. */
export function failureLines(error: unknown): string[] {
  if (error instanceof WrongOutcome) {
    return [error.message, `expected: ${JSON.stringify(error.expected)}`, `found:    ${JSON.stringify(error.found)}`];
  }
  if (error instanceof NeverCame) return [`expected: ${error.wanted}`, `found:    ${JSON.stringify(error.last)}`];
  return [error instanceof Error ? error.message : String(error)];
}

const symbols: ReadonlyMap<string, string> = new Map([['USD', '$']]);

/** `$5.00`, `1.930 OMR`. */
export function written(money: Money): string {
  const symbol = symbols.get(money.currency.code);
  if (symbol === undefined) return money.toString();
  return money.isNegative ? `-${symbol}${money.negated().toDecimalString()}` : `${symbol}${money.toDecimalString()}`;
}
