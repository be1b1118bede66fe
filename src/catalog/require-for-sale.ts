import type { Sql } from '../database/database.ts';
import { AppError, notFound } from '../errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { availability, unavailableReasons } from './availability.ts';
import { type CustomerKey, findClient, holdSellablePlan, loadOffers, offeredPlans } from './offer.store.ts';
import { loadVersions, type PlanKey } from './plan.store.ts';
import type { VersionDocument } from './plan-document.ts';

/** Who gets which plan. */
export interface PlanSale {
  readonly customerId: string;
  readonly planId: string;
}

/** What may be sold: the version that the client gets and stays on. */
export interface PlanForSale {
  readonly customer: CustomerKey;
  readonly plan: PlanKey;
  readonly version: number;
  readonly document: VersionDocument;
}

/** A client that guesses ids learns nothing: a plan it may not have looks like one that is not there. */
const notForThisClient = (): AppError =>
  new AppError(
    404,
    'plan_not_buyable',
    'No plan of this id is for sale here: choose one that the list of plans shows.',
  );

async function requireForSale(
  sql: Sql,
  scope: Scope,
  { customerId, planId }: PlanSale,
  by: 'client' | 'agency',
): Promise<PlanForSale> {
  const customer = await findClient(sql, scope, customerId, 'hold');
  const plan = await holdSellablePlan(sql, customer, planId);
  if (!plan) throw scope.role === 'portal' ? notForThisClient() : notFound('plan');

  const offers = offeredPlans(await loadOffers(sql, customer));
  const { buyable, assignable, reasons } = availability(plan, offers, { id: customerId });
  if (by === 'client' ? !buyable : !assignable) {
    if (scope.role === 'portal') throw notForThisClient();
    const code = by === 'client' ? 'plan_not_buyable' : 'plan_not_assignable';
    const sentences = reasons.map((reason) => unavailableReasons[reason]);
    const errors = sentences.map((message) => ({ path: 'planId', message }));
    throw new AppError(409, code, `This client cannot have the plan. ${sentences.join(' ')}`, errors);
  }
  const key = { agencyId: plan.agencyId, planId };
  const { published } = await loadVersions(sql, key);
  if (!published) throw new Error(`plan ${planId} is ${plan.status} without a published version`);
  return { customer, plan: key, version: published.version, document: published.document };
}

/**
 * The plan that a client is about to buy. Called in the transaction that records the sale: until it ends the plan is not
 * archived or deleted, nor the client's offers changed. Throws `AppError` 404 for a client or plan that is not
 * there, 409 `plan_not_buyable` with every reason; to a portal both are 404 `plan_not_buyable`.
 */
export const requireBuyable = (sql: Sql, scope: Scope, sale: PlanSale): Promise<PlanForSale> =>
  requireForSale(sql, scope, sale, 'client');

/** The plan that an agency is about to assign: as above, but offers and visibility do not count. Throws 409 `plan_not_assignable`. */
export const requireAssignable = (sql: Sql, scope: Scope, sale: PlanSale): Promise<PlanForSale> =>
  requireForSale(sql, scope, sale, 'agency');
