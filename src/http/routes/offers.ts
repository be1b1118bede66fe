import { z } from 'zod';
import type { ClientOffers } from '../../catalog/offer-plans.ts';
import { offeredPlanSchema } from '../../catalog/offered-plan.ts';
import type { Offers } from '../../catalog/offers.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id } from '../schemas.ts';

export interface OfferRouteDependencies {
  readonly offers: Offers;
}

const planIds = z.array(id('plan'));
const body = z.strictObject({ planIds: planIds.max(500) });

const offersAnswer = z
  .object({
    planIds,
    source: z.enum(['own', 'visible']).meta({
      description:
        '`own`: offered to this client by name. `visible`: it has no offers of its own, so the agency’s list.',
    }),
    plansPage: z.boolean().meta({ description: 'False hides the page of plans from the client.' }),
  })
  .meta({ id: 'Offers' });

const offersJson = (offers: ClientOffers) => ({ ...offers, planIds: [...offers.planIds] });

const customerParams = z.strictObject({ id: id('customer') });
const agencyParams = z.strictObject({ id: id('agency') });
const tag = 'Offers';

/** Which plans each client may see and buy, and which of the platform's an agency may. */
export function createOfferRoutes({ offers }: OfferRouteDependencies): Route[] {
  return [...clientRoutes(offers), ...agencyRoutes(offers)];
}

const clientRoutes = (offers: Offers): Route[] => [
  defineRoute({
    method: 'put',
    path: '/v1/customers/:id/offers',
    summary: 'Say which plans a client may see and buy',
    description:
      'Replaces the list. Hidden plans are sold only where they are named; a custom plan only to its client. An empty list offers nothing and hides the page of plans.',
    tag,
    roles: ['platform', 'agency'],
    params: customerParams,
    body,
    responses: { 200: offersAnswer },
    handle: async ({ scope, params, body }) => ({
      status: 200,
      body: offersJson(await offers.setOffers(scope, params.id, body.planIds)),
    }),
  }),
  defineRoute({
    method: 'get',
    path: '/v1/customers/:id/offers',
    summary: 'Which plans a client may see and buy',
    tag,
    roles: ['platform', 'agency', 'portal'],
    params: customerParams,
    responses: { 200: offersAnswer },
    handle: async ({ scope, params }) => ({
      status: 200,
      body: offersJson(await offers.readOffers(scope, params.id)),
    }),
  }),
  defineRoute({
    method: 'delete',
    path: '/v1/customers/:id/offers',
    summary: 'Go back to the agency’s visible plans',
    tag,
    roles: ['platform', 'agency'],
    params: customerParams,
    responses: { 204: z.undefined() },
    handle: async ({ scope, params }) => {
      await offers.removeOffers(scope, params.id);
      return { status: 204, body: undefined };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/customers/:id/plans',
    summary: 'The plans as this client sees them, oldest first',
    description: 'What the client itself would be shown: for the agency, a preview.',
    tag,
    roles: ['platform', 'agency', 'portal'],
    params: customerParams,
    query: z.strictObject(pageQuery),
    responses: { 200: pageAnswer(offeredPlanSchema.meta({ id: 'OfferedPlan' })) },
    handle: async ({ scope, params, query: { limit, after } }) => {
      const rows = await offers.previewPlans(scope, params.id, { limit: limit + 1, after: decodeCursor(after) });
      return { status: 200, body: pageOf(rows, limit, (plan) => plan.id) };
    },
  }),
];

const agencyOffersAnswer = z.object({ planIds }).meta({ id: 'AgencyOffers' });

const agencyRoutes = (offers: Offers): Route[] => [
  defineRoute({
    method: 'put',
    path: '/v1/agencies/:id/offers',
    summary: 'Say which of the platform’s plans an agency may resell or buy',
    description:
      'Replaces the list. Such a plan is on no list of the agency’s clients: each gets it by an offer that names it.',
    tag,
    roles: ['platform'],
    params: agencyParams,
    body,
    responses: { 200: agencyOffersAnswer },
    handle: async ({ scope, params, body }) => ({
      status: 200,
      body: { planIds: [...(await offers.setAgencyOffers(scope, params.id, body.planIds))] },
    }),
  }),
  defineRoute({
    method: 'get',
    path: '/v1/agencies/:id/offers',
    summary: 'Which of the platform’s plans an agency may resell or buy',
    tag,
    roles: ['platform', 'agency'],
    params: agencyParams,
    responses: { 200: agencyOffersAnswer },
    handle: async ({ scope, params }) => ({
      status: 200,
      body: { planIds: [...(await offers.readAgencyOffers(scope, params.id))] },
    }),
  }),
];
