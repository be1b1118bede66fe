import { z } from 'zod';
import type { CustomerKey } from '../catalog/offer.store.ts';
import type { PlanKey } from '../catalog/plan.store.ts';
import type { Sql } from '../database/database.ts';
import { storedLines } from './sold-lines.ts';
import { type AddOns, addOnsSchema, cycleSchema } from './subscription.ts';

const checkoutRows = z.array(
  z
    .object({
      agencyId: z.string(),
      id: z.string(),
      customerId: z.string(),
      merchantAccountId: z.string(),
      planAgencyId: z.string(),
      planId: z.string(),
      planVersion: z.number(),
      cycle: cycleSchema,
      addOns: addOnsSchema,
      mode: z.enum(['subscription', 'setup', 'api']),
      lines: storedLines.nullable(),
      subscriptionId: z.string(),
      trialDays: z.number().nullable(),
      requestHash: z.string(),
      requestId: z.string(),
      status: z.enum(['open', 'complete', 'expired']),
      providerSessionId: z.string().nullable(),
      sessionUrl: z.string().nullable(),
      successUrl: z.string(),
      cancelUrl: z.string(),
      expiresAt: z.date(),
      claimedUntil: z.date().nullable(),
      createdAt: z.date(),
    })
    .transform(({ planAgencyId, planId, ...row }) => ({
      ...row,
      plan: { agencyId: planAgencyId, planId } satisfies PlanKey,
    })),
);

/** How a client is to come to a subscription: stored before anybody is asked for it. */
export type SubscriptionCheckout = z.output<typeof checkoutRows>[number];

const columns = `agency_id AS "agencyId", id, customer_id AS "customerId", merchant_account_id AS "merchantAccountId",
  plan_agency_id AS "planAgencyId", plan_id AS "planId", plan_version AS "planVersion", cycle, add_ons AS "addOns", mode, lines,
  subscription_id AS "subscriptionId", trial_days AS "trialDays", request_hash AS "requestHash", request_id AS "requestId", status,
  provider_session_id AS "providerSessionId", session_url AS "sessionUrl", success_url AS "successUrl",
  cancel_url AS "cancelUrl", expires_at AS "expiresAt", claimed_until AS "claimedUntil", created_at AS "createdAt"`;

const find = async (sql: Sql, condition: string, values: readonly unknown[]): Promise<SubscriptionCheckout | null> => {
  const { rows } = await sql.query(`SELECT ${columns} FROM subscription_checkouts WHERE ${condition}`, [...values]);
  return checkoutRows.parse(rows)[0] ?? null;
};

export const findCheckout = (sql: Sql, agencyId: string, id: string): Promise<SubscriptionCheckout | null> =>
  find(sql, 'agency_id = $1 AND id = $2', [agencyId, id]);

export const checkoutOfRequest = (
  sql: Sql,
  agencyId: string,
  requestId: string,
): Promise<SubscriptionCheckout | null> => find(sql, 'agency_id = $1 AND request_id = $2', [agencyId, requestId]);

export const openCheckoutOfRequest = (
  sql: Sql,
  agencyId: string,
  requestId: string,
): Promise<SubscriptionCheckout | null> =>
  find(sql, `agency_id = $1 AND request_id = $2 AND status = 'open'`, [agencyId, requestId]);

export const checkoutOfSubscription = (
  sql: Sql,
  agencyId: string,
  subscriptionId: string,
): Promise<SubscriptionCheckout | null> =>
  find(sql, 'agency_id = $1 AND subscription_id = $2', [agencyId, subscriptionId]);

/** The one that is open, if one is. */
export const openCheckoutOf = (sql: Sql, { agencyId, customerId }: CustomerKey): Promise<SubscriptionCheckout | null> =>
  find(sql, `agency_id = $1 AND customer_id = $2 AND status = 'open'`, [agencyId, customerId]);

/** The open ones whose time is over, the oldest first. */
export async function lapsedCheckouts(
  sql: Sql,
  now: Date,
  { limit, after }: { readonly limit: number; readonly after: SubscriptionCheckout | undefined },
): Promise<readonly SubscriptionCheckout[]> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM subscription_checkouts
      WHERE status = 'open' AND expires_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)
        AND ($3::timestamptz IS NULL OR (expires_at, id) > ($3, $4))
      ORDER BY expires_at, id LIMIT $2`,
    [now, limit, after?.expiresAt ?? null, after?.id ?? null],
  );
  return checkoutRows.parse(rows);
}

export async function insertCheckout(
  sql: Sql,
  c: Omit<SubscriptionCheckout, 'status' | 'providerSessionId' | 'sessionUrl' | 'claimedUntil' | 'addOns'> & {
    readonly addOns: AddOns;
  },
): Promise<void> {
  await sql.query(
    `INSERT INTO subscription_checkouts (agency_id, id, customer_id, merchant_account_id, plan_agency_id, plan_id, plan_version,
                                         cycle, add_ons, mode, lines, subscription_id, request_hash, request_id, status,
                                         success_url, cancel_url, expires_at, created_at, updated_at, trial_days)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'open', $15, $16, $17, $18, $18, $19)`,
    [
      ...[c.agencyId, c.id, c.customerId, c.merchantAccountId, c.plan.agencyId, c.plan.planId, c.planVersion, c.cycle],
      ...[JSON.stringify(c.addOns), c.mode, c.lines && JSON.stringify(c.lines), c.subscriptionId, c.requestHash],
      ...[c.requestId, c.successUrl, c.cancelUrl, c.expiresAt, c.createdAt, c.trialDays],
    ],
  );
}

type Key = Pick<SubscriptionCheckout, 'agencyId' | 'id'>;

/** Stores the session of an open one, which nobody makes any more then. False where it is not open now. */
export async function saveSession(
  sql: Sql,
  { agencyId, id }: Key,
  session: { readonly id: string; readonly url: string | null },
  now: Date,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `UPDATE subscription_checkouts
        SET provider_session_id = $3, session_url = $4, claimed_until = NULL, updated_at = $5
      WHERE agency_id = $1 AND id = $2 AND status = 'open'`,
    [agencyId, id, session.id, session.url, now],
  );
  return rowCount === 1;
}

/** Says that its provider is asked for it, so that nothing takes its place until then. False where it is not open any more. */
export async function claimCheckout(sql: Sql, { agencyId, id }: Key, until: Date, now: Date): Promise<boolean> {
  const { rowCount } = await sql.query(
    `UPDATE subscription_checkouts SET claimed_until = $3, updated_at = $4
      WHERE agency_id = $1 AND id = $2 AND status = 'open'`,
    [agencyId, id, until, now],
  );
  return rowCount === 1;
}

/** Takes a claim back; one that another made meanwhile stands. */
export async function releaseClaim(sql: Sql, { agencyId, id }: Key, until: Date, now: Date): Promise<void> {
  await sql.query(
    `UPDATE subscription_checkouts SET claimed_until = NULL, updated_at = $4
      WHERE agency_id = $1 AND id = $2 AND claimed_until = $3`,
    [agencyId, id, until, now],
  );
}

/** Ends one that nobody is asking for, if it is as it was read. */
export async function endUnclaimed(
  sql: Sql,
  { agencyId, id, providerSessionId }: Key & Pick<SubscriptionCheckout, 'providerSessionId'>,
  now: Date,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `UPDATE subscription_checkouts SET status = 'expired', updated_at = $3
      WHERE agency_id = $1 AND id = $2 AND status = 'open' AND (claimed_until IS NULL OR claimed_until <= $3)
        AND provider_session_id IS NOT DISTINCT FROM $4`,
    [agencyId, id, now, providerSessionId],
  );
  return rowCount === 1;
}

/** What is complete stays so: its end may be told later than what came of it. */
export async function endCheckout(
  sql: Sql,
  { agencyId, id }: Key,
  status: 'complete' | 'expired',
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE subscription_checkouts SET status = $3, updated_at = $4
      WHERE agency_id = $1 AND id = $2 AND status <> $3 AND (status = 'open' OR $3 = 'complete')`,
    [agencyId, id, status, now],
  );
}
