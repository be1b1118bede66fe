import { z } from 'zod';
import { type Overviews, refillStates, serviceStates } from '../../overview/read-overview.ts';
import { collectionSchema } from '../../tenancy/customer.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime, moneyAnswer } from '../schemas.ts';

export interface OverviewRouteDependencies {
  readonly overviews: Overviews;
}

const overviewAnswer = z
  .object({
    asOf: isoTime.meta({ description: 'This moment by the service’s clock, which a sandbox’s moves.' }),
    clients: z.int(),
    paused: z.int().meta({ description: 'Clients whose balance pauses their service.' }),
    failingRefills: z.int().meta({ description: 'Clients with auto-refill on whose default card is not charged now.' }),
    prepaid: moneyAnswer.meta({ description: 'Paid ahead and not used: all balances above zero.' }),
    owed: moneyAnswer.meta({ description: 'Used and not paid: all balances below zero, as a positive amount.' }),
    driftedPlans: z.int().meta({ description: 'Plans that somebody changed at a provider.' }),
    driftChanges: z.int(),
    parkedEvents: z.int().nullable().meta({ description: 'Of the inbox, which only the platform sees.' }),
  })
  .meta({ id: 'Overview' });

const standingAnswer = z
  .object({
    customerId: id('customer'),
    agencyId: id('agency'),
    name: z.string(),
    email: z.string(),
    externalId: z.string().nullable(),
    collection: collectionSchema,
    disabled: z.boolean(),
    balance: moneyAnswer,
    state: z.enum(serviceStates),
    refill: z.enum(refillStates).meta({ description: '`failing`: it is on, and the default card is not charged now.' }),
    plan: z
      .object({ id: id('plan'), version: z.int(), displayName: z.string(), status: z.string() })
      .nullable()
      .meta({ description: 'What the client lives on.' }),
  })
  .meta({ id: 'Standing' });

const tag = 'Overview';
const roles = ['platform', 'agency'] as const;
const agencyId = id('agency').optional().meta({ description: 'Left out by the platform: of every agency.' });

/** The figures an agency looks at first, and the clients behind them. */
export const createOverviewRoutes = ({ overviews }: OverviewRouteDependencies): Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/overview',
    summary: 'Read the figures of this moment',
    tag,
    roles,
    query: z.strictObject({ agencyId }),
    responses: { 200: overviewAnswer },
    handle: async ({ scope, query }) => {
      const { asOf, prepaid, owed, ...counts } = await overviews.read(scope, query.agencyId);
      return {
        status: 200,
        body: { asOf: asOf.toISOString(), ...counts, prepaid: prepaid.toJSON(), owed: owed.toJSON() },
      };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/standings',
    summary: 'List where clients stand, newest client first',
    description: 'A client’s balance, its service, its plan and its auto-refill in one line.',
    tag,
    roles,
    query: z.strictObject({
      ...pageQuery,
      agencyId,
      state: z.enum(serviceStates).optional(),
      refill: z.enum(refillStates).optional(),
      q: z
        .string()
        .min(1)
        .max(100)
        .optional()
        .meta({ description: 'Part of the name, the address or your own id for the client.' }),
    }),
    responses: { 200: pageAnswer(standingAnswer) },
    handle: async ({ scope, query: { limit, after, ...filter } }) => {
      const found = await overviews.standings(scope, filter, { limit: limit + 1, before: decodeCursor(after) });
      const { data, next } = pageOf(found, limit, ({ customerId }) => customerId);
      return {
        status: 200,
        body: {
          data: data.map(({ planId, planVersion, planName, planStatus, balance, ...standing }) => ({
            ...standing,
            balance: balance.toJSON(),
            plan:
              planId === null || planVersion === null
                ? null
                : { id: planId, version: planVersion, displayName: planName ?? planId, status: planStatus ?? '' },
          })),
          next,
        },
      };
    },
  }),
];
