/** Calls per account and second, as the provider limits them. Real seconds: a moved clock does not reset a limit. */
export class Throttle {
  readonly #perSecond: number | undefined;
  #second = 0;
  #counts = new Map<string, number>();

  constructor(perSecond: number | undefined) {
    this.#perSecond = perSecond;
  }

  admits(accountId: string): boolean {
    if (this.#perSecond === undefined) return true;
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#counts = new Map();
    }
    const count = (this.#counts.get(accountId) ?? 0) + 1;
    this.#counts.set(accountId, count);
    return count <= this.#perSecond;
  }
}
