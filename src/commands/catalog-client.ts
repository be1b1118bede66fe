import { z } from 'zod';
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
      action: z.string(),
      kind: z.string(),
      planId: z.string(),
      merchantAccountId: z.string(),
      key: z.string(),
    }),
  ),
  blocked: z.array(z.object({ planId: z.string(), merchantAccountId: z.string(), reason: z.string() })),
});
export type SyncAnswer = z.output<typeof syncSchema>;

const statusPage = z.object({
  data: z.array(
    z.object({ planId: z.string(), merchantAccountId: z.string(), status: z.string(), reason: z.string().nullable() }),
  ),
  next: z.string().nullable(),
});
export type StatusLine = z.output<typeof statusPage>['data'][number];

const plansPage = z.object({ data: z.array(planViewSchema), next: z.string().nullable() });

export interface CatalogClient {
  platformId(): Promise<string>;
  /** The plan of exactly this name in the agency. */
  planNamed(agencyId: string, name: string): Promise<PlanView | undefined>;
  create(plan: object): Promise<PlanView>;
  change(planId: string, patch: object): Promise<PlanView>;
  publish(planId: string): Promise<PlanView>;
  sync(selection: { readonly dryRun: boolean }): Promise<SyncAnswer>;
  status(): Promise<readonly StatusLine[]>;
}

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
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Refused(problemSchema.parse(answer));
    return schema.parse(answer);
  };

  return {
    platformId: async () => (await call('GET', '/v1/agencies/platform', z.object({ id: z.string() }))).id,
    planNamed: async (agencyId, name) => {
      let after = '';
      for (;;) {
        const query = `q=${encodeURIComponent(name)}&limit=100${after}`;
        const { data, next } = await call('GET', `/v1/plans?${query}`, plansPage);
        const found = data.find((plan) => plan.name === name && plan.agencyId === agencyId);
        if (found || next === null) return found;
        after = `&after=${encodeURIComponent(next)}`;
      }
    },
    create: (plan) => call('POST', '/v1/plans', planViewSchema, plan),
    change: (planId, patch) => call('PATCH', `/v1/plans/${planId}`, planViewSchema, patch),
    publish: (planId) => call('POST', `/v1/plans/${planId}/publish`, planViewSchema),
    status: async () => {
      const lines: StatusLine[] = [];
      for (let after = ''; ; ) {
        const { data, next } = await call('GET', `/v1/catalog/status?limit=100${after}`, statusPage);
        lines.push(...data);
        if (next === null) return lines;
        after = `&after=${encodeURIComponent(next)}`;
      }
    },
    sync: (selection) => call('POST', '/v1/catalog/sync', syncSchema, selection),
  };
}
