import { z } from 'zod';
import type { CustomerKey } from '../catalog/offer.store.ts';
import type { PlanKey } from '../catalog/plan.store.ts';
import { versionDocumentSchema } from '../catalog/plan-document.ts';
import type { Sql } from '../database/database.ts';
import {
  addOnsSchema,
  collectionSchema,
  cycleSchema,
  pauseReasonSchema,
  type Subscription,
  subscriptionStatusSchema,
} from './subscription.ts';

const subscriptionRows = z.array(
  z
    .object({
      id: z.string(),
      agencyId: z.string(),
      customerId: z.string(),
      planAgencyId: z.string(),
      planId: z.string(),
      planVersion: z.number(),
      status: subscriptionStatusSchema,
      collection: collectionSchema,
      cycle: cycleSchema.nullable(),
      addOns: addOnsSchema,
      merchantAccountId: z.string().nullable(),
      providerSubscriptionId: z.string().nullable(),
      providerCustomerId: z.string().nullable(),
      providerScheduleId: z.string().nullable(),
      anchorAt: z.date().nullable(),
      periodStart: z.date().nullable(),
      periodEnd: z.date().nullable(),
      trialEndsAt: z.date().nullable(),
      cancelAt: z.date().nullable(),
      endWanted: z.boolean().nullable(),
      pastDueSince: z.date().nullable(),
      pauseReason: pauseReasonSchema.nullable(),
      readAt: z.date().nullable(),
      quotaDueAt: z.date().nullable(),
      startedAt: z.date(),
      endedAt: z.date().nullable(),
      document: versionDocumentSchema,
    })
    .transform(
      ({ planAgencyId, planId, ...row }): Subscription => ({ ...row, plan: { agencyId: planAgencyId, planId } }),
    ),
);

const selectAll = `
  SELECT s.id, s.agency_id AS "agencyId", s.customer_id AS "customerId", s.plan_agency_id AS "planAgencyId",
         s.plan_id AS "planId", s.plan_version AS "planVersion", s.status, s.collection, s.cycle, s.add_ons AS "addOns",
         s.merchant_account_id AS "merchantAccountId", s.provider_subscription_id AS "providerSubscriptionId",
         s.provider_customer_id AS "providerCustomerId", s.provider_schedule_id AS "providerScheduleId",
         s.anchor_at AS "anchorAt", s.period_start AS "periodStart", s.period_end AS "periodEnd",
         s.trial_ends_at AS "trialEndsAt", s.cancel_at AS "cancelAt", s.end_wanted AS "endWanted", s.past_due_since AS "pastDueSince",
         s.pause_reason AS "pauseReason", s.read_at AS "readAt", s.quota_due_at AS "quotaDueAt",
         s.started_at AS "startedAt", s.ended_at AS "endedAt", v.document
  FROM subscriptions s
  JOIN plan_versions v ON v.agency_id = s.plan_agency_id AND v.plan_id = s.plan_id AND v.version = s.plan_version`;

const selectSubscriptions = `${selectAll} WHERE s.agency_id = $1 AND s.customer_id = $2`;

/** The client's live subscription; null without one. */
export async function loadLive(sql: Sql, { agencyId, customerId }: CustomerKey): Promise<Subscription | null> {
  const { rows } = await sql.query(`${selectSubscriptions} AND s.ended_at IS NULL`, [agencyId, customerId]);
  return subscriptionRows.parse(rows)[0] ?? null;
}

/** As `loadLive`; nobody else changes it until the transaction ends. */
export async function lockLive(sql: Sql, { agencyId, customerId }: CustomerKey): Promise<Subscription | null> {
  const { rows } = await sql.query(`${selectSubscriptions} AND s.ended_at IS NULL FOR NO KEY UPDATE OF s`, [
    agencyId,
    customerId,
  ]);
  return subscriptionRows.parse(rows)[0] ?? null;
}

/** The live one, else the one that ended last; null where there never was one. */
export async function loadLatest(sql: Sql, { agencyId, customerId }: CustomerKey): Promise<Subscription | null> {
  const { rows } = await sql.query(`${selectSubscriptions} ORDER BY s.ended_at DESC NULLS FIRST, s.id DESC LIMIT 1`, [
    agencyId,
    customerId,
  ]);
  return subscriptionRows.parse(rows)[0] ?? null;
}

/** One of the client's by its id, live or over. */
export async function loadSubscription(
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  id: string,
): Promise<Subscription | null> {
  const { rows } = await sql.query(`${selectSubscriptions} AND s.id = $3`, [agencyId, customerId, id]);
  return subscriptionRows.parse(rows)[0] ?? null;
}

/** Stores what there is of it now: a new one, or a live one that has changed. The row is whole: what was not read must not be written. */
export async function saveSubscription(sql: Sql, subscription: Subscription, now: Date): Promise<void> {
  const s = subscription;
  await sql.query(
    `INSERT INTO subscriptions (agency_id, id, customer_id, plan_agency_id, plan_id, plan_version, status, collection, cycle,
                                add_ons, merchant_account_id, provider_subscription_id, provider_customer_id,
                                provider_schedule_id, anchor_at, period_start, period_end, trial_ends_at, cancel_at,
                                past_due_since, pause_reason, read_at, quota_due_at, started_at, ended_at, end_wanted, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
             $26, $27, $27)
     ON CONFLICT (agency_id, id) DO UPDATE SET
       plan_agency_id = excluded.plan_agency_id, plan_id = excluded.plan_id, plan_version = excluded.plan_version,
       status = excluded.status, collection = excluded.collection, cycle = excluded.cycle, add_ons = excluded.add_ons,
       merchant_account_id = excluded.merchant_account_id, provider_subscription_id = excluded.provider_subscription_id,
       provider_customer_id = excluded.provider_customer_id, provider_schedule_id = excluded.provider_schedule_id,
       anchor_at = excluded.anchor_at, period_start = excluded.period_start, period_end = excluded.period_end,
       trial_ends_at = excluded.trial_ends_at, cancel_at = excluded.cancel_at, past_due_since = excluded.past_due_since,
       pause_reason = excluded.pause_reason, read_at = excluded.read_at, quota_due_at = excluded.quota_due_at,
       ended_at = excluded.ended_at, end_wanted = excluded.end_wanted, updated_at = excluded.updated_at
     WHERE subscriptions.ended_at IS NULL`,
    [
      ...[
        s.agencyId,
        s.id,
        s.customerId,
        s.plan.agencyId,
        s.plan.planId,
        s.planVersion,
        s.status,
        s.collection,
        s.cycle,
      ],
      ...[JSON.stringify(s.addOns), s.merchantAccountId, s.providerSubscriptionId, s.providerCustomerId],
      ...[s.providerScheduleId, s.anchorAt, s.periodStart, s.periodEnd, s.trialEndsAt, s.cancelAt],
      ...[s.pastDueSince, s.pauseReason, s.readAt, s.quotaDueAt, s.startedAt, s.endedAt, s.endWanted, now],
    ],
  );
}

/**
 * The live ones whose next quota period has come, oldest first. Of an offline one that is due to be renewed the next period is its
 * renewal's, for it may be on another plan then.
 */
export async function dueForQuotas(
  sql: Sql,
  now: Date,
  { limit, after }: { readonly limit: number; readonly after: Subscription | undefined },
): Promise<readonly Subscription[]> {
  const { rows } = await sql.query(
    `${selectAll} WHERE s.ended_at IS NULL AND s.quota_due_at <= $1
        AND NOT (s.collection = 'offline' AND s.period_end <= $1)
        AND ($3::timestamptz IS NULL OR (s.quota_due_at, s.id) > ($3, $4))
      ORDER BY s.quota_due_at, s.id LIMIT $2`,
    [now, limit, after?.quotaDueAt ?? null, after?.id ?? null],
  );
  return subscriptionRows.parse(rows);
}

/** The offline ones whose period is over, the longest waiting first. */
export async function dueForRenewal(sql: Sql, now: Date, limit: number): Promise<readonly Subscription[]> {
  const { rows } = await sql.query(
    `${selectAll} WHERE s.ended_at IS NULL AND s.collection = 'offline' AND s.period_end <= $1
      ORDER BY s.period_end, s.id LIMIT $2`,
    [now, limit],
  );
  return subscriptionRows.parse(rows);
}

export async function endSubscription(
  sql: Sql,
  { agencyId, id }: Pick<Subscription, 'agencyId' | 'id'>,
  status: 'canceled' | 'expired',
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE subscriptions SET status = $3, ended_at = $4, updated_at = $4
     WHERE agency_id = $1 AND id = $2 AND ended_at IS NULL`,
    [agencyId, id, status, now],
  );
}

/** The live ones on any version of a plan: everybody's or, where `soldBy` names one, those of that agency's clients. */
export async function countLiveOn(sql: Sql, { agencyId, planId }: PlanKey, soldBy: string | null): Promise<number> {
  const { rows } = await sql.query<{ live: number }>(
    `SELECT count(*)::int AS live FROM subscriptions
     WHERE plan_agency_id = $1 AND plan_id = $2 AND ended_at IS NULL AND ($3::text IS NULL OR agency_id = $3)`,
    [agencyId, planId, soldBy],
  );
  return rows[0]?.live ?? 0;
}
