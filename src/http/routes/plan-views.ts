import { z } from 'zod';
import type { Catalog } from '../../catalog/catalog.ts';
import { newPlanSchema } from '../../catalog/plan-document.ts';
import { subscriptionStatusSchema } from '../../subscriptions/subscription.ts';
import type { Subscriptions } from '../../subscriptions/subscriptions.ts';
import { previewCosts } from '../../usage/preview-cost.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime, moneyAnswer } from '../schemas.ts';

export interface PlanViewRouteDependencies {
  readonly catalog: Catalog;
  readonly subscriptions: Pick<Subscriptions, 'subscribers'>;
}

const roles = ['platform', 'agency'] as const;
const tag = 'Plans';

const quantity = z.string().regex(/^\d{1,12}(\.\d{1,6})?$/, 'Write a quantity in quotes, such as "80".');

const previewAnswer = z
  .object({
    usdRate: z.string().meta({ description: 'The plan’s currency per USD that the prices are made at.' }),
    features: z.array(
      z.object({
        feature: z.string(),
        included: z.string(),
        price: moneyAnswer
          .nullable()
          .meta({ description: 'For each one beyond; null: service stops at what is included.' }),
        costs: z.array(
          z.object({
            quantity: z.string(),
            free: z.string().meta({ description: 'How many of them are included.' }),
            overage: z.string(),
            net: moneyAnswer,
            tax: moneyAnswer,
            cost: moneyAnswer.meta({ description: 'What is drawn from the balance or invoiced: tax in it.' }),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'PlanPreview' });

const subscriberAnswer = z
  .object({
    subscriptionId: id('subscription'),
    customerId: id('customer'),
    agencyId: id('agency'),
    name: z.string(),
    version: z.int(),
    status: subscriptionStatusSchema,
    startedAt: isoTime,
  })
  .meta({ id: 'Subscriber' });

const versionAnswer = z.object({
  version: z.int(),
  subscribers: z.int(),
  publishedAt: isoTime.nullable(),
});

/** What a plan would cost before it is sold, and who lives on it afterwards. */
export const createPlanViewRoutes = ({ catalog, subscriptions }: PlanViewRouteDependencies): Route[] => [
  defineRoute({
    method: 'post',
    path: '/v1/plans/preview',
    summary: 'What usage would cost on a plan, without making it',
    description:
      'Rates each quantity as a period of its own, in USD at the rate of this moment, by the rules that usage itself is rated by. A plan ' +
      'that breaks a rule is refused as creating it would be, but for its name.',
    tag,
    roles,
    idempotency: 'none',
    body: z.strictObject({ plan: newPlanSchema, quantities: z.array(quantity).min(1).max(10).default(['80', '150']) }),
    responses: { 200: previewAnswer },
    handle: async ({ scope, body: { plan, quantities } }) => {
      const version = await catalog.foreseeVersion(scope, plan);
      return {
        status: 200,
        body: {
          usdRate: version.frozen?.usdRate ?? '1',
          features: previewCosts(version, quantities).map(({ included, price, costs, ...feature }) => ({
            ...feature,
            included: included.toFixed(),
            price: price?.toJSON() ?? null,
            costs: costs.map((each) => ({
              quantity: each.quantity.toFixed(),
              free: each.free.toFixed(),
              overage: each.overage.toFixed(),
              net: each.net.toJSON(),
              tax: each.tax.toJSON(),
              cost: each.cost.toJSON(),
            })),
          })),
        },
      };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/plans/:id/subscribers',
    summary: 'Who lives on a plan, and on which version of it',
    description: 'Newest subscription first; those that ended are left out. `versions` counts them all, newest first.',
    tag,
    roles,
    params: z.strictObject({ id: id('plan') }),
    query: z.strictObject(pageQuery),
    responses: { 200: pageAnswer(subscriberAnswer).extend({ versions: z.array(versionAnswer) }) },
    handle: async ({ scope, params, query: { limit, after } }) => {
      const page = { limit: limit + 1, before: decodeCursor(after) };
      const { subscribers, versions } = await subscriptions.subscribers(scope, params.id, page);
      const { data, next } = pageOf(subscribers, limit, ({ subscriptionId }) => subscriptionId);
      return {
        status: 200,
        body: {
          data: data.map((each) => ({ ...each, startedAt: each.startedAt.toISOString() })),
          next,
          versions: versions.map((each) => ({ ...each, publishedAt: each.publishedAt?.toISOString() ?? null })),
        },
      };
    },
  }),
];
