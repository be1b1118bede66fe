import { z } from 'zod';
import type { CustomerKey } from '../catalog/offer.store.ts';
import type { Sql } from '../database/database.ts';
import { reminderDays, type Trial, trialEndSchema, trialStatusSchema } from './trial.ts';

const trialRows = z.array(
  z.object({
    id: z.string(),
    agencyId: z.string(),
    customerId: z.string(),
    status: trialStatusSchema,
    minutes: z.string(),
    concurrency: z.number(),
    end: trialEndSchema,
    startedAt: z.date(),
    endsAt: z.date(),
    remindedAt: z.date().nullable(),
    endedAt: z.date().nullable(),
  }),
);

const columns = `id, agency_id AS "agencyId", customer_id AS "customerId", status, trim_scale(minutes)::text AS minutes, concurrency,
  end_behavior AS "end", started_at AS "startedAt", ends_at AS "endsAt", reminded_at AS "remindedAt", ended_at AS "endedAt"`;

/** The client's trial; null where it never had one. */
export async function loadTrial(sql: Sql, { agencyId, customerId }: CustomerKey): Promise<Trial | null> {
  const { rows } = await sql.query(`SELECT ${columns} FROM trials WHERE agency_id = $1 AND customer_id = $2`, [
    agencyId,
    customerId,
  ]);
  return trialRows.parse(rows)[0] ?? null;
}

/** The client's trial while it runs; nobody else changes it until the transaction ends. */
export async function lockActiveTrial(sql: Sql, { agencyId, customerId }: CustomerKey): Promise<Trial | null> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM trials WHERE agency_id = $1 AND customer_id = $2 AND status = 'active' FOR NO KEY UPDATE`,
    [agencyId, customerId],
  );
  return trialRows.parse(rows)[0] ?? null;
}

const reminders = reminderDays
  .map((days) => `interval '${days} days'`)
  .map(
    (before) =>
      `(ends_at - ${before} <= $1 AND ends_at - ${before} > started_at
        AND (reminded_at IS NULL OR reminded_at < ends_at - ${before}))`,
  )
  .join(' OR ');

/** Those that have ended or have a reminder due, the earliest end first. */
export async function dueTrials(sql: Sql, now: Date, limit: number): Promise<readonly Trial[]> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM trials
      WHERE status = 'active' AND ends_at <= $1::timestamptz + interval '${Math.max(...reminderDays)} days'
        AND (ends_at <= $1 OR ${reminders})
      ORDER BY ends_at, id LIMIT $2`,
    [now, limit],
  );
  return trialRows.parse(rows);
}

/** What moves in a trial: how it stands, and when that was said. */
export async function saveTrial(sql: Sql, { agencyId, id, status, remindedAt, endedAt }: Trial): Promise<void> {
  await sql.query('UPDATE trials SET status = $3, reminded_at = $4, ended_at = $5 WHERE agency_id = $1 AND id = $2', [
    agencyId,
    id,
    status,
    remindedAt,
    endedAt,
  ]);
}

/** Moves the end of what a trial includes. At its own beginning it ends a moment later: a period is never empty. */
export async function moveTrialQuota(
  sql: Sql,
  { agencyId, id }: Pick<Trial, 'agencyId' | 'id'>,
  end: Date,
): Promise<void> {
  await sql.query(
    `UPDATE quota_periods SET period_end = greatest($3::timestamptz, period_start + interval '1 millisecond')
      WHERE agency_id = $1 AND holder_id = $2 AND holder_kind = 'trial'`,
    [agencyId, id, end],
  );
}
