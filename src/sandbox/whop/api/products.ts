import type Whop from '@whop/sdk';
import { z } from 'zod';
import { newWhopId } from '../ids.ts';
import { listQuery, parameters, requiredQuery, type WhopRoute } from '../route.ts';

const titleLengthMax = 80;
const visibility = z.enum(['visible', 'hidden', 'archived', 'quick_link']);

/** docs.whop.com/api-reference/plans/create-plan: at most 50 keys of 100 characters, strings of 500. */
export const metadataSchema = z
  .record(z.string().max(100), z.union([z.string().max(500), z.number(), z.boolean(), z.null()]))
  .refine((keys) => Object.keys(keys).length <= 50, 'at most 50 keys');

const fields = {
  title: z.string().min(1).max(titleLengthMax),
  description: z.string().nullable().optional(),
  metadata: metadataSchema.nullable().optional(),
  visibility: visibility.optional(),
};
const createSchema = z.strictObject({ account_id: z.string(), ...fields });
const updateSchema = z.strictObject({ ...fields, title: fields.title.optional() });

function buildProduct(account: string, given: z.output<typeof createSchema>, now: string): Whop.Product {
  const id = newWhopId('prod');
  return {
    id,
    company: { id: account, route: account, title: account },
    created_at: now,
    custom_cta: 'purchase',
    custom_cta_url: null,
    custom_statement_descriptor: null,
    description: given.description ?? null,
    external_identifier: null,
    gallery_images: [],
    global_affiliate_percentage: null,
    global_affiliate_status: 'disabled',
    headline: null,
    member_affiliate_percentage: null,
    member_affiliate_status: 'disabled',
    member_count: 0,
    metadata: given.metadata ?? null,
    owner_user: { id: 'user_sandbox', name: null, username: 'sandbox' },
    product_tax_code: null,
    published_reviews_count: 0,
    route: id,
    title: given.title,
    updated_at: now,
    verified: false,
    visibility: given.visibility ?? 'visible',
  };
}

/** A list shows less of a product than a call for it: no description. */
const listItem = (product: Whop.Product): Whop.ProductListItem => ({
  id: product.id,
  created_at: product.created_at,
  external_identifier: product.external_identifier,
  gallery_images: [],
  headline: product.headline,
  member_count: product.member_count,
  metadata: product.metadata,
  published_reviews_count: product.published_reviews_count,
  route: product.route,
  title: product.title,
  updated_at: product.updated_at,
  verified: product.verified,
  visibility: product.visibility,
});

export const productRoutes: readonly WhopRoute[] = [
  {
    method: 'POST',
    path: '/products',
    run: async (call, { body }) => {
      const given = parameters(createSchema, body);
      const account = await call.requireReach(given.account_id);
      const product = buildProduct(account, given, call.isoNow);
      await call.save('product', account, product);
      return product;
    },
  },
  { method: 'GET', path: '/products/:id', run: (call, { id }) => call.get('product', id) },
  {
    method: 'PATCH',
    path: '/products/:id',
    run: async (call, { id, body }) => {
      const product = await call.get('product', id);
      const { title, description, metadata, visibility: shown } = parameters(updateSchema, body);
      const changed: Whop.Product = {
        ...product,
        ...(title === undefined ? {} : { title }),
        ...(description === undefined ? {} : { description }),
        ...(metadata === undefined ? {} : { metadata }),
        ...(shown === undefined ? {} : { visibility: shown }),
        updated_at: call.isoNow,
      };
      await call.save('product', product.company.id, changed);
      return changed;
    },
  },
  {
    method: 'GET',
    path: '/products',
    run: async (call, { query }) => {
      const account = await call.requireReach(requiredQuery(query, 'account_id'));
      const page = await call.page('product', account, listQuery(query, ['account_id']));
      return { ...page, data: page.data.map(listItem) };
    },
  },
];
