import { z } from 'zod';
import type { PlanKey } from '../catalog/plan.store.ts';
import { type VersionDocument, versionDocumentSchema } from '../catalog/plan-document.ts';
import type { Sql } from '../database/database.ts';

const rowsSchema = z.array(z.object({ document: versionDocumentSchema }));

/** A plan as it was at a version that was published: such a version never changes. */
export async function versionDocument(
  sql: Sql,
  { agencyId, planId }: PlanKey,
  version: number,
): Promise<VersionDocument> {
  const { rows } = await sql.query(
    'SELECT document FROM plan_versions WHERE agency_id = $1 AND plan_id = $2 AND version = $3',
    [agencyId, planId, version],
  );
  const [found] = rowsSchema.parse(rows);
  if (!found) throw new Error(`plan ${planId} has no version ${version}`);
  return found.document;
}
