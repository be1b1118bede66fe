import type { CustomerKey } from '../catalog/offer.store.ts';
import type { PlanKey } from '../catalog/plan.store.ts';
import type { VersionDocument } from '../catalog/plan-document.ts';
import type { PlanUse } from '../catalog/plan-use.ts';
import type { Sql } from '../database/database.ts';
import { countLiveOn, loadLive } from './subscription.store.ts';

/** What a client lives on now; `agencyId` is the plan's, which is the platform's where the plan is resold. */
export interface LivePlan extends PlanKey {
  readonly version: number;
  readonly document: VersionDocument;
}

/** The plan of a client's live subscription, at the version that it was sold at; null without one. */
export async function livePlanOf(sql: Sql, customer: CustomerKey): Promise<LivePlan | null> {
  const live = await loadLive(sql, customer);
  return live && { ...live.plan, version: live.planVersion, document: live.document };
}

/** Why a plan with subscribers is not deleted. */
export const liveSubscriptions: PlanUse = { name: 'live subscriptions', count: countLiveOn };
