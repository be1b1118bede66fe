import type { Money } from '../money/money.ts';
import type { Explanation } from './finding.ts';

/** What an account's lines in one settlement currency come to. */
export interface CurrencySums {
  readonly entries: number;
  readonly provider: Money;
  readonly books: Money;
  readonly explainedBy: ReadonlyMap<Explanation, Money>;
}

export const emptySums = (none: Money): CurrencySums => ({
  entries: 0,
  provider: none,
  books: none,
  explainedBy: new Map(),
});

/** Sums lines by currency: an account may settle in several. */
export class Sums {
  readonly #byCurrency = new Map<string, CurrencySums>();

  add(provider: Money, books: Money): void {
    this.#change(provider, (sums) => ({
      ...sums,
      entries: sums.entries + 1,
      provider: sums.provider.plus(provider),
      books: sums.books.plus(books),
    }));
  }

  explain(by: Explanation, amount: Money): void {
    this.#change(amount, (sums) => {
      const before = sums.explainedBy.get(by);
      return { ...sums, explainedBy: new Map([...sums.explainedBy, [by, before ? before.plus(amount) : amount]]) };
    });
  }

  all(): readonly CurrencySums[] {
    return [...this.#byCurrency.values()];
  }

  #change(amount: Money, change: (sums: CurrencySums) => CurrencySums): void {
    const { code } = amount.currency;
    this.#byCurrency.set(code, change(this.#byCurrency.get(code) ?? emptySums(amount.minus(amount))));
  }
}
