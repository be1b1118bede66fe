import type { Clock } from '../clock.ts';
import { type Database, inTransaction, type Sql } from '../database/database.ts';
import { recordChange } from '../tenancy/audit.ts';
import type { Scope } from '../tenancy/scope.ts';
import { availability } from './availability.ts';
import {
  type CustomerKey,
  deleteOffers,
  findClient,
  loadOffers,
  offeredPlans,
  saveOffers,
  sellablePlansOf,
  shownPlans,
} from './offer.store.ts';
import { distinct, isSameList, problemsOf, refuseProblems } from './offer-problems.ts';
import { type OfferedPlan, offeredPlan } from './offered-plan.ts';
import { loadPublishedVersions } from './plan.store.ts';

/** What a client may see and buy. */
export interface ClientOffers {
  /** Those offered by name or, without offers of its own, the agency's visible plans. */
  readonly planIds: readonly string[];
  readonly source: 'own' | 'visible';
  /** False hides the page of plans from the client. */
  readonly plansPage: boolean;
}

async function buyablePlans(sql: Sql, customer: CustomerKey, offers: readonly string[] | null) {
  const named = offeredPlans(offers);
  const plans = await shownPlans(sql, customer, offers);
  return plans.filter((plan) => availability(plan, named, { id: customer.customerId }).buyable);
}

async function clientOffers(sql: Sql, customer: CustomerKey): Promise<ClientOffers> {
  const offers = await loadOffers(sql, customer);
  if (offers === null) {
    const planIds = (await buyablePlans(sql, customer, null)).map(({ id }) => id);
    return { planIds, source: 'visible', plansPage: true };
  }
  // A deleted plan is in no list; the others stay named, so that enabling one offers it again.
  const there = new Set((await sellablePlansOf(sql, customer, offers)).map(({ id }) => id));
  const asAgency = (await shownPlans(sql, customer, offers)).filter((plan) => plan.offeredAsAgency);
  const planIds = distinct([...offers.filter((id) => there.has(id)), ...asAgency.map(({ id }) => id)]);
  return { planIds, source: 'own', plansPage: planIds.length > 0 };
}

/** Throws `AppError` 404 for a client that is not there for the scope. */
export const readOffers = async (sql: Sql, scope: Scope, customerId: string): Promise<ClientOffers> =>
  clientOffers(sql, await findClient(sql, scope, customerId, 'none'));

async function refuseUnofferable(sql: Sql, customer: CustomerKey, planIds: readonly string[]): Promise<void> {
  const plans = await sellablePlansOf(sql, customer, planIds);
  const problems = problemsOf(planIds, plans, (path, { id, customerId }) => {
    if (customerId === null || customerId === customer.customerId) return null;
    const message = `${id} was made for another client: leave it out, or duplicate it for this one.`;
    return { code: 'offered_plan_of_another_client', path, message };
  });
  refuseProblems(problems);
}

/**
 * Replaces what a client may see and buy: an empty list offers nothing, null goes back to the agency's visible plans.
 * Throws `AppError` 404, and 422 with a code of its own for a plan that cannot be offered.
 */
export function setOffers(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  scope: Scope,
  customerId: string,
  planIds: readonly string[] | null,
): Promise<ClientOffers> {
  return inTransaction(database.pool, async (sql) => {
    const customer = await findClient(sql, scope, customerId, 'change');
    const before = await loadOffers(sql, customer);
    const after = planIds && distinct(planIds);
    if (after !== null) await refuseUnofferable(sql, customer, after);
    if (!isSameList(before, after)) {
      if (after === null) await deleteOffers(sql, customer);
      else await saveOffers(sql, customer, after, clock.now());
      await recordChange(sql, clock, scope, {
        agencyId: customer.agencyId,
        action: after === null ? 'offers.removed' : 'offers.set',
        subject: customerId,
        before: before && { planIds: before },
        after: after && { planIds: after },
      });
    }
    return clientOffers(sql, customer);
  });
}

/**
 * The plans as a client would see them, oldest first, at most `limit` of those made after the plan `after`. Throws
 * `AppError` 404 for a client that is not there for the scope.
 */
export async function previewPlans(
  sql: Sql,
  scope: Scope,
  customerId: string,
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
): Promise<readonly OfferedPlan[]> {
  const customer = await findClient(sql, scope, customerId, 'none');
  const buyable = await buyablePlans(sql, customer, await loadOffers(sql, customer));
  const page = buyable.filter(({ id }) => after === undefined || id > after).slice(0, limit);
  const versions = await loadPublishedVersions(
    sql,
    page.map(({ id }) => id),
  );
  return page.flatMap(({ id }) => {
    const sold = versions.get(id);
    return sold ? [offeredPlan(id, sold.version, sold.document)] : [];
  });
}
