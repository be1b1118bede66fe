import type Whop from '@whop/sdk';
import { z } from 'zod';
import type { WhopCall } from '../call.ts';
import { badRequest } from '../failure.ts';
import { newWhopId } from '../ids.ts';
import { buildPlan } from '../plans.ts';
import { listQuery, parameters, requiredQuery, type WhopRoute } from '../route.ts';
import { currencySchema, planTypeSchema, priceSchema } from './plans.ts';
import { metadataSchema } from './products.ts';

/** Longer titles of inline plans were seen refused. */
const inlineTitleLengthMax = 30;

const inlinePlan = z.strictObject({
  plan_type: planTypeSchema,
  release_method: z.literal('buy_now').optional(),
  currency: currencySchema,
  initial_price: priceSchema.min(0.01),
  renewal_price: priceSchema.optional(),
  billing_period: z.int().min(1).optional(),
  title: z.string().max(inlineTitleLengthMax).optional(),
  visibility: z.enum(['hidden', 'quick_link']).optional(),
  force_create_new_plan: z.literal(true),
  metadata: metadataSchema.optional(),
  application_fee_amount: priceSchema.optional(),
});

const createSchema = z.strictObject({
  account_id: z.string(),
  mode: z.literal('payment'),
  plan: inlinePlan.optional(),
  plan_id: z.string().optional(),
  metadata: metadataSchema.optional(),
  redirect_url: z.url().optional(),
});

type Configuration = Whop.CheckoutConfigurationRetrieveResponse;

async function planOf(
  call: WhopCall,
  accountId: string,
  { plan: inline, plan_id: id }: z.output<typeof createSchema>,
): Promise<Whop.Plan> {
  if (inline === undefined) {
    const plan = await call.get('plan', id ?? '');
    if (plan.visibility === 'archived') throw badRequest('plan_id: not for sale any more');
    return plan;
  }
  const plan = buildPlan(
    {
      planType: inline.plan_type,
      currency: inline.currency,
      initialPrice: inline.initial_price,
      renewalPrice: inline.renewal_price ?? 0,
      billingPeriod: inline.billing_period ?? null,
      title: inline.title ?? null,
      metadata: inline.metadata ?? null,
      visibility: inline.visibility ?? 'quick_link',
      taxType: 'unspecified',
      adaptivePricing: true,
    },
    { account: accountId, product: null, baseUrl: call.baseUrl, now: call.isoNow },
  );
  await call.save('plan', accountId, plan);
  return plan;
}

async function create(call: WhopCall, body: unknown): Promise<Configuration> {
  const given = parameters(createSchema, body);
  const accountId = await call.requireReach(given.account_id);
  const account = await call.get('account', accountId);
  if (account.capabilities?.accept_card_payments !== 'active') throw badRequest(`${accountId} accepts no payments yet`);
  if ((given.plan === undefined) === (given.plan_id === undefined)) throw badRequest('give one of plan and plan_id');
  const fee = given.plan?.application_fee_amount;
  if (fee !== undefined && account.parent_account_id === null) {
    throw badRequest('application_fee_amount: only on an account under another one');
  }
  if (fee !== undefined && fee > (given.plan?.initial_price ?? 0))
    throw badRequest('application_fee_amount: above the price');
  const plan = await planOf(call, accountId, given);
  const id = newWhopId('ch');
  const configuration: Configuration = {
    id,
    account_id: accountId,
    created_at: call.isoNow,
    mode: 'payment',
    updated_at: call.isoNow,
    currency: plan.currency,
    metadata: given.metadata ?? null,
    plan,
    purchase_url: `${call.baseUrl}/whop/pay/${id}`,
    redirect_url: given.redirect_url ?? null,
  };
  await call.save('checkout_configuration', accountId, configuration);
  if (fee !== undefined) await call.save('checkout_fee', accountId, { id, amount: fee });
  return configuration;
}

export const checkoutRoutes: readonly WhopRoute[] = [
  { method: 'POST', path: '/checkout_configurations', run: (call, { body }) => create(call, body) },
  {
    method: 'GET',
    path: '/checkout_configurations/:id',
    run: (call, { id }) => call.get('checkout_configuration', id),
  },
  {
    method: 'DELETE',
    path: '/checkout_configurations/:id',
    run: async (call, { id }) => {
      await call.get('checkout_configuration', id);
      await call.remove('checkout_configuration', id);
      return true;
    },
  },
  {
    method: 'GET',
    path: '/checkout_configurations',
    run: async (call, { query }) => {
      const account = await call.requireReach(requiredQuery(query, 'account_id'));
      return call.page('checkout_configuration', account, listQuery(query, ['account_id']));
    },
  },
];
