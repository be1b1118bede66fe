import { z } from 'zod';
import { planDocumentSchema } from '../../catalog/plan-document.ts';
import type { AgencyLimits } from '../../subscriptions/agency-plan.ts';
import type { ChangedSubscription } from '../../subscriptions/change-subscription.ts';
import {
  addOnsSchema,
  collectionSchema,
  cycleSchema,
  pauseReasonSchema,
  subscriptionStatusSchema,
} from '../../subscriptions/subscription.ts';
import type { Subscriptions } from '../../subscriptions/subscriptions.ts';
import type { Scope } from '../../tenancy/scope.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime } from '../schemas.ts';

export interface SubscriptionRouteDependencies {
  readonly subscriptions: Subscriptions;
}

const plan = planDocumentSchema.shape;

const addOnsAnswer = z
  .record(z.string(), z.int())
  .meta({ description: 'Feature -> how many beyond the included ones.', example: { concurrency: 2 } });

const subscriptionAnswer = z
  .object({
    id: id('subscription'),
    customerId: id('customer'),
    planId: id('plan'),
    planVersion: z.int().meta({ description: 'The version that it was sold at: later ones do not touch it.' }),
    displayName: plan.displayName,
    pricingModel: plan.pricingModel,
    status: subscriptionStatusSchema,
    pauseReason: pauseReasonSchema.nullable(),
    collection: collectionSchema.meta({
      description: '`card`: the provider invoices; `offline`: the agency collects; `none`: nothing is paid ahead.',
    }),
    cycle: cycleSchema.nullable().meta({ description: 'Null where nothing is paid by the cycle.' }),
    addOns: addOnsAnswer,
    merchantAccountId: id('merchantAccount').nullable().meta({ description: 'Null where nothing is paid ahead.' }),
    periodStart: isoTime.nullable(),
    periodEnd: isoTime.nullable().meta({ description: 'When it renews, or ends.' }),
    trialEndsAt: isoTime.nullable(),
    cancelAt: isoTime.nullable().meta({ description: 'It ends then; until then it can be resumed.' }),
    pendingChange: z
      .object({
        id: id('subscriptionChange'),
        planId: id('plan'),
        planVersion: z.int(),
        cycle: cycleSchema.nullable(),
        addOns: addOnsAnswer,
        collection: collectionSchema,
        effectiveAt: isoTime,
      })
      .nullable()
      .meta({ description: 'What it becomes at its next cycle, unprorated.' }),
    startedAt: isoTime,
    endedAt: isoTime.nullable().meta({ description: 'Null while it is live.' }),
  })
  .meta({ id: 'Subscription' });

const subscriptionJson = ({ subscription, pending }: ChangedSubscription) => ({
  id: subscription.id,
  customerId: subscription.customerId,
  planId: subscription.plan.planId,
  planVersion: subscription.planVersion,
  displayName: subscription.document.displayName,
  pricingModel: subscription.document.pricingModel,
  status: subscription.status,
  pauseReason: subscription.pauseReason,
  collection: subscription.collection,
  cycle: subscription.cycle,
  addOns: subscription.addOns,
  merchantAccountId: subscription.merchantAccountId,
  periodStart: subscription.periodStart?.toISOString() ?? null,
  periodEnd: subscription.periodEnd?.toISOString() ?? null,
  trialEndsAt: subscription.trialEndsAt?.toISOString() ?? null,
  cancelAt: subscription.cancelAt?.toISOString() ?? null,
  pendingChange: pending && {
    id: pending.id,
    planId: pending.plan.planId,
    planVersion: pending.planVersion,
    cycle: pending.cycle,
    addOns: pending.addOns,
    collection: pending.collection,
    effectiveAt: pending.effectiveAt.toISOString(),
  },
  startedAt: subscription.startedAt.toISOString(),
  endedAt: subscription.endedAt?.toISOString() ?? null,
});

const linkAnswer = z
  .object({
    id: id('checkoutSession'),
    orderId: z.null(),
    url: z.string().nullable().meta({ description: 'Where the client subscribes: send it to the client.' }),
    status: z.enum(['open', 'complete', 'expired']),
  })
  .meta({ id: 'SubscriptionLink' });

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

type Change = (scope: Scope, customerId: string) => Promise<ChangedSubscription>;

const customerParams = z.strictObject({ id: id('customer') });
const tag = 'Subscriptions';
const roles = ['platform', 'agency', 'portal'] as const;

/** What a client lives on, and what an agency's own plan lets it and its clients do. */
export function createSubscriptionRoutes({ subscriptions }: SubscriptionRouteDependencies): Route[] {
  const changing = (path: string, summary: string, description: string, change: Change): Route =>
    defineRoute({
      method: 'post',
      path: `/v1/customers/:id/subscription/${path}`,
      summary,
      description,
      tag,
      roles,
      params: customerParams,
      responses: { 200: subscriptionAnswer },
      handle: async ({ scope, params }) => ({ status: 200, body: subscriptionJson(await change(scope, params.id)) }),
    });
  return [
    defineRoute({
      method: 'post',
      path: '/v1/customers/:id/subscription',
      summary: 'Put a client on a plan',
      description:
        'The platform and the agency assign a plan; a client takes one that it may buy. Pay-as-you-go starts at once. Of a plan with a ' +
        'base fee a client with a verified default card is charged at once (402 `card_declined`); for another one the answer is 202 with ' +
        'the address of a checkout to send. 200 where the client is on the plan already, 409 `subscription_exists` where it is on another, and ' +
        '`subscription_under_way` while another request subscribes it.',
      tag,
      roles,
      params: customerParams,
      body: z.strictObject({ planId: id('plan'), cycle: cycleSchema.optional(), addOns: addOnsSchema.optional() }),
      responses: { 200: subscriptionAnswer, 201: subscriptionAnswer, 202: linkAnswer },
      handle: async ({ scope, params, body, request }) => {
        const requestId = request.idempotency?.requestId;
        const assigned = await subscriptions.assign(scope, { customerId: params.id, ...body, requestId });
        if ('session' in assigned) return { status: 202, body: assigned.session };
        const { subscription, started } = assigned;
        return { status: started ? 201 : 200, body: subscriptionJson({ subscription, pending: null }) };
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
      path: '/v1/customers/:id/subscription/change',
      summary: 'Change a subscription at its next cycle',
      description:
        'Another plan, cycle or number of add-ons, unprorated; what is left out stays. The same plan means its latest version. It is ' +
        'pending until then, takes the place of an earlier one, and can be taken back with `cancel-change`.',
      tag,
      roles,
      params: customerParams,
      body: z.strictObject({
        planId: id('plan').optional(),
        cycle: cycleSchema.optional(),
        addOns: addOnsSchema.optional(),
      }),
      responses: { 200: subscriptionAnswer },
      handle: async ({ scope, params, body }) => ({
        status: 200,
        body: subscriptionJson(await subscriptions.change(scope, { customerId: params.id, ...body })),
      }),
    }),
    changing(
      'cancel-change',
      'Take back a pending change',
      'Nothing is to change any more: 409 `no_pending_change` where nothing was.',
      subscriptions.cancelChange,
    ),
    changing(
      'cancel',
      'End a subscription',
      'With the period that is paid for; what was to change then is taken back. Pay-as-you-go ends at once, for nothing was paid ahead. ' +
        '409 `subscription_over` once it is over.',
      subscriptions.cancel,
    ),
    changing(
      'resume',
      'Go on with a subscription that is to end',
      'Until its end has come: then 409 `subscription_over`.',
      subscriptions.resume,
    ),
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
