import { stringify } from 'yaml';
import { fingerprint } from './part.ts';
import { soldDocument } from './plan-changes.ts';
import { type PlanDocument, planDocumentSchema } from './plan-document.ts';
import type { PlanView } from './plan-view.ts';

const isSame = (a: unknown, b: unknown): boolean => fingerprint({ of: a }) === fingerprint({ of: b });

/** What a field is when a file leaves it out. */
const defaultsOf = ({ name, displayName, type, pricingModel, currency }: PlanDocument): PlanDocument =>
  planDocumentSchema.parse({ name, displayName, type, pricingModel, currency });

const always: ReadonlySet<string> = new Set(['name', 'displayName', 'type', 'pricingModel', 'currency']);

/** The plan with what a reader needs: a field that says what leaving it out would say is left out. */
function written(plan: PlanDocument): Readonly<Record<string, unknown>> {
  const defaults: Readonly<Record<string, unknown>> = defaultsOf(plan);
  return Object.fromEntries(
    Object.entries(plan).filter(([field, value]) => always.has(field) || !isSame(value, defaults[field])),
  );
}

/**
 * Plans as the text of a plans file, by agency and name: those for sale and those switched off, as they are sold. Reading it back
 * changes nothing. A draft that was never published is not among them, for applying a file publishes what is in it.
 */
export function exportPlans(plans: readonly PlanView[], platformId: string): string {
  const sold = plans
    .filter(({ status }) => status === 'published' || status === 'disabled')
    .sort((a, b) => (`${a.agencyId} ${a.name}` < `${b.agencyId} ${b.name}` ? -1 : 1));
  const entries = sold.map((plan) => ({
    ...(plan.agencyId === platformId ? {} : { agencyId: plan.agencyId }),
    ...written(soldDocument(plan)),
  }));
  return stringify({ plans: entries }, { lineWidth: 120 });
}
