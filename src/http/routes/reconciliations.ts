import { z } from 'zod';
import { findingClasses, reportSchema } from '../../reconciliation/finding.ts';
import type { Reconciliation, ReconciliationView } from '../../reconciliation/reconciliation.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime } from '../schemas.ts';

export interface ReconciliationRouteDependencies {
  readonly reconciliation: Pick<Reconciliation, 'start' | 'find' | 'list'>;
}

const runAnswer = z
  .object({
    id: id('reconciliation'),
    status: z.enum(['waiting', 'running', 'done', 'failed']),
    error: z.string().nullable(),
    createdAt: isoTime,
    endedAt: isoTime.nullable(),
    reports: z.array(reportSchema).meta({
      description:
        'For each account, and each currency that it settles in: the provider’s lines, ours, and what explains the difference.',
    }),
    found: z.array(z.object({ class: z.string(), status: z.string(), count: z.int() })),
    findings: z
      .array(
        z.object({
          merchantAccountId: id('merchantAccount'),
          class: z.enum(findingClasses),
          subject: z.string(),
          status: z.enum(['repaired', 'raised', 'resolved']),
          detail: z.record(z.string(), z.string()),
          foundAt: isoTime,
        }),
      )
      .meta({ description: 'At most 200.' }),
  })
  .meta({ id: 'Reconciliation' });

const runJson = ({ createdAt, endedAt, reports, found, findings, ...run }: ReconciliationView) => ({
  ...run,
  createdAt: createdAt.toISOString(),
  endedAt: endedAt?.toISOString() ?? null,
  reports: [...reports],
  found: [...found],
  findings: findings.map(({ foundAt, ...finding }) => ({ ...finding, foundAt: foundAt.toISOString() })),
});

const summaryAnswer = runAnswer
  .pick({ id: true, status: true, error: true, createdAt: true, endedAt: true })
  .extend({
    merchantAccountId: id('merchantAccount').nullable().meta({ description: 'Null: every account.' }),
    raised: z.int().meta({ description: 'What it found that could not be repaired.' }),
  })
  .meta({ id: 'ReconciliationSummary' });

const tag = 'Reconciliation';

/** Providers' books against ours. */
export function createReconciliationRoutes({ reconciliation }: ReconciliationRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/reconciliations',
      summary: 'Compare providers’ books with ours, and repair what is missing',
      description:
        'Walks the events and the balance lines of each account since the last run, 30 days at most. It also runs by itself, every hour.',
      tag,
      roles: ['platform'],
      body: z.strictObject({ merchantAccountId: id('merchantAccount').optional() }),
      responses: { 202: runAnswer },
      handle: async ({ body }) => ({
        status: 202,
        body: runJson(await reconciliation.start(body.merchantAccountId ?? null)),
      }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/reconciliations',
      summary: 'List reconciliations, newest first',
      tag,
      roles: ['platform'],
      query: z.strictObject(pageQuery),
      responses: { 200: pageAnswer(summaryAnswer) },
      handle: async ({ query: { limit, after } }) => {
        const runs = await reconciliation.list({ limit: limit + 1, after: decodeCursor(after) });
        const { data, next } = pageOf(runs, limit, (run) => run.id);
        const shown = data.map((run) => ({
          ...run,
          createdAt: run.createdAt.toISOString(),
          endedAt: run.endedAt?.toISOString() ?? null,
        }));
        return { status: 200, body: { data: shown, next } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/reconciliations/:id',
      summary: 'Read a reconciliation',
      tag,
      roles: ['platform'],
      params: z.strictObject({ id: id('reconciliation') }),
      responses: { 200: runAnswer },
      handle: async ({ params }) => ({ status: 200, body: runJson(await reconciliation.find(params.id)) }),
    }),
  ];
}
