import { z } from 'zod';
import { packIdsOf } from './pack.ts';
import { currentVersions, type PlanStatus } from './plan.store.ts';
import { frozenUsageSchema, planDocumentSchema, planStatuses, withoutFrozen } from './plan-document.ts';

/**
 * A plan as it is answered: the version for sale or, before the first publication, the draft. `draft` is the next version
 * of a plan that is already for sale, null where there is none.
 */
export const planViewSchema = z.object({
  id: z.string(),
  agencyId: z.string(),
  status: z.enum(planStatuses),
  version: z.int(),
  publishedAt: z.string().nullable(),
  ...planDocumentSchema.shape,
  packIds: z.array(z.string()).meta({ description: 'What each of `packs` is bought by, in their order.' }),
  frozen: frozenUsageSchema.nullable(),
  draft: z.object({ version: z.int(), ...planDocumentSchema.shape }).nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type PlanView = z.output<typeof planViewSchema>;

/** A row of the table of plans. */
export interface PlanRow {
  readonly id: string;
  readonly agencyId: string;
  readonly name: string;
  readonly status: string;
  readonly visibility: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const planColumns = z.object({ status: z.enum(planStatuses), visibility: planDocumentSchema.shape.visibility });

export function planView(plan: PlanRow, versionRows: unknown): PlanView {
  const { published, draft } = currentVersions(versionRows);
  const shown = published ?? draft;
  if (!shown) throw new Error(`plan ${plan.id} has no version`);
  const columns = planColumns.parse(plan);
  return {
    id: plan.id,
    agencyId: plan.agencyId,
    version: shown.version,
    publishedAt: shown.publishedAt?.toISOString() ?? null,
    ...shown.document,
    packIds: packIdsOf(plan.id, shown.version, shown.document),
    name: plan.name,
    visibility: columns.visibility,
    status: columns.status satisfies PlanStatus,
    draft: published && draft ? { version: draft.version, ...withoutFrozen(draft.document) } : null,
    createdAt: plan.createdAt.toISOString(),
    updatedAt: plan.updatedAt.toISOString(),
  };
}
