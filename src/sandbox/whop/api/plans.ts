import type Whop from '@whop/sdk';
import { z } from 'zod';
import type { WhopCall } from '../call.ts';
import { badRequest } from '../failure.ts';
import { buildPlan } from '../plans.ts';
import { listQuery, parameters, requiredQuery, valuesOf, type WhopRoute } from '../route.ts';
import { metadataSchema } from './products.ts';

/** Currencies of the API that this sandbox speaks; the real list is longer. */
export const currencySchema = z.enum(['usd', 'eur', 'gbp', 'aed', 'sar', 'inr', 'jpy', 'omr']);

export const planTypeSchema = z.enum(['one_time', 'renewal']);
const visibility = z.enum(['visible', 'hidden', 'archived', 'quick_link']);
export const priceSchema = z.number().min(0).max(1_000_000);

const createSchema = z.strictObject({
  account_id: z.string(),
  product_id: z.string(),
  plan_type: planTypeSchema,
  release_method: z.enum(['buy_now', 'waitlist']).optional(),
  currency: currencySchema,
  initial_price: priceSchema.optional(),
  renewal_price: priceSchema.optional(),
  billing_period: z.int().min(1).optional(),
  adaptive_pricing_enabled: z.boolean().optional(),
  unlimited_stock: z.boolean().optional(),
  visibility: visibility.optional(),
  override_tax_type: z.enum(['inclusive', 'exclusive']).optional(),
  title: z.string().max(80).optional(),
  metadata: metadataSchema.optional(),
});

/** Neither its kind nor its product: those take another plan. */
const updateSchema = z.strictObject({
  initial_price: priceSchema.optional(),
  renewal_price: priceSchema.optional(),
  adaptive_pricing_enabled: z.boolean().optional(),
  visibility: visibility.optional(),
  metadata: metadataSchema.optional(),
});

const reference = z.object({ id: z.string() });

const idOf = (value: unknown): string => reference.parse(value).id;

/** What a list shows of a plan: not whether tax is in its price. */
const listItem = ({ collect_tax: _, custom_fields: __, tax_type: ___, ...plan }: Whop.Plan): Whop.PlanListResponse =>
  plan;

async function create(call: WhopCall, body: unknown): Promise<Whop.Plan> {
  const given = parameters(createSchema, body);
  const account = await call.requireReach(given.account_id);
  const product = await call.get('product', given.product_id);
  if (product.company.id !== account) throw badRequest('product_id: of another account');
  if (given.plan_type === 'renewal' && given.billing_period === undefined) throw badRequest('billing_period: required');
  const plan = buildPlan(
    {
      planType: given.plan_type,
      currency: given.currency,
      initialPrice: given.initial_price ?? 0,
      renewalPrice: given.renewal_price ?? 0,
      billingPeriod: given.billing_period ?? null,
      title: given.title ?? null,
      metadata: given.metadata ?? null,
      visibility: given.visibility ?? 'visible',
      taxType: given.override_tax_type ?? 'unspecified',
      adaptivePricing: given.adaptive_pricing_enabled ?? true,
    },
    { account, product, baseUrl: call.baseUrl, now: call.isoNow },
  );
  await call.save('plan', account, plan);
  return plan;
}

async function update(call: WhopCall, id: string, body: unknown): Promise<Whop.Plan> {
  const plan = await call.get('plan', id);
  const given = parameters(updateSchema, body);
  const changed: Whop.Plan = {
    ...plan,
    ...(given.initial_price === undefined ? {} : { initial_price: given.initial_price }),
    ...(given.renewal_price === undefined ? {} : { renewal_price: given.renewal_price }),
    ...(given.adaptive_pricing_enabled === undefined
      ? {}
      : { adaptive_pricing_enabled: given.adaptive_pricing_enabled }),
    ...(given.visibility === undefined ? {} : { visibility: given.visibility }),
    ...(given.metadata === undefined ? {} : { metadata: given.metadata }),
    updated_at: call.isoNow,
  };
  await call.save('plan', idOf(plan.account), changed);
  return changed;
}

export const planRoutes: readonly WhopRoute[] = [
  { method: 'POST', path: '/plans', run: (call, { body }) => create(call, body) },
  { method: 'GET', path: '/plans/:id', run: (call, { id }) => call.get('plan', id) },
  { method: 'PATCH', path: '/plans/:id', run: (call, { id, body }) => update(call, id, body) },
  {
    method: 'GET',
    path: '/plans',
    run: async (call, { query }) => {
      const account = await call.requireReach(requiredQuery(query, 'account_id'));
      const products = valuesOf(query, 'product_ids');
      const page = await call.page(
        'plan',
        account,
        listQuery(query, ['account_id', 'product_ids']),
        ({ product }) => products.length === 0 || (product !== null && products.includes(idOf(product))),
      );
      return { ...page, data: page.data.map(listItem) };
    },
  },
];
