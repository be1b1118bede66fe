import { z } from 'zod';
import type { Catalog } from '../../catalog/catalog.ts';
import { catalogActions } from '../../catalog/diff.ts';
import { type DriftCheck, type Finding, findingSchema, findingStatuses } from '../../catalog/drift.store.ts';
import { driftProblems } from '../../catalog/drift.ts';
import { type DriftAnswer, driftAnswers } from '../../catalog/drift-doctor.ts';
import { partKinds } from '../../catalog/part.ts';
import { publicationStatuses } from '../../catalog/publication.store.ts';
import { type CatalogStatus, planProgress } from '../../catalog/status.ts';
import { decodeCursor, encodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime } from '../schemas.ts';

export interface CatalogSyncRouteDependencies {
  readonly catalog: Catalog;
}

const roles = ['platform', 'agency'] as const;

const operationAnswer = z
  .object({
    action: z.enum(catalogActions),
    kind: z.enum(partKinds),
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
    notices: z.array(z.string()).meta({
      description: 'What clients of this account get instead of what its provider lacks, in plain words.',
    }),
  })
  .meta({ id: 'CatalogStatus' });

const shownStanding = ({ notices, ...standing }: CatalogStatus) => ({ ...standing, notices: [...notices] });

const progressAnswer = z
  .object({
    planId: z.string(),
    accounts: z.int(),
    inSync: z.int(),
    pending: z.int(),
    drifted: z.int(),
    blocked: z.int(),
  })
  .meta({ id: 'CatalogProgress', description: 'In how many accounts the plan stands where.' });

const findingAnswer = z
  .object({
    id: z.string(),
    agencyId: z.string(),
    merchantAccountId: z.string(),
    planId: z.string().nullable(),
    key: z.string().nullable().meta({ description: 'The part of the plan.', example: 'base:monthly' }),
    kind: z.enum(partKinds),
    remoteId: z.string().meta({ description: 'The object at the provider.', example: 'price_1Abc' }),
    problem: z.enum(driftProblems).meta({ description: '`unknown`: it looks like ours, and is not.' }),
    differences: findingSchema.shape.differences,
    status: z.enum(findingStatuses),
    foundAt: isoTime,
  })
  .meta({ id: 'DriftFinding' });

const shownFinding = ({ foundAt, ...finding }: Finding) => ({ ...finding, foundAt: foundAt.toISOString() });

const checkAnswer = z
  .object({
    merchantAccountId: z.string(),
    checkedAt: isoTime,
    foreign: z.int().meta({ description: 'Objects of other business beside ours: no reason for alarm.' }),
    failure: z.string().nullable().meta({ description: 'Why the account could not be read.' }),
  })
  .meta({ id: 'DriftCheck' });

const shownCheck = ({ merchantAccountId, checkedAt, foreignObjects, failure }: DriftCheck) => ({
  merchantAccountId,
  checkedAt: checkedAt.toISOString(),
  foreign: foreignObjects,
  failure,
});

const syncRoutes = ({ catalog }: CatalogSyncRouteDependencies): Route[] => [
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
    description:
      'A page holds at most `limit` plans, each with a line per account that carries it, and `plans` counts the lines of each plan. It follows a synchronisation while that runs.',
    tag: 'Catalog',
    roles,
    query: z.strictObject({
      ...pageQuery,
      merchantAccountId: id('merchantAccount').optional(),
      planId: id('plan').optional(),
    }),
    responses: { 200: pageAnswer(statusAnswer).extend({ plans: z.array(progressAnswer) }) },
    handle: async ({ scope, query: { limit, after, ...selection } }) => {
      const { plans, standings } = await catalog.status(scope, selection, { limit, before: decodeCursor(after) });
      const last = plans.length === limit ? plans.at(-1) : undefined;
      const next = last ? encodeCursor(last.planId) : null;
      return { status: 200, body: { data: standings.map(shownStanding), next, plans: [...planProgress(standings)] } };
    },
  }),
];

const driftRoutes = ({ catalog }: CatalogSyncRouteDependencies): Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/catalog/drift',
    summary: 'What was changed at the providers, newest finding first',
    description: 'Of the last check of each account, which is listed under `checks`. Accounts are checked once a day.',
    tag: 'Catalog',
    roles,
    query: z.strictObject({
      ...pageQuery,
      status: z.enum(findingStatuses).default('open'),
      merchantAccountId: id('merchantAccount').optional(),
      planId: id('plan').optional(),
    }),
    responses: { 200: pageAnswer(findingAnswer).extend({ checks: z.array(checkAnswer) }) },
    handle: async ({ scope, query: { limit, after, ...filter } }) => {
      const found = await catalog.drift.findings(scope, filter, { limit: limit + 1, before: decodeCursor(after) });
      const { data, next } = pageOf(found, limit, (finding) => finding.id);
      const checks = await catalog.drift.checks(scope);
      return { status: 200, body: { data: data.map(shownFinding), next, checks: checks.map(shownCheck) } };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/v1/catalog/drift',
    summary: 'Look for changes at the providers now',
    description: 'Reads the whole catalogue of the accounts. What it finds is listed by GET.',
    tag: 'Catalog',
    roles,
    body: z.strictObject({ merchantAccountId: id('merchantAccount').optional() }).prefault({}),
    responses: { 200: z.object({ checks: z.array(checkAnswer) }) },
    handle: async ({ scope, body }) => {
      const checks = await catalog.drift.check(scope, body.merchantAccountId);
      return { status: 200, body: { checks: checks.map(shownCheck) } };
    },
  }),
];

const answerTexts = {
  restore: {
    summary: 'Bring an object back to what was published',
    description: 'What only looks like ours is taken out of sale; what is gone is made anew.',
  },
  adopt: {
    summary: 'Take an object over as it is',
    description:
      'An edited text stays until the next version of the plan; a price becomes the one that is sold. 409 `drift_adoption_refused` where amount, interval, currency or active flag differ.',
  },
  ignore: { summary: 'Leave an object as it is', description: 'It is not reported again until it changes.' },
} as const satisfies Record<DriftAnswer, { summary: string; description: string }>;

const answerRoute = ({ catalog }: CatalogSyncRouteDependencies, answer: DriftAnswer): Route =>
  defineRoute({
    method: 'post',
    path: `/v1/catalog/drift/:id/${answer}`,
    ...answerTexts[answer],
    tag: 'Catalog',
    roles,
    params: z.strictObject({ id: id('driftFinding') }),
    responses: { 200: findingAnswer },
    handle: async ({ scope, params }) => ({
      status: 200,
      body: shownFinding(await catalog.drift.answer(scope, params.id, answer)),
    }),
  });

/** How far plans have been carried to the providers, and what somebody changed there. */
export const createCatalogSyncRoutes = (dependencies: CatalogSyncRouteDependencies): Route[] => [
  ...syncRoutes(dependencies),
  ...driftRoutes(dependencies),
  ...driftAnswers.map((answer) => answerRoute(dependencies, answer)),
];
