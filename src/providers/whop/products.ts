import type Whop from '@whop/sdk';
import { isOwnProduct } from '../metadata.ts';
import type { AccountRef, CatalogPort, CatalogProduct } from '../port.ts';
import { keptKeys, ownMetadata, textMetadata } from './metadata.ts';
import { keyed, pageSize, refused, type WhopCalls } from './whop-calls.ts';
import { isMissing } from './whop-error.ts';

/** What a product that is for sale is: reached by its checkouts, in no shop window. One that is not is `archived`. */
const onSale = 'hidden';
const offSale = 'archived';

const idOf = ({ id, metadata }: Pick<Whop.ProductListItem, 'id' | 'metadata'>): string =>
  textMetadata(metadata)[keptKeys.object] ?? id;

const toProduct = (product: Whop.Product): CatalogProduct => ({
  id: idOf(product),
  name: product.title,
  description: product.description,
  active: product.visibility !== offSale,
  metadata: ownMetadata(product.metadata),
});

const isOwn = (item: Whop.ProductListItem): boolean =>
  isOwnProduct({ id: idOf(item), metadata: ownMetadata(item.metadata) });

type ProductsPort = Pick<CatalogPort, 'listProducts' | 'retrieveProduct' | 'createProduct' | 'updateProduct'>;

/** Where our ids of products lead at Whop, which gives ids of its own and finds nothing by metadata. */
export interface ProductIds {
  /** Whop's id (`prod_...`) of a product of ours; null where the account has none. */
  remoteOf(account: AccountRef, productId: string): Promise<string | null>;
  /** Whop's id -> ours, of every product of ours. */
  own(account: AccountRef): Promise<ReadonlyMap<string, string>>;
}

export function createProducts(calls: WhopCalls): { readonly port: ProductsPort; readonly ids: ProductIds } {
  // What was found once stays so: a product keeps its id for ever. What is missing is looked for each time.
  const known = new Map<string, string>();
  const nameOf = (account: AccountRef, productId: string): string => `${account.id} ${productId}`;

  const listAll = (account: AccountRef): Promise<Whop.ProductListItem[]> =>
    calls.list(account, (whop) => whop.products.list({ account_id: account.id, first: pageSize, direction: 'asc' }));

  const remoteOf: ProductIds['remoteOf'] = async (account, productId) => {
    const there = known.get(nameOf(account, productId));
    if (there !== undefined) return there;
    // Of two that two calls made at once, the older one is the product.
    const found = (await listAll(account)).find((item) => idOf(item) === productId);
    if (!found) return null;
    known.set(nameOf(account, productId), found.id);
    return found.id;
  };

  const retrieve = async (account: AccountRef, productId: string): Promise<CatalogProduct | null> => {
    const remoteId = await remoteOf(account, productId);
    if (remoteId === null) return null;
    try {
      return toProduct(await calls.read(account, (whop) => whop.products.retrieve(remoteId)));
    } catch (error) {
      if (!isMissing(error)) throw error;
      known.delete(nameOf(account, productId));
      return null;
    }
  };

  const port: ProductsPort = {
    retrieveProduct: retrieve,

    async listProducts(account) {
      const own = (await listAll(account)).filter(isOwn);
      const products: CatalogProduct[] = [];
      // The list leaves descriptions out.
      for (const { id } of own) {
        products.push(toProduct(await calls.read(account, (whop) => whop.products.retrieve(id))));
      }
      return products;
    },

    async createProduct(account, product, options) {
      const there = await retrieve(account, product.id);
      if (there) return there;
      const params = {
        account_id: account.id,
        title: product.name,
        ...(product.description === null ? {} : { description: product.description }),
        visibility: product.active ? onSale : offSale,
        metadata: { ...product.metadata, [keptKeys.object]: product.id },
      } satisfies Whop.ProductCreateParams;
      const made = await calls.write(account, (whop) => whop.products.create(params, keyed(options)));
      known.set(nameOf(account, product.id), made.id);
      return toProduct(made);
    },

    async updateProduct(account, productId, change, options) {
      const remoteId = await remoteOf(account, productId);
      if (remoteId === null) throw refused('product_missing', `the account has no product ${productId}`);
      const before =
        change.metadata && (await calls.read(account, (whop) => whop.products.retrieve(remoteId))).metadata;
      const params = {
        ...(change.name === undefined ? {} : { title: change.name }),
        ...(change.description === undefined ? {} : { description: change.description }),
        ...(change.active === undefined ? {} : { visibility: change.active ? onSale : offSale }),
        ...(change.metadata === undefined
          ? {}
          : { metadata: { ...textMetadata(before), ...change.metadata, [keptKeys.object]: productId } }),
      } satisfies Whop.ProductUpdateParams;
      return toProduct(await calls.write(account, (whop) => whop.products.update(remoteId, params, keyed(options))));
    },
  };

  return {
    port,
    ids: {
      remoteOf,
      own: async (account) => new Map((await listAll(account)).filter(isOwn).map((item) => [item.id, idOf(item)])),
    },
  };
}
