import { fingerprint } from './desired.ts';
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

/** What a change would start from: the draft where there is one. */
const latestOf = (plan: PlanView): PlanDocument => {
  const { frozen: _, draft, ...shown } = plan;
  return planDocumentSchema.strip().parse(draft ? { ...shown, ...draft } : shown);
};

export function planChange(wanted: PlanDocument, there: PlanView | undefined): PlanChange {
  if (!there) return { kind: 'create' };
  const latest = latestOf(there);
  const before: Readonly<Record<string, unknown>> = latest;
  const fields = Object.entries(wanted)
    .filter(([field, value]) => !isSame(value, before[field]))
    .map(([field]) => field);
  if (fields.length > 0) return { kind: 'change', fields };
  return there.status === 'draft' || there.draft !== null ? { kind: 'publish' } : { kind: 'none' };
}
