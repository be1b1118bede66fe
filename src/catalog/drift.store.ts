import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import { type Drift, driftProblems } from './drift.ts';
import type { PlanInAccount } from './link.store.ts';
import { type PartKey, partKinds } from './part.ts';

/** `adopted` and `ignored` hold while the object stays as it was seen then; `resolved`: it was found as it should be. */
export const findingStatuses = ['open', 'ignored', 'adopted', 'restored', 'resolved'] as const;
export type FindingStatus = (typeof findingStatuses)[number];

export const findingSchema = z.object({
  agencyId: z.string(),
  id: z.string(),
  merchantAccountId: z.string(),
  kind: z.enum(partKinds),
  remoteId: z.string(),
  planId: z.string().nullable(),
  key: z.string().nullable(),
  problem: z.enum(driftProblems),
  differences: z.array(z.object({ field: z.string(), expected: z.string().nullable(), found: z.string().nullable() })),
  status: z.enum(findingStatuses),
  foundAt: z.date(),
});
export type Finding = z.output<typeof findingSchema>;

export interface CheckedAccount {
  /** Whose account it is: findings that name no agency of ours are its. */
  readonly agencyId: string;
  readonly merchantAccountId: string;
}

/**
 * Keeps what a check found: a finding that was answered stays answered while it looks the same, anything else is open, and
 * what was not seen any more is resolved. Plans in flight were not looked at, and keep theirs.
 */
export async function saveFindings(
  sql: Sql,
  account: CheckedAccount,
  drifts: readonly Drift[],
  inFlight: ReadonlySet<string>,
  now: Date,
): Promise<void> {
  const rows = drifts.map((drift) => ({ ...drift, id: newId('driftFinding') }));
  await sql.query(
    `INSERT INTO drift_findings AS f
       (agency_id, id, merchant_account_id, kind, remote_id, plan_id, key, problem, differences, observation, status,
        found_at, updated_at)
     SELECT coalesce((SELECT a.id FROM agencies a WHERE a.id = d."agencyId"), $1), d.id, $2, d.kind, d."remoteId",
            d."planId", d.key, d.problem, d.differences, d.observation, 'open', $4, $4
       FROM jsonb_to_recordset($3) AS d (id text, "agencyId" text, kind text, "remoteId" text, "planId" text, key text,
                                         problem text, differences jsonb, observation text)
     ON CONFLICT (agency_id, merchant_account_id, kind, remote_id) DO UPDATE
       SET plan_id = excluded.plan_id, key = excluded.key, problem = excluded.problem,
           differences = excluded.differences, observation = excluded.observation, updated_at = excluded.updated_at,
           status = CASE WHEN f.status IN ('ignored', 'adopted') AND f.observation = excluded.observation
                         THEN f.status ELSE 'open' END,
           found_at = CASE WHEN f.status IN ('open', 'ignored', 'adopted') AND f.observation = excluded.observation
                           THEN f.found_at ELSE excluded.found_at END`,
    [account.agencyId, account.merchantAccountId, JSON.stringify(rows), now],
  );
  await sql.query(
    `UPDATE drift_findings SET status = 'resolved', updated_at = $2
      WHERE merchant_account_id = $1 AND status IN ('open', 'ignored', 'adopted')
        AND (kind || ' ' || remote_id) <> ALL ($3) AND NOT coalesce(plan_id = ANY ($4), false)`,
    [account.merchantAccountId, now, drifts.map(({ kind, remoteId }) => `${kind} ${remoteId}`), [...inFlight]],
  );
}

/** The findings about these parts of a plan are over: they were just written anew. */
export async function resolveFindings(
  sql: Sql,
  where: PlanInAccount,
  keys: readonly PartKey[],
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE drift_findings SET status = 'resolved', updated_at = $5
      WHERE agency_id = $1 AND merchant_account_id = $2 AND plan_id = $3 AND key = ANY ($4) AND status = 'open'`,
    [where.agencyId, where.merchantAccountId, where.planId, keys, now],
  );
}

export async function setFindingStatus(sql: Sql, finding: Finding, status: FindingStatus, now: Date): Promise<void> {
  await sql.query('UPDATE drift_findings SET status = $3, updated_at = $4 WHERE agency_id = $1 AND id = $2', [
    finding.agencyId,
    finding.id,
    status,
    now,
  ]);
}

/** Plans with an open finding of their own, or of an object that they use, are `drifted`; those without are so no longer. */
export async function refreshDrifted(sql: Sql, merchantAccountId: string, now: Date): Promise<void> {
  await sql.query(
    `WITH concerned AS (
       SELECT l.agency_id, l.plan_id, count(DISTINCT f.id) AS findings
         FROM drift_findings f
         JOIN catalog_links l ON l.agency_id = f.agency_id AND l.merchant_account_id = f.merchant_account_id
                             AND l.active AND (l.remote_id = f.remote_id OR l.plan_id = f.plan_id)
        WHERE f.merchant_account_id = $1 AND f.status = 'open'
        GROUP BY l.agency_id, l.plan_id
     ), standing AS (
       SELECT p.agency_id, p.plan_id, c.findings
         FROM publications p LEFT JOIN concerned c ON c.agency_id = p.agency_id AND c.plan_id = p.plan_id
        WHERE p.merchant_account_id = $1
          AND (p.status = 'in_sync' AND c.findings IS NOT NULL OR p.status = 'drifted')
     )
     UPDATE publications p
        SET status = CASE WHEN s.findings IS NULL THEN 'in_sync' ELSE 'drifted' END,
            reason = 'Changed at the provider: ' || s.findings || ' finding(s); restore, adopt or ignore each.',
            updated_at = $2
       FROM standing s
      WHERE p.merchant_account_id = $1 AND p.agency_id = s.agency_id AND p.plan_id = s.plan_id`,
    [merchantAccountId, now],
  );
}

/** When an account was last read, and what was beside ours. `failure`: why it could not be read. */
export const driftCheckSchema = z.object({
  merchantAccountId: z.string(),
  checkedAt: z.date(),
  foreignObjects: z.number(),
  failure: z.string().nullable(),
});
export type DriftCheck = z.output<typeof driftCheckSchema>;

export async function saveCheck(
  sql: Sql,
  { agencyId, merchantAccountId }: CheckedAccount,
  check: { readonly foreignObjects: number; readonly failure: string | null },
  now: Date,
): Promise<void> {
  await sql.query(
    `INSERT INTO drift_checks (agency_id, merchant_account_id, checked_at, foreign_objects, failure)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (agency_id, merchant_account_id)
       DO UPDATE SET checked_at = excluded.checked_at, foreign_objects = excluded.foreign_objects,
                     failure = excluded.failure`,
    [agencyId, merchantAccountId, now, check.foreignObjects, check.failure],
  );
}

export async function loadChecks(sql: Sql): Promise<readonly DriftCheck[]> {
  const { rows } = await sql.query(
    `SELECT merchant_account_id AS "merchantAccountId", checked_at AS "checkedAt",
            foreign_objects AS "foreignObjects", failure FROM drift_checks ORDER BY merchant_account_id`,
  );
  return z.array(driftCheckSchema).parse(rows);
}
