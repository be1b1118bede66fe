import { z } from 'zod';
import { planDocumentSchema } from '../../catalog/plan-document.ts';
import type { AgencyLimits } from '../../subscriptions/agency-plan.ts';
import { cycleSchema, type Subscription, subscriptionStatusSchema } from '../../subscriptions/subscription.ts';
import type { Subscriptions } from '../../subscriptions/subscriptions.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime } from '../schemas.ts';

export interface SubscriptionRouteDependencies {
  readonly subscriptions: Subscriptions;
}

const plan = planDocumentSchema.shape;

const subscriptionAnswer = z
  .object({
    id: id('subscription'),
    customerId: id('customer'),
    planId: id('plan'),
    planVersion: z.int().meta({ description: 'The version that it was sold at: later ones do not touch it.' }),
    displayName: plan.displayName,
    pricingModel: plan.pricingModel,
    status: subscriptionStatusSchema,
    cycle: cycleSchema.nullable().meta({ description: 'Null where nothing is paid by the cycle.' }),
    merchantAccountId: id('merchantAccount').nullable().meta({ description: 'Null where no provider invoices.' }),
    startedAt: isoTime,
    endedAt: isoTime.nullable().meta({ description: 'Null while it is live.' }),
  })
  .meta({ id: 'Subscription' });

const subscriptionJson = ({ document, plan: { planId }, startedAt, endedAt, ...subscription }: Subscription) => ({
  id: subscription.id,
  customerId: subscription.customerId,
  planId,
  planVersion: subscription.planVersion,
  status: subscription.status,
  cycle: subscription.cycle,
  merchantAccountId: subscription.merchantAccountId,
  displayName: document.displayName,
  pricingModel: document.pricingModel,
  startedAt: startedAt.toISOString(),
  endedAt: endedAt?.toISOString() ?? null,
});

const limitsAnswer = z
  .object({
    planId: id('plan'),
    version: z.int(),
    displayName: plan.displayName,
    limits: plan.limits,
    recurring: z.array(z.object({ feature: z.string(), included: z.int() })),
    usage: z.array(z.object({ feature: z.string(), included: z.string() })),
  })
  .nullable()
  .meta({ id: 'AgencyLimits' });

const limitsJson = (covering: AgencyLimits | null) =>
  covering && { ...covering, recurring: [...covering.recurring], usage: [...covering.usage] };

const customerParams = z.strictObject({ id: id('customer') });
const tag = 'Subscriptions';
const roles = ['platform', 'agency', 'portal'] as const;

/** What a client lives on, and what an agency's own plan lets it and its clients do. */
export function createSubscriptionRoutes({ subscriptions }: SubscriptionRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/customers/:id/subscription',
      summary: 'Put a client on a pay-as-you-go plan',
      description:
        'Starts at once. The platform and the agency assign a plan; a client takes one that it may buy. 200 where the client is on the plan already, 409 `subscription_exists` where it is on another. A plan with a base fee is 422 `plan_needs_checkout`.',
      tag,
      roles,
      params: customerParams,
      body: z.strictObject({ planId: id('plan') }),
      responses: { 200: subscriptionAnswer, 201: subscriptionAnswer },
      handle: async ({ scope, params, body, request }) => {
        const { subscription, started } = await subscriptions.start(scope, {
          customerId: params.id,
          planId: body.planId,
          requestId: request.idempotency?.requestId,
        });
        return { status: started ? 201 : 200, body: subscriptionJson(subscription) };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/subscription',
      summary: 'Read what a client lives on',
      description:
        'The live subscription, else the one that ended last; 404 `no_subscription` where there never was one.',
      tag,
      roles,
      params: customerParams,
      responses: { 200: subscriptionAnswer },
      handle: async ({ scope, params }) => ({
        status: 200,
        body: subscriptionJson(await subscriptions.find(scope, params.id)),
      }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/customers/:id/subscription/cancel',
      summary: 'End a pay-as-you-go subscription',
      description: 'At once: nothing was paid ahead. What was used stays owed. Again: 409 `subscription_over`.',
      tag,
      roles,
      params: customerParams,
      responses: { 200: subscriptionAnswer },
      handle: async ({ scope, params }) => ({
        status: 200,
        body: subscriptionJson(await subscriptions.cancel(scope, params.id)),
      }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/agencies/:id/limits',
      summary: 'What the agency’s own plan with the platform lets it and its clients do',
      description: 'Null where the agency is on no plan of the platform’s: nothing limits it.',
      tag,
      roles: ['platform', 'agency'],
      params: z.strictObject({ id: id('agency') }),
      responses: { 200: limitsAnswer },
      handle: async ({ scope, params }) => ({
        status: 200,
        body: limitsJson(await subscriptions.agencyLimits(scope, params.id)),
      }),
    }),
  ];
}
