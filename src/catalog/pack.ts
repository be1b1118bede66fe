import type { PlanDocument } from './plan-document.ts';

/** An amount of a usage feature that clients on the plan may buy once, and again. */
export type Pack = PlanDocument['packs'][number];

/** Names a pack of a version of a plan, which never changes: the version is part of it, and a published version stays as it is. */
export const packIdOf = (planId: string, version: number, index: number): string => `${planId}:${version}:${index}`;

/** In the order of the version's packs. */
export const packIdsOf = (planId: string, version: number, { packs }: Pick<PlanDocument, 'packs'>): string[] =>
  packs.map((_pack, index) => packIdOf(planId, version, index));

/** The pack of this id, where it is one of this version's. */
export const findPack = (
  packId: string,
  {
    planId,
    version,
    document,
  }: { readonly planId: string; readonly version: number; readonly document: Pick<PlanDocument, 'packs'> },
): Pack | undefined => document.packs.find((_pack, index) => packIdOf(planId, version, index) === packId);
