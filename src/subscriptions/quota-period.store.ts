import { z } from 'zod';
import type { PlanKey } from '../catalog/plan.store.ts';
import type { VersionDocument } from '../catalog/plan-document.ts';
import type { Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import type { Period } from './quota.ts';

/** What a feature includes in a period. `included` is a decimal string in the feature's unit. */
export interface Quota {
  readonly feature: string;
  readonly included: string;
}

export interface QuotaHolder {
  readonly agencyId: string;
  readonly customerId: string;
  /** The subscription or the trial. */
  readonly holderId: string;
  readonly holderKind: 'subscription' | 'trial';
  /** The plan and version that the period was sold at; null for a trial of the agency's. */
  readonly plan: (PlanKey & { readonly version: number }) | null;
}

const periodRows = z.array(
  z.object({
    agencyId: z.string(),
    id: z.string(),
    customerId: z.string(),
    holderId: z.string(),
    holderKind: z.enum(['subscription', 'trial']),
    feature: z.string(),
    periodStart: z.date(),
    periodEnd: z.date(),
    planAgencyId: z.string().nullable(),
    planId: z.string().nullable(),
    planVersion: z.number().nullable(),
    included: z.string(),
    closedAt: z.date().nullable(),
  }),
);

/** What is included of a feature from one anniversary to the next. */
export type QuotaPeriod = z.output<typeof periodRows>[number];

const columns = `agency_id AS "agencyId", id, customer_id AS "customerId", holder_id AS "holderId", holder_kind AS "holderKind",
  feature, period_start AS "periodStart", period_end AS "periodEnd", plan_agency_id AS "planAgencyId", plan_id AS "planId",
  plan_version AS "planVersion", included::text, closed_at AS "closedAt"`;

export const quotasOf = (document: Pick<VersionDocument, 'usage'>): readonly Quota[] =>
  document.usage.map(({ feature, included }) => ({ feature, included }));

/** Opens the periods of a holder's features, once: what is open already stays as it was sold. */
export async function openQuotaPeriods(
  sql: Sql,
  holder: QuotaHolder,
  quotas: readonly Quota[],
  period: Period,
  now: Date,
): Promise<void> {
  if (quotas.length === 0) return;
  await sql.query(
    `INSERT INTO quota_periods (agency_id, id, customer_id, holder_id, holder_kind, feature, period_start, period_end,
                                plan_agency_id, plan_id, plan_version, included, opened_at)
     SELECT $1, q.id, $2, $3, $4, q.feature, $5, $6, $7, $8, $9, q.included, $10
       FROM unnest($11::text[], $12::text[], $13::numeric[]) AS q(id, feature, included)
     ON CONFLICT (agency_id, holder_id, feature, period_start) DO NOTHING`,
    [
      holder.agencyId,
      holder.customerId,
      holder.holderId,
      holder.holderKind,
      period.start,
      period.end,
      holder.plan?.agencyId ?? null,
      holder.plan?.planId ?? null,
      holder.plan?.version ?? null,
      now,
      quotas.map(() => newId('quotaPeriod')),
      quotas.map(({ feature }) => feature),
      quotas.map(({ included }) => included),
    ],
  );
}

/** The periods of a client that hold a moment, of every feature or of one; a subscription's before a trial's. */
export async function quotaPeriodsAt(
  sql: Sql,
  { agencyId, customerId }: { readonly agencyId: string; readonly customerId: string },
  at: Date,
  feature: string | null = null,
): Promise<readonly QuotaPeriod[]> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM quota_periods
      WHERE agency_id = $1 AND customer_id = $2 AND period_start <= $3 AND period_end > $3
        AND ($4::text IS NULL OR feature = $4)
      ORDER BY holder_kind, period_start DESC, feature`,
    [agencyId, customerId, at, feature],
  );
  return periodRows.parse(rows);
}

/** Newest first: of one holder, or of everything that the client ever had. */
export async function listQuotaPeriods(
  sql: Sql,
  { agencyId, customerId }: { readonly agencyId: string; readonly customerId: string },
  holderId: string | null = null,
): Promise<readonly QuotaPeriod[]> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM quota_periods
      WHERE agency_id = $1 AND customer_id = $2 AND ($3::text IS NULL OR holder_id = $3)
      ORDER BY period_start DESC, feature LIMIT 500`,
    [agencyId, customerId, holderId],
  );
  return periodRows.parse(rows);
}
