import type { ScheduledJob } from '../delivery/jobs.ts';
import { notFound } from '../errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { scoped } from '../tenancy/scoped-prisma.ts';
import { runPublishJob } from './converge.ts';
import { createPlan, foreseeVersion, refuseWrongNewPlan } from './create-plan.ts';
import { deletePlan } from './delete-plan.ts';
import { type CatalogDependencies, driftJobName, publishJobName } from './dependencies.ts';
import { discardDraft } from './discard-draft.ts';
import { createDriftDoctor, type DriftDoctor } from './drift-doctor.ts';
import type { Feature } from './features.ts';
import { createFeature, listFeatures } from './own-features.ts';
import { patchPlan } from './patch-plan.ts';
import type { PlanKey } from './plan.store.ts';
import type { NewPlan, PlanPatch, VersionDocument } from './plan-document.ts';
import { createPlanLocks } from './plan-lock.ts';
import type { PlanView } from './plan-view.ts';
import { publishPlan } from './publish-plan.ts';
import { findPlan, getPlan, listPlans, type PlanFilter } from './read-plans.ts';
import { type CatalogStatus, shownPlans, shownStandings } from './status.ts';
import { duplicatePlan, type PlanSwitch, switchPlan } from './switch-plan.ts';
import { type CatalogSelection, type SyncResult, syncCatalog } from './sync.ts';

/** What the room offers. Every call is limited to its scope: another tenant's id is `AppError` 404. */
export interface Catalog {
  /** `requestId`: the idempotent request behind it, which makes its plan once. */
  createPlan(scope: Scope, plan: NewPlan, requestId: string | undefined): Promise<PlanView>;
  /** Throws `AppError` for each rule that the plan breaks, as creating it would; makes nothing. */
  refuseWrongPlan(scope: Scope, plan: NewPlan): Promise<void>;
  /** As `refuseWrongPlan`; what publishing the plan at this moment would sell. */
  foreseeVersion(scope: Scope, plan: NewPlan): Promise<VersionDocument>;
  getPlan(scope: Scope, planId: string): Promise<PlanView>;
  /** Newest first; `before` is the id of the last plan of the page before. */
  listPlans(
    scope: Scope,
    filter: PlanFilter,
    page: { limit: number; before: string | undefined },
  ): Promise<readonly PlanView[]>;
  patchPlan(scope: Scope, planId: string, patch: PlanPatch): Promise<PlanView>;
  publishPlan(scope: Scope, planId: string): Promise<PlanView>;
  switchPlan(scope: Scope, planId: string, turn: PlanSwitch): Promise<PlanView>;
  /** Back to what is for sale. */
  discardDraft(scope: Scope, planId: string): Promise<PlanView>;
  deletePlan(scope: Scope, planId: string): Promise<void>;
  duplicatePlan(scope: Scope, planId: string, requestId: string | undefined): Promise<PlanView>;
  sync(scope: Scope, selection: CatalogSelection & { readonly dryRun: boolean }): Promise<SyncResult>;
  /** The published plans of one page, and where each of them stands in each account. */
  status(
    scope: Scope,
    selection: CatalogSelection,
    page: { limit: number; before: string | undefined },
  ): Promise<{ readonly plans: readonly PlanKey[]; readonly standings: readonly CatalogStatus[] }>;
  /** `agencyId` absent: the scope's own agency, for the platform the platform's. */
  listFeatures(scope: Scope, agencyId: string | undefined): Promise<readonly Feature[]>;
  createFeature(scope: Scope, agencyId: string | undefined, feature: Feature): Promise<Feature>;
  readonly drift: DriftDoctor;
  readonly jobs: {
    readonly [publishJobName]: ScheduledJob;
    readonly [driftJobName]: ScheduledJob;
  };
}

export function createCatalog(dependencies: CatalogDependencies): Catalog {
  const { database } = dependencies;
  const carrying = { ...dependencies, locks: createPlanLocks(database.url) };
  const drift = createDriftDoctor(carrying);

  const onPlan = async (scope: Scope, planId: string, work: (key: PlanKey) => Promise<unknown>): Promise<PlanView> => {
    await work(await findPlan(database, scope, planId));
    return getPlan(database, scope, planId);
  };

  const agencyFor = async (scope: Scope, agencyId: string | undefined): Promise<string> => {
    const agency = await scoped(database.prisma, scope).agency.findFirst({
      where: agencyId !== undefined ? { id: agencyId } : scope.role === 'platform' ? { isPlatform: true } : {},
      select: { id: true },
    });
    if (!agency) throw notFound('agency');
    return agency.id;
  };

  return {
    createPlan: async (scope, plan, requestId) => {
      const { planId } = await createPlan(dependencies, scope, plan, requestId);
      return getPlan(database, scope, planId);
    },
    refuseWrongPlan: (scope, plan) => refuseWrongNewPlan(dependencies, scope, plan),
    foreseeVersion: (scope, plan) => foreseeVersion(dependencies, scope, plan),
    getPlan: (scope, planId) => getPlan(database, scope, planId),
    listPlans: (scope, filter, page) => listPlans(database, scope, filter, page),
    patchPlan: (scope, planId, patch) => onPlan(scope, planId, (key) => patchPlan(dependencies, scope, key, patch)),
    publishPlan: (scope, planId) => onPlan(scope, planId, (key) => publishPlan(dependencies, scope, key)),
    switchPlan: (scope, planId, turn) => onPlan(scope, planId, (key) => switchPlan(dependencies, scope, key, turn)),
    discardDraft: (scope, planId) => onPlan(scope, planId, (key) => discardDraft(dependencies, scope, key)),
    deletePlan: async (scope, planId) => deletePlan(dependencies, scope, await findPlan(database, scope, planId)),
    duplicatePlan: async (scope, planId, requestId) => {
      const copy = await duplicatePlan(dependencies, scope, await findPlan(database, scope, planId), requestId);
      return getPlan(database, scope, copy.planId);
    },
    sync: (scope, selection) => syncCatalog(carrying, scope, selection),
    status: async (scope, selection, page) => {
      const plans = await shownPlans(database, scope, selection, page);
      return { plans, standings: await shownStandings(database, scope, plans, selection) };
    },
    listFeatures: async (scope, agencyId) => listFeatures(database, scope, await agencyFor(scope, agencyId)),
    createFeature: async (scope, agencyId, feature) =>
      createFeature(dependencies, scope, await agencyFor(scope, agencyId), feature),
    drift,
    jobs: {
      [publishJobName]: { handle: (payload) => runPublishJob(carrying, payload) },
      [driftJobName]: { handle: drift.runJob, cron: '17 * * * *' },
    },
  };
}
