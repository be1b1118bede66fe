import type {
  AccountRef,
  CatalogMeter,
  CatalogPort,
  CatalogPrice,
  CatalogPriceSpec,
  CatalogProduct,
  CatalogTaxRate,
  MeterSpec,
  MetersPort,
  TaxRateSpec,
  TaxRatesPort,
  WriteOptions,
} from '../../../src/providers/port.ts';

/** The process died: nothing after this line of code ran. */
export class Crash extends Error {}

/** Called around every call; may throw to stand for a crash or a refusal, or wait to stand for a slow account. */
export interface Interference {
  before?(call: string, account: AccountRef): void | Promise<void>;
  after?(call: string, account: AccountRef): void | Promise<void>;
}

type Remote = { readonly id: string };

/** One provider account in memory: lookup keys move, prices are immutable, and a repeated idempotency key repeats its answer. */
export class FakeCatalogPort implements CatalogPort {
  readonly products = new Map<string, CatalogProduct>();
  readonly prices = new Map<string, CatalogPrice>();
  readonly taxes = new Map<string, CatalogTaxRate>();
  readonly counters = new Map<string, CatalogMeter>();
  readonly calls: string[] = [];
  readonly #answers = new Map<string, Remote>();
  /** An id is never given twice, even after its price is gone. */
  #pricesMade = 0;
  interference: Interference = {};

  /** An empty account again. */
  clear(): void {
    for (const objects of [this.products, this.prices, this.taxes, this.counters, this.#answers]) objects.clear();
    this.calls.length = 0;
    this.interference = {};
  }

  get livePrices(): readonly CatalogPrice[] {
    return [...this.prices.values()].filter(({ active }) => active);
  }

  listProducts(account: AccountRef): Promise<readonly CatalogProduct[]> {
    return this.#call('listProducts', account, () => [...this.products.values()]);
  }

  retrieveProduct(account: AccountRef, productId: string): Promise<CatalogProduct | null> {
    return this.#call('retrieveProduct', account, () => this.products.get(productId) ?? null);
  }

  createProduct(account: AccountRef, product: CatalogProduct, options: WriteOptions): Promise<CatalogProduct> {
    return this.#write(
      'createProduct',
      account,
      options,
      this.products,
      () => this.products.get(product.id) ?? product,
    );
  }

  updateProduct(
    account: AccountRef,
    productId: string,
    change: Partial<CatalogProduct>,
    options: WriteOptions,
  ): Promise<CatalogProduct> {
    return this.#write('updateProduct', account, options, this.products, () => ({
      ...there(this.products, productId),
      ...change,
    }));
  }

  pricesByLookupKey(account: AccountRef, lookupKeys: readonly string[]): Promise<readonly CatalogPrice[]> {
    return this.#call('pricesByLookupKey', account, () =>
      [...this.prices.values()].filter(({ lookupKey }) => lookupKey !== null && lookupKeys.includes(lookupKey)),
    );
  }

  pricesOfProduct(account: AccountRef, productId: string): Promise<readonly CatalogPrice[]> {
    return this.#call('pricesOfProduct', account, () =>
      [...this.prices.values()].filter((price) => price.productId === productId),
    );
  }

  listPrices(account: AccountRef): Promise<readonly CatalogPrice[]> {
    return this.#call('listPrices', account, () => [...this.prices.values()]);
  }

  createPrice(account: AccountRef, price: CatalogPriceSpec, options: WriteOptions): Promise<CatalogPrice> {
    return this.#write('createPrice', account, options, this.prices, () => {
      this.#freeLookupKey(price.lookupKey);
      this.#pricesMade += 1;
      const id = `price_${this.#pricesMade}`;
      const { productId, lookupKey, taxBehavior, metadata, usage, amount } = price;
      const cycle = price.usage === 'one_time' ? null : price.cycle;
      const meterId = price.usage === 'metered' ? price.meterId : null;
      return { id, productId, lookupKey, taxBehavior, metadata, usage, amount, cycle, meterId, active: true };
    });
  }

  updatePrice(
    account: AccountRef,
    priceId: string,
    change: Parameters<CatalogPort['updatePrice']>[2],
    options: WriteOptions,
  ): Promise<CatalogPrice> {
    return this.#write('updatePrice', account, options, this.prices, () => {
      if (change.lookupKey !== undefined) this.#freeLookupKey(change.lookupKey);
      const before = there(this.prices, priceId);
      return { ...before, ...change, metadata: { ...before.metadata, ...change.metadata } };
    });
  }

  archivePrice(account: AccountRef, priceId: string, options: WriteOptions): Promise<CatalogPrice> {
    return this.#write('archivePrice', account, options, this.prices, () => ({
      ...there(this.prices, priceId),
      active: false,
    }));
  }

  readonly taxRates: TaxRatesPort = {
    list: (account) => this.#call('listTaxRates', account, () => [...this.taxes.values()]),
    create: (account, taxRate: TaxRateSpec, options) =>
      this.#write('createTaxRate', account, options, this.taxes, () => ({
        ...taxRate,
        id: `txr_${this.taxes.size + 1}`,
        active: true,
      })),
    update: (account, taxRateId, change, options) =>
      this.#write('updateTaxRate', account, options, this.taxes, () => ({
        ...there(this.taxes, taxRateId),
        ...change,
      })),
  };

  readonly meters: MetersPort = {
    list: (account) => this.#call('listMeters', account, () => [...this.counters.values()]),
    create: (account, meter: MeterSpec, options) =>
      this.#write('createMeter', account, options, this.counters, () => {
        const existing = [...this.counters.values()].find(({ eventName }) => eventName === meter.eventName);
        const id = `mtr_${this.counters.size + 1}`;
        return existing ?? { ...meter, id, customerKey: 'stripe_customer_id', valueKey: 'value', active: true };
      }),
    rename: (account, meterId, displayName, options) =>
      this.#write('renameMeter', account, options, this.counters, () => ({
        ...there(this.counters, meterId),
        displayName,
      })),
    deactivate: (account, meterId, options) => this.#setMeter('deactivateMeter', account, meterId, false, options),
    reactivate: (account, meterId, options) => this.#setMeter('reactivateMeter', account, meterId, true, options),
  };

  #setMeter(
    name: string,
    account: AccountRef,
    meterId: string,
    active: boolean,
    options: WriteOptions,
  ): Promise<CatalogMeter> {
    return this.#write(name, account, options, this.counters, () => ({ ...there(this.counters, meterId), active }));
  }

  #freeLookupKey(lookupKey: string): void {
    for (const other of this.prices.values()) {
      if (other.lookupKey === lookupKey) this.prices.set(other.id, { ...other, lookupKey: null });
    }
  }

  async #call<T>(name: string, account: AccountRef, run: () => T): Promise<T> {
    await this.interference.before?.(name, account);
    this.calls.push(name);
    const answer = run();
    await this.interference.after?.(name, account);
    return answer;
  }

  #write<T extends Remote>(
    name: string,
    account: AccountRef,
    { idempotencyKey }: WriteOptions,
    objects: Map<string, T>,
    make: () => T,
  ): Promise<T> {
    return this.#call(name, account, () => {
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

function there<T>(objects: ReadonlyMap<string, T>, id: string): T {
  const found = objects.get(id);
  if (!found) throw new Error(`no such object: ${id}`);
  return found;
}
