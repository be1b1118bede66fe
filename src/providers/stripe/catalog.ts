import type Stripe from 'stripe';
import { ProviderError } from '../errors.ts';
import { isOwnProduct } from '../metadata.ts';
import type { AccountRef, CatalogPort, CatalogProduct } from '../port.ts';
import { createMeters } from './meters.ts';
import { createPrices } from './prices.ts';
import { on, pageSize, type StripeCalls, writeOn } from './stripe-calls.ts';
import { createTaxRates } from './tax-rates.ts';

const hasCode = (error: unknown, code: string): boolean => error instanceof ProviderError && error.detail.code === code;

const toProduct = (product: Stripe.Product): CatalogProduct => ({
  id: product.id,
  name: product.name,
  description: product.description,
  active: product.active,
  metadata: product.metadata,
});

export function createCatalog(stripe: Stripe, calls: StripeCalls): CatalogPort {
  const retrieve = async (account: AccountRef, productId: string): Promise<CatalogProduct> =>
    toProduct(await calls.read('product', () => stripe.products.retrieve(productId, {}, on(account))));

  return {
    ...createPrices(stripe, calls),
    taxRates: createTaxRates(stripe, calls),
    meters: createMeters(stripe, calls),

    async listProducts(account) {
      const products = await calls.list(() => stripe.products.list({ limit: pageSize }, on(account)));
      return products.map(toProduct).filter(isOwnProduct);
    },

    async retrieveProduct(account, productId) {
      try {
        return await retrieve(account, productId);
      } catch (error) {
        if (hasCode(error, 'resource_missing')) return null;
        throw error;
      }
    },

    async createProduct(account, product, options) {
      const params = {
        id: product.id,
        name: product.name,
        active: product.active,
        metadata: { ...product.metadata },
        ...(product.description === null ? {} : { description: product.description }),
      } satisfies Stripe.ProductCreateParams;
      try {
        return toProduct(await calls.write('product', () => stripe.products.create(params, writeOn(account, options))));
      } catch (error) {
        // The id is ours to choose, so this is the same product, made by an earlier call whose key is long forgotten.
        if (hasCode(error, 'resource_already_exists')) return retrieve(account, product.id);
        throw error;
      }
    },

    async updateProduct(account, productId, change, options) {
      const { description, metadata, ...rest } = change;
      const params = {
        ...rest,
        ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
        // An empty string is how Stripe is told to forget a text.
        ...(description === undefined ? {} : { description: description ?? '' }),
      } satisfies Stripe.ProductUpdateParams;
      return toProduct(
        await calls.write('product', () => stripe.products.update(productId, params, writeOn(account, options))),
      );
    },
  };
}
