import type { CatalogPort, CatalogPrice, CatalogProduct, WriteOptions } from '../../../src/providers/port.ts';

/** The process died: nothing after this line of code ran. */
export class Crash extends Error {}

/** Called around every call; may throw to stand for a crash or a refusal. */
export interface Interference {
  before?(call: string): void;
  after?(call: string): void;
}

/** One provider account in memory: lookup keys move, prices are immutable, and a repeated idempotency key repeats its answer. */
export class FakeCatalogPort implements CatalogPort {
  readonly products = new Map<string, CatalogProduct>();
  readonly prices = new Map<string, CatalogPrice>();
  readonly calls: string[] = [];
  readonly #answers = new Map<string, CatalogProduct | CatalogPrice>();
  interference: Interference = {};

  /** An empty account again. */
  clear(): void {
    this.products.clear();
    this.prices.clear();
    this.#answers.clear();
    this.calls.length = 0;
    this.interference = {};
  }

  get livePrices(): readonly CatalogPrice[] {
    return [...this.prices.values()].filter(({ active }) => active);
  }

  async retrieveProduct(_account: unknown, productId: string): Promise<CatalogProduct | null> {
    return this.#call('retrieveProduct', () => this.products.get(productId) ?? null);
  }

  async createProduct(_account: unknown, product: CatalogProduct, options: WriteOptions): Promise<CatalogProduct> {
    return this.#write('createProduct', options, this.products, () => this.products.get(product.id) ?? product);
  }

  async updateProduct(
    _account: unknown,
    productId: string,
    change: Partial<CatalogProduct>,
    options: WriteOptions,
  ): Promise<CatalogProduct> {
    return this.#write('updateProduct', options, this.products, () => {
      const product = this.products.get(productId);
      if (!product) throw new Error(`no product ${productId}`);
      return { ...product, ...change };
    });
  }

  async pricesByLookupKey(_account: unknown, lookupKeys: readonly string[]): Promise<readonly CatalogPrice[]> {
    return this.#call('pricesByLookupKey', () =>
      [...this.prices.values()].filter(({ lookupKey }) => lookupKey !== null && lookupKeys.includes(lookupKey)),
    );
  }

  async pricesOfProduct(_account: unknown, productId: string): Promise<readonly CatalogPrice[]> {
    return this.#call('pricesOfProduct', () =>
      [...this.prices.values()].filter((price) => price.productId === productId),
    );
  }

  async createPrice(
    _account: unknown,
    price: Omit<CatalogPrice, 'id' | 'active'>,
    options: WriteOptions,
  ): Promise<CatalogPrice> {
    return this.#write('createPrice', options, this.prices, () => {
      for (const other of this.prices.values()) {
        if (other.lookupKey === price.lookupKey) this.prices.set(other.id, { ...other, lookupKey: null });
      }
      return { ...price, id: `price_${this.prices.size + 1}`, active: true };
    });
  }

  async archivePrice(_account: unknown, priceId: string, options: WriteOptions): Promise<CatalogPrice> {
    return this.#write('archivePrice', options, this.prices, () => {
      const price = this.prices.get(priceId);
      if (!price) throw new Error(`no price ${priceId}`);
      return { ...price, active: false };
    });
  }

  #call<T>(name: string, run: () => T): T {
    this.interference.before?.(name);
    this.calls.push(name);
    const answer = run();
    this.interference.after?.(name);
    return answer;
  }

  #write<T extends CatalogProduct | CatalogPrice>(
    name: string,
    { idempotencyKey }: WriteOptions,
    objects: Map<string, T>,
    make: () => T,
  ): T {
    return this.#call(name, () => {
      const repeated = this.#answers.get(idempotencyKey);
      const made = (repeated && objects.get(repeated.id)) ?? make();
      if (!repeated) {
        objects.set(made.id, made);
        this.#answers.set(idempotencyKey, made);
      }
      return made;
    });
  }
}
