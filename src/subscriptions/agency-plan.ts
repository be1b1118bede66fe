import type { PlanDocument } from '../catalog/plan-document.ts';
import type { Sql } from '../database/database.ts';
import { notFound } from '../errors.ts';
import { customerOfAgency } from '../tenancy/agency-customer.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import { type LivePlan, livePlanOf } from './live-plan.ts';

/**
 * The plan of the platform's that an agency lives on, as the platform's client that it also is: its limits cover the agency
 * and its clients together. Null without one, which limits nothing.
 */
export async function agencyPlanOf(sql: Sql, agencyId: string): Promise<LivePlan | null> {
  const customer = await customerOfAgency(sql, agencyId);
  return customer && livePlanOf(sql, customer);
}

/** What an agency and its clients may have together. */
export interface AgencyLimits {
  readonly planId: string;
  readonly version: number;
  readonly displayName: string;
  readonly limits: PlanDocument['limits'];
  readonly recurring: readonly { readonly feature: string; readonly included: number }[];
  readonly usage: readonly { readonly feature: string; readonly included: string }[];
}

export const limitsOf = ({ planId, version, document }: LivePlan): AgencyLimits => ({
  planId,
  version,
  displayName: document.displayName,
  limits: document.limits,
  recurring: document.recurring.map(({ feature, included }) => ({ feature, included })),
  usage: document.usage.map(({ feature, included }) => ({ feature, included })),
});

/** Null where the agency is on no plan. Throws `AppError` 404 for an agency that is not there for the scope. */
export async function readAgencyLimits(sql: Sql, scope: Scope, agencyId: string): Promise<AgencyLimits | null> {
  if ((agencyOf(scope) ?? agencyId) !== agencyId) throw notFound('agency');
  const { rows } = await sql.query('SELECT 1 FROM agencies WHERE id = $1', [agencyId]);
  if (rows.length === 0) throw notFound('agency');
  const plan = await agencyPlanOf(sql, agencyId);
  return plan && limitsOf(plan);
}
