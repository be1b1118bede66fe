import { z } from 'zod';
import type { Catalog } from '../../catalog/catalog.ts';
import { publicationStatuses } from '../../catalog/publication.store.ts';
import { decodeCursor, encodeCursor, pageAnswer, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id } from '../schemas.ts';

export interface CatalogSyncRouteDependencies {
  readonly catalog: Catalog;
}

const roles = ['platform', 'agency'] as const;

const operationAnswer = z
  .object({
    action: z.enum(['create', 'update', 'archive']),
    kind: z.enum(['product', 'price']),
    planId: z.string(),
    merchantAccountId: z.string(),
    key: z.string().meta({ description: 'The part of the plan.', example: 'base:monthly' }),
    reason: z.string(),
  })
  .meta({ id: 'CatalogOperation' });

const blockedAnswer = z.object({ planId: z.string(), merchantAccountId: z.string(), reason: z.string() });

const statusAnswer = z
  .object({
    planId: z.string(),
    merchantAccountId: z.string(),
    version: z.int(),
    status: z.enum(publicationStatuses),
    reason: z.string().nullable(),
  })
  .meta({ id: 'CatalogStatus' });

/** How far plans have been carried to the providers, and what somebody changed there. */
export const createCatalogSyncRoutes = ({ catalog }: CatalogSyncRouteDependencies): Route[] => [
  defineRoute({
    method: 'post',
    path: '/v1/catalog/sync',
    summary: 'Bring published plans to the accounts that carry them',
    description:
      'Answers the operations that were carried out or, on a dry run, would be. With nothing to do it asks no provider. `blocked` lists what cannot be carried, and why.',
    tag: 'Catalog',
    roles,
    // A body may be left out: everything is synchronised.
    body: z
      .strictObject({
        dryRun: z.boolean().default(false),
        merchantAccountId: id('merchantAccount').optional(),
        planId: id('plan').optional(),
      })
      .prefault({}),
    responses: {
      200: z.object({ operations: z.array(operationAnswer), applied: z.boolean(), blocked: z.array(blockedAnswer) }),
    },
    handle: async ({ scope, body }) => {
      const { operations, applied, blocked } = await catalog.sync(scope, body);
      return { status: 200, body: { operations: [...operations], applied, blocked: [...blocked] } };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/catalog/status',
    summary: 'Where published plans stand in each account, newest plan first',
    description: 'A page holds at most `limit` plans, each with a line per account that carries it.',
    tag: 'Catalog',
    roles,
    query: z.strictObject({
      ...pageQuery,
      merchantAccountId: id('merchantAccount').optional(),
      planId: id('plan').optional(),
    }),
    responses: { 200: pageAnswer(statusAnswer) },
    handle: async ({ scope, query: { limit, after, ...selection } }) => {
      const { plans, standings } = await catalog.status(scope, selection, { limit, before: decodeCursor(after) });
      const last = plans.length === limit ? plans.at(-1) : undefined;
      return { status: 200, body: { data: [...standings], next: last ? encodeCursor(last.planId) : null } };
    },
  }),
];
