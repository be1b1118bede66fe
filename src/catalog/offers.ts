import type { Scope } from '../tenancy/scope.ts';
import { type OfferDependencies, readAgencyOffers, setAgencyOffers } from './offer-agency-plans.ts';
import { type ClientOffers, previewPlans, readOffers, setOffers } from './offer-plans.ts';
import type { OfferedPlan } from './offered-plan.ts';

/** Which plans are offered to whom. Every call is limited to its scope: another tenant's id is `AppError` 404. */
export interface Offers {
  readOffers(scope: Scope, customerId: string): Promise<ClientOffers>;
  setOffers(scope: Scope, customerId: string, planIds: readonly string[]): Promise<ClientOffers>;
  removeOffers(scope: Scope, customerId: string): Promise<void>;
  previewPlans(
    scope: Scope,
    customerId: string,
    page: { readonly limit: number; readonly after: string | undefined },
  ): Promise<readonly OfferedPlan[]>;
  readAgencyOffers(scope: Scope, agencyId: string): Promise<readonly string[]>;
  setAgencyOffers(scope: Scope, agencyId: string, planIds: readonly string[]): Promise<readonly string[]>;
}

export function createOffers(dependencies: OfferDependencies): Offers {
  const { pool } = dependencies.database;
  return {
    readOffers: (scope, customerId) => readOffers(pool, scope, customerId),
    setOffers: (scope, customerId, planIds) => setOffers(dependencies, scope, customerId, planIds),
    removeOffers: async (scope, customerId) => {
      await setOffers(dependencies, scope, customerId, null);
    },
    previewPlans: (scope, customerId, page) => previewPlans(pool, scope, customerId, page),
    readAgencyOffers: (scope, agencyId) => readAgencyOffers(pool, scope, agencyId),
    setAgencyOffers: (scope, agencyId, planIds) => setAgencyOffers(dependencies, scope, agencyId, planIds),
  };
}
