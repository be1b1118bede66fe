import { z } from 'zod';
import type { Catalog } from '../../catalog/catalog.ts';
import { featureSchema } from '../../catalog/features.ts';
import { newPlanSchema, planPatchSchema, planStatuses, planTypes, visibilities } from '../../catalog/plan-document.ts';
import { planViewSchema } from '../../catalog/plan-view.ts';
import { type PlanSwitch, planSwitches } from '../../catalog/switch-plan.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id } from '../schemas.ts';

export interface CatalogRouteDependencies {
  readonly catalog: Catalog;
}

const planAnswer = planViewSchema.meta({ id: 'Plan' });
const planParams = z.strictObject({ id: id('plan') });
const roles = ['platform', 'agency'] as const;

const planRoutes = ({ catalog }: CatalogRouteDependencies): Route[] => [
  defineRoute({
    method: 'post',
    path: '/v1/plans',
    summary: 'Draft a plan, or create and publish it in one call',
    description:
      'Amounts are decimal strings in the currency of the plan. A rule that the plan breaks is answered with its own code, and every wrong path. Without `agencyId` the plan belongs to the caller.',
    tag: 'Plans',
    roles,
    body: newPlanSchema,
    responses: { 201: planAnswer },
    handle: async ({ scope, body, request }) => ({
      status: 201,
      body: await catalog.createPlan(scope, body, request.idempotency?.requestId),
    }),
  }),
  defineRoute({
    method: 'post',
    path: '/v1/plans/check',
    summary: 'Check a plan against every rule, without making it',
    description: 'Answers what creating it would, but for its name: 422 with a code and every wrong path, or 200.',
    tag: 'Plans',
    roles,
    idempotency: 'none',
    body: newPlanSchema,
    responses: { 200: z.object({ ok: z.literal(true) }) },
    handle: async ({ scope, body }) => {
      await catalog.refuseWrongPlan(scope, body);
      return { status: 200, body: { ok: true as const } };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/plans',
    summary: 'List plans, newest first',
    tag: 'Plans',
    roles,
    query: z.strictObject({
      ...pageQuery,
      q: z.string().min(1).max(100).optional().meta({ description: 'Part of the name or the display name.' }),
      type: z.enum(planTypes).optional(),
      status: z.enum(planStatuses).optional(),
      visibility: z.enum(visibilities).optional(),
    }),
    responses: { 200: pageAnswer(planAnswer) },
    handle: async ({ scope, query: { limit, after, ...filter } }) => {
      const rows = await catalog.listPlans(scope, filter, { limit: limit + 1, before: decodeCursor(after) });
      return { status: 200, body: pageOf(rows, limit, (plan) => plan.id) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/plans/:id',
    summary: 'Read a plan',
    tag: 'Plans',
    roles,
    params: planParams,
    responses: { 200: planAnswer },
    handle: async ({ scope, params }) => ({ status: 200, body: await catalog.getPlan(scope, params.id) }),
  }),
  defineRoute({
    method: 'patch',
    path: '/v1/plans/:id',
    summary: 'Change a plan',
    description:
      'A named field replaces the whole of that field. A draft changes in place; of a published plan the next version is drafted, and sold once it is published. `name` and `visibility` belong to the plan and change at once.',
    tag: 'Plans',
    roles,
    params: planParams,
    body: planPatchSchema,
    responses: { 200: planAnswer },
    handle: async ({ scope, params, body }) => ({
      status: 200,
      body: await catalog.patchPlan(scope, params.id, body),
    }),
  }),
  defineRoute({
    method: 'delete',
    path: '/v1/plans/:id',
    summary: 'Delete a plan that nobody uses',
    description:
      'Hides it for good and frees its name; what was sold on it stays readable. A plan in use is 409 `plan_in_use`: archive it instead.',
    tag: 'Plans',
    roles,
    params: planParams,
    responses: { 204: z.undefined() },
    handle: async ({ scope, params }) => {
      await catalog.deletePlan(scope, params.id);
      return { status: 204, body: undefined };
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/v1/plans/:id/draft',
    summary: 'Discard the next version of a published plan',
    tag: 'Plans',
    roles,
    params: planParams,
    responses: { 200: planAnswer },
    handle: async ({ scope, params }) => ({ status: 200, body: await catalog.discardDraft(scope, params.id) }),
  }),
  defineRoute({
    method: 'post',
    path: '/v1/plans/:id/publish',
    summary: 'Publish the draft of a plan',
    description:
      'Freezes the version, its usage prices in USD at the rate of this moment, and sends it to every merchant account that carries the plan. Without a draft the published version is sent again.',
    tag: 'Plans',
    roles,
    params: planParams,
    responses: { 200: planAnswer },
    handle: async ({ scope, params }) => ({ status: 200, body: await catalog.publishPlan(scope, params.id) }),
  }),
  defineRoute({
    method: 'post',
    path: '/v1/plans/:id/duplicate',
    summary: 'Draft a copy of a plan under another name',
    tag: 'Plans',
    roles,
    params: planParams,
    responses: { 201: planAnswer },
    handle: async ({ scope, params, request }) => ({
      status: 201,
      body: await catalog.duplicatePlan(scope, params.id, request.idempotency?.requestId),
    }),
  }),
];

const switches = {
  enable: 'Sell a disabled plan again',
  disable: 'Stop new sales of a plan until it is enabled again',
  archive: 'Stop new sales of a plan for good; those who have it keep it',
  hide: 'Take a plan off the list that clients see',
  show: 'Put a plan back on the list that clients see',
} as const satisfies Record<PlanSwitch, string>;

const switchRoute = ({ catalog }: CatalogRouteDependencies, turn: PlanSwitch): Route =>
  defineRoute({
    method: 'post',
    path: `/v1/plans/:id/${turn}`,
    summary: switches[turn],
    tag: 'Plans',
    roles,
    params: planParams,
    responses: { 200: planAnswer },
    handle: async ({ scope, params }) => ({ status: 200, body: await catalog.switchPlan(scope, params.id, turn) }),
  });

const featureRoutes = ({ catalog }: CatalogRouteDependencies): Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/features',
    summary: 'List what plans can grant: the built-in features, then the agency’s own',
    tag: 'Plans',
    roles,
    query: z.strictObject({ agencyId: id('agency').optional() }),
    responses: { 200: pageAnswer(featureSchema.meta({ id: 'Feature' })) },
    handle: async ({ scope, query }) => {
      const features = await catalog.listFeatures(scope, query.agencyId);
      return { status: 200, body: { data: [...features], next: null } };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/v1/features',
    summary: 'Add a feature of the agency’s own',
    tag: 'Plans',
    roles,
    body: featureSchema.extend({ agencyId: id('agency').optional() }),
    responses: { 201: featureSchema },
    handle: async ({ scope, body: { agencyId, ...feature } }) => ({
      status: 201,
      body: await catalog.createFeature(scope, agencyId, feature),
    }),
  }),
];

/** Plans and features. */
export function createCatalogRoutes(dependencies: CatalogRouteDependencies): Route[] {
  return [
    ...planRoutes(dependencies),
    ...planSwitches.map((turn) => switchRoute(dependencies, turn)),
    ...featureRoutes(dependencies),
  ];
}
