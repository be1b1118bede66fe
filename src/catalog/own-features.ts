import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { conflict } from '../errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { scoped } from '../tenancy/scoped-prisma.ts';
import { builtInFeatures, type Feature, featureSchema, isBuiltInFeature } from './features.ts';

const own = { id: true, name: true, unit: true, kind: true, aggregation: true } as const;

/** The built-in features, then the agency's own by id. */
export async function listFeatures(database: Database, scope: Scope, agencyId: string): Promise<readonly Feature[]> {
  const rows = await scoped(database.prisma, scope).feature.findMany({
    where: { agencyId },
    select: own,
    orderBy: { id: 'asc' },
  });
  return [...builtInFeatures, ...z.array(featureSchema).parse(rows)];
}

const taken = (id: string): Error =>
  conflict('feature_id_taken', `There is a feature ${id} already: choose another id.`);

const isDuplicate = z.object({ code: z.literal('P2002') });

/** Throws `AppError` 409 `feature_id_taken`. */
export async function createFeature(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  scope: Scope,
  agencyId: string,
  feature: Feature,
): Promise<Feature> {
  if (isBuiltInFeature(feature.id)) throw taken(feature.id);
  try {
    await scoped(database.prisma, scope).feature.create({ data: { ...feature, agencyId, createdAt: clock.now() } });
  } catch (error) {
    if (isDuplicate.safeParse(error).success) throw taken(feature.id);
    throw error;
  }
  return feature;
}
