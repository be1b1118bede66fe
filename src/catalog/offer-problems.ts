import { AppError, type FieldError } from '../errors.ts';
import type { StoredSellablePlan } from './offer.store.ts';

/** Why one id of a list cannot be offered: `message` says what to do instead. */
export interface OfferProblem extends FieldError {
  readonly code: string;
}

const unknownPlan = (path: string, id: string): OfferProblem => ({
  code: 'offered_plan_unknown',
  path,
  message: `There is no plan ${id} to offer: take its id from GET /v1/plans.`,
});
const archivedPlan = (path: string, { id }: StoredSellablePlan): OfferProblem => ({
  code: 'offered_plan_archived',
  path,
  message: `${id} is archived and cannot be sold: leave it out, or duplicate it.`,
});

/** Throws `AppError` 422 with the code of the first problem and the path of every one. */
export function refuseProblems(problems: readonly OfferProblem[]): void {
  const [first] = problems;
  if (!first) return;
  const errors = problems.map(({ path, message }) => ({ path, message }));
  throw new AppError(422, first.code, first.message, errors);
}

/** What is wrong with each id of a list, given the plans that may be named and what else forbids one. */
export function problemsOf(
  planIds: readonly string[],
  plans: readonly StoredSellablePlan[],
  forbidden: (path: string, plan: StoredSellablePlan) => OfferProblem | null,
): readonly OfferProblem[] {
  const known = new Map(plans.map((plan) => [plan.id, plan]));
  return planIds.flatMap((id, index) => {
    const path = `planIds.${index}`;
    const plan = known.get(id);
    if (!plan) return [unknownPlan(path, id)];
    if (plan.status === 'archived') return [archivedPlan(path, plan)];
    return forbidden(path, plan) ?? [];
  });
}

/** A list says each plan once; in which order is the client's to see. */
export const distinct = (planIds: readonly string[]): readonly string[] => [...new Set(planIds)];

export const isSameList = (a: readonly string[] | null, b: readonly string[] | null): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
