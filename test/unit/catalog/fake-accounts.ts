import type { AccountRef, CatalogPort, MetersPort, TaxRatesPort } from '../../../src/providers/port.ts';
import { FakeCatalogPort } from './fake-catalog-port.ts';

/** Many provider accounts in memory, each with a catalogue of its own. */
export class FakeAccounts implements CatalogPort {
  readonly #ports = new Map<string, FakeCatalogPort>();

  of({ id }: Pick<AccountRef, 'id'>): FakeCatalogPort {
    const port = this.#ports.get(id) ?? new FakeCatalogPort();
    this.#ports.set(id, port);
    return port;
  }

  readonly #each =
    <Args extends readonly [AccountRef, ...unknown[]], Answer>(
      call: (port: FakeCatalogPort, ...args: Args) => Promise<Answer>,
    ) =>
    (...args: Args): Promise<Answer> =>
      call(this.of(args[0]), ...args);

  listProducts: CatalogPort['listProducts'] = this.#each((port, account) => port.listProducts(account));
  retrieveProduct: CatalogPort['retrieveProduct'] = this.#each((port, account: AccountRef, id: string) =>
    port.retrieveProduct(account, id),
  );
  createProduct = this.#each((port, ...args: Parameters<CatalogPort['createProduct']>) => port.createProduct(...args));
  updateProduct = this.#each((port, ...args: Parameters<CatalogPort['updateProduct']>) => port.updateProduct(...args));
  listPrices: CatalogPort['listPrices'] = this.#each((port, account) => port.listPrices(account));
  pricesByLookupKey = this.#each((port, ...args: Parameters<CatalogPort['pricesByLookupKey']>) =>
    port.pricesByLookupKey(...args),
  );
  pricesOfProduct = this.#each((port, ...args: Parameters<CatalogPort['pricesOfProduct']>) =>
    port.pricesOfProduct(...args),
  );
  createPrice = this.#each((port, ...args: Parameters<CatalogPort['createPrice']>) => port.createPrice(...args));
  updatePrice = this.#each((port, ...args: Parameters<CatalogPort['updatePrice']>) => port.updatePrice(...args));
  archivePrice = this.#each((port, ...args: Parameters<CatalogPort['archivePrice']>) => port.archivePrice(...args));

  taxRates: TaxRatesPort = {
    list: (account) => this.of(account).taxRates.list(account),
    create: (account, ...rest) => this.of(account).taxRates.create(account, ...rest),
    update: (account, ...rest) => this.of(account).taxRates.update(account, ...rest),
  };

  meters: MetersPort = {
    list: (account) => this.of(account).meters.list(account),
    create: (account, ...rest) => this.of(account).meters.create(account, ...rest),
    rename: (account, ...rest) => this.of(account).meters.rename(account, ...rest),
    deactivate: (account, ...rest) => this.of(account).meters.deactivate(account, ...rest),
    reactivate: (account, ...rest) => this.of(account).meters.reactivate(account, ...rest),
  };
}
