import type Stripe from 'stripe';
import type { z } from 'zod';
import type { Call } from '../call.ts';
import { invalidRequest } from '../failure.ts';
import { newStripeId } from '../identifiers.ts';
import { listDocuments } from '../lists.ts';
import {
  created,
  emptyable,
  flag,
  list,
  mergeMetadata,
  metadata,
  paging,
  parameters,
  type Rules,
  text,
  webAddress,
} from '../parameters.ts';
import { type Route, route } from '../route.ts';

const productCreate = parameters({
  id: text.refine((id) => /^[\w-]+$/.test(id), 'may hold letters, digits, - and _').optional(),
  name: text,
  active: flag.optional(),
  description: text.optional(),
  images: list(webAddress).optional(),
  metadata: metadata.optional(),
  shippable: flag.optional(),
  statement_descriptor: text.optional(),
  tax_code: text.optional(),
  unit_label: text.optional(),
  url: webAddress.optional(),
} satisfies Rules<Stripe.ProductCreateParams>);

const productUpdate = parameters({
  active: flag.optional(),
  default_price: text.optional(),
  description: emptyable(text).optional(),
  images: emptyable(list(webAddress)).optional(),
  metadata: emptyable(metadata).optional(),
  name: text.optional(),
  shippable: flag.optional(),
  statement_descriptor: text.optional(),
  tax_code: emptyable(text).optional(),
  unit_label: emptyable(text).optional(),
  url: emptyable(webAddress).optional(),
} satisfies Rules<Stripe.ProductUpdateParams>);

const productList = parameters({
  ...paging,
  created: created.optional(),
  active: flag.optional(),
  ids: list(text).optional(),
  url: text.optional(),
} satisfies Rules<Stripe.ProductListParams>);

export interface ProductSetting {
  readonly id?: string | undefined;
  readonly name: string;
  readonly active?: boolean | undefined;
  readonly description?: string | undefined;
  readonly images?: string[] | undefined;
  readonly metadata?: Record<string, string> | undefined;
  readonly shippable?: boolean | undefined;
  readonly statement_descriptor?: string | undefined;
  readonly tax_code?: string | undefined;
  readonly unit_label?: string | undefined;
  readonly url?: string | undefined;
}

export const buildProduct = (call: Call, setting: ProductSetting): Stripe.Product => ({
  id: setting.id ?? newStripeId('prod'),
  object: 'product',
  active: setting.active ?? true,
  created: call.nowSeconds,
  default_price: null,
  description: setting.description ?? null,
  images: setting.images ?? [],
  livemode: false,
  marketing_features: [],
  metadata: mergeMetadata({}, setting.metadata),
  name: setting.name,
  package_dimensions: null,
  shippable: setting.shippable ?? null,
  statement_descriptor: setting.statement_descriptor ?? null,
  tax_code: setting.tax_code ?? null,
  tax_details: null,
  type: 'service',
  unit_label: setting.unit_label ?? null,
  updated: call.nowSeconds,
  url: setting.url ?? null,
});

async function createProduct(call: Call, params: z.output<typeof productCreate>): Promise<Stripe.Product> {
  if (params.id !== undefined) {
    await call.store.serialize(`product ${params.id}`);
    if (await call.store.find('product', params.id)) {
      throw invalidRequest('Product already exists.', { code: 'resource_already_exists', param: 'id' });
    }
  }
  const product = buildProduct(call, params);
  call.store.save('product', product);
  call.emit('product.created', product, product.id);
  return product;
}

async function updateProduct(call: Call, params: z.output<typeof productUpdate>, id: string): Promise<Stripe.Product> {
  const product = await call.store.lock('product', id, 'id');
  if (params.default_price !== undefined) {
    const price = await call.store.get('price', params.default_price, 'default_price');
    if (price.product !== id) throw invalidRequest('The price belongs to another product.', { param: 'default_price' });
  }
  const { expand: _expand, metadata: change, images, ...given } = params;
  const updated: Stripe.Product = {
    ...product,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    images: images === undefined ? product.images : (images ?? []),
    metadata: mergeMetadata(product.metadata, change),
    updated: call.nowSeconds,
  };
  call.store.save('product', updated);
  call.emit('product.updated', updated, id);
  return updated;
}

async function deleteProduct(call: Call, id: string): Promise<Stripe.DeletedProduct> {
  const product = await call.store.lock('product', id, 'id');
  if ((await call.store.linked('price', [`product:${id}`])).length > 0) {
    throw invalidRequest(
      'This product cannot be deleted because it has one or more user-created prices. Archive it instead.',
      { code: 'resource_in_use', param: 'id' },
    );
  }
  await call.store.remove('product', id);
  call.emit('product.deleted', product, id);
  return { id, object: 'product', deleted: true };
}

export const productRoutes: readonly Route[] = [
  route('POST', '/v1/products', productCreate, createProduct),
  route('GET', '/v1/products/:id', parameters({}), (call, _params, id) => call.store.get('product', id, 'id')),
  route('POST', '/v1/products/:id', productUpdate, updateProduct),
  route('DELETE', '/v1/products/:id', parameters({}), (call, _params, id) => deleteProduct(call, id)),
  route('GET', '/v1/products', productList, (call, params) =>
    listDocuments(call.store, 'product', '/v1/products', params, {
      all: [
        ...(params.active === undefined ? [] : [`active:${params.active}`]),
        ...(params.url === undefined ? [] : [`url:${params.url}`]),
      ],
      ids: params.ids,
    }),
  ),
];
