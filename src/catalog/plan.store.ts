import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { conflict, notFound } from '../errors.ts';
import {
  type PlanDocument,
  planStatuses,
  type VersionDocument,
  versionDocumentSchema,
  visibilities,
} from './plan-document.ts';

/** Which plan: `agencyId` is its owner. */
export interface PlanKey {
  readonly agencyId: string;
  readonly planId: string;
}

export type PlanStatus = (typeof planStatuses)[number];

/** One version as stored. */
export interface StoredVersion {
  readonly version: number;
  readonly status: 'draft' | 'published' | 'superseded';
  readonly document: VersionDocument;
  readonly publishedAt: Date | null;
}

const versionRows = z.array(
  z.object({
    version: z.number(),
    status: z.enum(['draft', 'published', 'superseded']),
    document: versionDocumentSchema,
    publishedAt: z.date().nullable(),
  }),
);

/** The version for sale and the one being drafted: each is absent at some point of a plan's life, never both. */
export interface CurrentVersions {
  readonly published: StoredVersion | undefined;
  readonly draft: StoredVersion | undefined;
}

export const currentVersions = (rows: unknown): CurrentVersions => {
  const versions = versionRows.parse(rows);
  return {
    published: versions.find(({ status }) => status === 'published'),
    draft: versions.find(({ status }) => status === 'draft'),
  };
};

export async function loadVersions(sql: Sql, { agencyId, planId }: PlanKey): Promise<CurrentVersions> {
  const { rows } = await sql.query(
    `SELECT version, status, document, published_at AS "publishedAt" FROM plan_versions
     WHERE agency_id = $1 AND plan_id = $2 AND status <> 'superseded'`,
    [agencyId, planId],
  );
  return currentVersions(rows);
}

const publishedRows = z.array(z.object({ planId: z.string(), version: z.number(), document: versionDocumentSchema }));

/** The versions for sale of several plans, by plan. */
export async function loadPublishedVersions(
  sql: Sql,
  planIds: readonly string[],
): Promise<ReadonlyMap<string, Pick<StoredVersion, 'version' | 'document'>>> {
  const { rows } = await sql.query(
    `SELECT plan_id AS "planId", version, document FROM plan_versions
     WHERE plan_id = ANY($1) AND status = 'published'`,
    [planIds],
  );
  return new Map(publishedRows.parse(rows).map(({ planId, ...version }) => [planId, version]));
}

const planRow = z.object({
  status: z.enum(planStatuses),
  name: z.string(),
  visibility: z.enum(visibilities),
  deleted: z.boolean(),
});

/** What is the plan's own and no version's: it changes at once. */
export type OwnFields = Pick<PlanDocument, 'name' | 'visibility'>;

export interface LockedPlan {
  readonly status: PlanStatus;
  readonly own: OwnFields;
}

const planRowOf = `SELECT status, name, visibility, deleted_at IS NOT NULL AS deleted FROM plans
  WHERE agency_id = $1 AND id = $2`;

async function readPlanRow(
  sql: Sql,
  { agencyId, planId }: PlanKey,
  condition: string,
): Promise<LockedPlan & { readonly deleted: boolean }> {
  const { rows } = await sql.query(`${planRowOf}${condition}`, [agencyId, planId]);
  if (rows.length === 0) throw notFound('plan');
  const { status, deleted, ...own } = planRow.parse(rows[0]);
  return { status, deleted, own };
}

/** The plan's own row, a deleted plan's too. */
export const loadPlanRow = (sql: Sql, key: PlanKey) => readPlanRow(sql, key, '');

/** Locks the plan until the transaction ends, so that two changes to one plan follow each other. */
export const lockPlan = (sql: Sql, key: PlanKey): Promise<LockedPlan> =>
  readPlanRow(sql, key, ' AND deleted_at IS NULL FOR UPDATE');

const isNameTaken = z.object({ code: z.literal('23505'), constraint: z.literal('plans_name') });

/** The unique index decides, not a look beforehand: two requests for one name may arrive together. */
async function named<Result>(name: string, write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (!isNameTaken.safeParse(error).success) throw error;
    throw conflict('plan_name_taken', `There is a plan named ${name} already: choose another name.`);
  }
}

/** Throws `AppError` 409 `plan_name_taken`. */
export const insertPlan = (sql: Sql, key: PlanKey, plan: PlanDocument, now: Date): Promise<unknown> =>
  named(plan.name, () =>
    sql.query(
      `INSERT INTO plans
         (agency_id, id, name, display_name, type, status, visibility, customer_id, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, 'draft', $6, $7, $8, $8)`,
      [key.agencyId, key.planId, plan.name, plan.displayName, plan.type, plan.visibility, plan.customerId, now],
    ),
  );

/** What lists show and filter by. Name and visibility are the plan's own and change at once; the rest follows the version shown. */
export const updatePlanRow = (
  sql: Sql,
  key: PlanKey,
  own: OwnFields,
  shown: Pick<PlanDocument, 'displayName' | 'type' | 'customerId'>,
  now: Date,
): Promise<unknown> =>
  named(own.name, () =>
    sql.query(
      `UPDATE plans SET name = $3, visibility = $4, display_name = $5, type = $6, customer_id = $7, updated_at = $8
       WHERE agency_id = $1 AND id = $2`,
      [key.agencyId, key.planId, own.name, own.visibility, shown.displayName, shown.type, shown.customerId, now],
    ),
  );

export async function setPlanStatus(sql: Sql, key: PlanKey, status: PlanStatus, now: Date): Promise<void> {
  await sql.query('UPDATE plans SET status = $3, updated_at = $4 WHERE agency_id = $1 AND id = $2', [
    key.agencyId,
    key.planId,
    status,
    now,
  ]);
}

/** A deleted plan's rows stay; every read but the audit trail's leaves them out. */
export async function hidePlanForGood(sql: Sql, key: PlanKey, now: Date): Promise<void> {
  await sql.query('UPDATE plans SET deleted_at = $3, updated_at = $3 WHERE agency_id = $1 AND id = $2', [
    key.agencyId,
    key.planId,
    now,
  ]);
}

export interface DraftVersion {
  readonly id: string;
  readonly version: number;
  readonly document: VersionDocument;
}

export async function insertDraft(sql: Sql, key: PlanKey, draft: DraftVersion, now: Date): Promise<void> {
  await sql.query(
    `INSERT INTO plan_versions (agency_id, plan_id, version, id, status, document, published_at, created_at, updated_at)
     VALUES ($1, $2, $3, $4, 'draft', $5, NULL, $6, $6)`,
    [key.agencyId, key.planId, draft.version, draft.id, JSON.stringify(draft.document), now],
  );
}

export async function updateDraft(sql: Sql, key: PlanKey, document: VersionDocument, now: Date): Promise<void> {
  await sql.query(
    `UPDATE plan_versions SET document = $3, updated_at = $4
     WHERE agency_id = $1 AND plan_id = $2 AND status = 'draft'`,
    [key.agencyId, key.planId, JSON.stringify(document), now],
  );
}

export async function deleteDraft(sql: Sql, key: PlanKey): Promise<void> {
  await sql.query(`DELETE FROM plan_versions WHERE agency_id = $1 AND plan_id = $2 AND status = 'draft'`, [
    key.agencyId,
    key.planId,
  ]);
}

/** The draft becomes what is sold, for good; what was sold before stays for those who bought it. */
export async function publishDraft(sql: Sql, key: PlanKey, document: VersionDocument, now: Date): Promise<void> {
  await sql.query(
    `UPDATE plan_versions SET status = 'superseded', updated_at = $3
     WHERE agency_id = $1 AND plan_id = $2 AND status = 'published'`,
    [key.agencyId, key.planId, now],
  );
  await sql.query(
    `UPDATE plan_versions SET status = 'published', document = $3, published_at = $4, updated_at = $4
     WHERE agency_id = $1 AND plan_id = $2 AND status = 'draft'`,
    [key.agencyId, key.planId, JSON.stringify(document), now],
  );
}
