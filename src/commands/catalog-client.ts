import { Agent, fetch } from 'undici';
import { z } from 'zod';
import { catalogActions } from '../catalog/diff.ts';
import { type PlanView, planViewSchema } from '../catalog/plan-view.ts';

const problemSchema = z.object({
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).default([]),
});

/** The service refused a request; `errors` names the wrong fields of a 422. */
export class Refused extends Error {
  readonly errors: readonly { readonly path: string; readonly message: string }[];

  constructor(problem: z.output<typeof problemSchema>) {
    super(`${problem.detail} (${problem.code})`);
    this.name = 'Refused';
    this.errors = problem.errors;
  }
}

const syncSchema = z.object({
  operations: z.array(
    z.object({
      action: z.enum(catalogActions),
      kind: z.string(),
      planId: z.string(),
      merchantAccountId: z.string(),
      key: z.string(),
      reason: z.string(),
    }),
  ),
  blocked: z.array(z.object({ planId: z.string(), merchantAccountId: z.string(), reason: z.string() })),
});
export type SyncAnswer = z.output<typeof syncSchema>;

const statusLine = z.object({
  planId: z.string(),
  merchantAccountId: z.string(),
  status: z.string(),
  reason: z.string().nullable(),
});
export type StatusLine = z.output<typeof statusLine>;

const findingLine = z.object({
  id: z.string(),
  merchantAccountId: z.string(),
  planId: z.string().nullable(),
  key: z.string().nullable(),
  kind: z.string(),
  remoteId: z.string(),
  problem: z.string(),
  differences: z.array(z.object({ field: z.string(), expected: z.string().nullable(), found: z.string().nullable() })),
});
export type FindingLine = z.output<typeof findingLine>;

const checkLine = z.object({ merchantAccountId: z.string(), foreign: z.number(), failure: z.string().nullable() });
export type CheckLine = z.output<typeof checkLine>;

export interface CatalogClient {
  platformId(): Promise<string>;
  /** All plans that there are. */
  plans(): Promise<readonly PlanView[]>;
  /** Throws `Refused` for a plan that breaks a rule; makes nothing. */
  check(plan: object): Promise<void>;
  create(plan: object): Promise<PlanView>;
  change(planId: string, patch: object): Promise<PlanView>;
  publish(planId: string): Promise<PlanView>;
  sync(selection: { readonly dryRun: boolean }): Promise<SyncAnswer>;
  status(): Promise<readonly StatusLine[]>;
  /** Has the providers read now, and answers what is open. */
  drift(): Promise<{ readonly checks: readonly CheckLine[]; readonly findings: readonly FindingLine[] }>;
}

/** A first synchronisation of many accounts answers when it is done, however long that takes. */
const patient = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

/** Talks to a running service. Methods throw `Refused` for an error answer. */
export function createCatalogClient(baseUrl: string, apiKey: string): CatalogClient {
  const call = async <Answer>(
    method: string,
    path: string,
    schema: z.ZodType<Answer>,
    body?: object,
  ): Promise<Answer> => {
    const response = await fetch(new URL(path, baseUrl), {
      method,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      dispatcher: patient,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Refused(problemSchema.parse(answer));
    return schema.parse(answer);
  };

  const all = async <Row>(path: string, row: z.ZodType<Row>): Promise<readonly Row[]> => {
    const page = z.object({ data: z.array(row), next: z.string().nullable() });
    const rows: Row[] = [];
    for (let after = ''; ; ) {
      const { data, next } = await call('GET', `${path}?limit=100${after}`, page);
      rows.push(...data);
      if (next === null) return rows;
      after = `&after=${encodeURIComponent(next)}`;
    }
  };

  return {
    platformId: async () => (await call('GET', '/v1/agencies/platform', z.object({ id: z.string() }))).id,
    plans: () => all('/v1/plans', planViewSchema),
    check: async (plan) => {
      await call('POST', '/v1/plans/check', z.object({ ok: z.literal(true) }), plan);
    },
    create: (plan) => call('POST', '/v1/plans', planViewSchema, plan),
    change: (planId, patch) => call('PATCH', `/v1/plans/${planId}`, planViewSchema, patch),
    publish: (planId) => call('POST', `/v1/plans/${planId}/publish`, planViewSchema),
    status: () => all('/v1/catalog/status', statusLine),
    sync: (selection) => call('POST', '/v1/catalog/sync', syncSchema, selection),
    drift: async () => {
      const { checks } = await call('POST', '/v1/catalog/drift', z.object({ checks: z.array(checkLine) }), {});
      return { checks, findings: await all('/v1/catalog/drift', findingLine) };
    },
  };
}
