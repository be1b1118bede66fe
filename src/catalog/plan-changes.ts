import { fingerprint } from './part.ts';
import { type PlanDocument, planDocumentSchema } from './plan-document.ts';
import type { PlanView } from './plan-view.ts';

/** What applying a plan from a file does to the plan of that name. */
export type PlanChange =
  | { readonly kind: 'create' }
  | { readonly kind: 'change'; readonly fields: readonly string[] }
  /** A draft already says what the file says: it is only published. */
  | { readonly kind: 'publish' }
  | { readonly kind: 'none' };

const isSame = (a: unknown, b: unknown): boolean => fingerprint({ of: a }) === fingerprint({ of: b });

/** The plan as it is sold or, before its first publication, drafted. */
export const soldDocument = (plan: PlanView): PlanDocument => planDocumentSchema.strip().parse(plan);

/** What a change would start from: the draft where there is one. */
const latestOf = (plan: PlanView): PlanDocument =>
  planDocumentSchema.strip().parse(plan.draft ? { ...plan, ...plan.draft } : plan);

/** A file says what is sold: a plan that is sold as it is written is kept, whatever its next version drafts. */
export function planChange(wanted: PlanDocument, there: PlanView | undefined): PlanChange {
  if (!there) return { kind: 'create' };
  if (there.status !== 'draft' && isSame(wanted, soldDocument(there))) return { kind: 'none' };
  const latest = latestOf(there);
  const before: Readonly<Record<string, unknown>> = latest;
  const fields = Object.entries(wanted)
    .filter(([field, value]) => !isSame(value, before[field]))
    .map(([field]) => field);
  if (fields.length > 0) return { kind: 'change', fields };
  return there.status === 'draft' || there.draft !== null ? { kind: 'publish' } : { kind: 'none' };
}
