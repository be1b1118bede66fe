import { z } from 'zod';
import type { CustomerKey } from '../catalog/offer.store.ts';
import type { PlanKey } from '../catalog/plan.store.ts';
import type { Sql } from '../database/database.ts';
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
      subscriptionId: z.string(),
      requestHash: z.string(),
      requestId: z.string(),
      status: z.enum(['open', 'complete', 'expired']),
      providerSessionId: z.string().nullable(),
      sessionUrl: z.string().nullable(),
      successUrl: z.string(),
      cancelUrl: z.string(),
      expiresAt: z.date(),
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
  plan_agency_id AS "planAgencyId", plan_id AS "planId", plan_version AS "planVersion", cycle, add_ons AS "addOns", mode,
  subscription_id AS "subscriptionId", request_hash AS "requestHash", request_id AS "requestId", status,
  provider_session_id AS "providerSessionId", session_url AS "sessionUrl", success_url AS "successUrl",
  cancel_url AS "cancelUrl", expires_at AS "expiresAt", created_at AS "createdAt"`;

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

export const checkoutOfSubscription = (
  sql: Sql,
  agencyId: string,
  subscriptionId: string,
): Promise<SubscriptionCheckout | null> =>
  find(sql, 'agency_id = $1 AND subscription_id = $2', [agencyId, subscriptionId]);

/** The one that is open, if one is. */
export const openCheckoutOf = (sql: Sql, { agencyId, customerId }: CustomerKey): Promise<SubscriptionCheckout | null> =>
  find(sql, `agency_id = $1 AND customer_id = $2 AND status = 'open'`, [agencyId, customerId]);

/** Those that nobody finished in time, at these providers. */
export async function dueCheckouts(
  sql: Sql,
  providers: readonly string[],
  now: Date,
): Promise<readonly SubscriptionCheckout[]> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM subscription_checkouts c
      WHERE status = 'open' AND expires_at <= $2
        AND EXISTS (SELECT 1 FROM merchant_accounts m WHERE m.id = c.merchant_account_id AND m.provider = ANY($1))
      ORDER BY id LIMIT 100`,
    [providers, now],
  );
  return checkoutRows.parse(rows);
}

export async function insertCheckout(
  sql: Sql,
  c: Omit<SubscriptionCheckout, 'status' | 'providerSessionId' | 'sessionUrl' | 'addOns'> & { readonly addOns: AddOns },
): Promise<void> {
  await sql.query(
    `INSERT INTO subscription_checkouts (agency_id, id, customer_id, merchant_account_id, plan_agency_id, plan_id, plan_version,
                                         cycle, add_ons, mode, subscription_id, request_hash, request_id, status, success_url,
                                         cancel_url, expires_at, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'open', $14, $15, $16, $17, $17)`,
    [
      ...[c.agencyId, c.id, c.customerId, c.merchantAccountId, c.plan.agencyId, c.plan.planId, c.planVersion, c.cycle],
      ...[JSON.stringify(c.addOns), c.mode, c.subscriptionId, c.requestHash, c.requestId, c.successUrl, c.cancelUrl],
      ...[c.expiresAt, c.createdAt],
    ],
  );
}

export async function saveSession(
  sql: Sql,
  { agencyId, id }: Pick<SubscriptionCheckout, 'agencyId' | 'id'>,
  session: { readonly id: string; readonly url: string | null },
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE subscription_checkouts SET provider_session_id = $3, session_url = $4, updated_at = $5
      WHERE agency_id = $1 AND id = $2`,
    [agencyId, id, session.id, session.url, now],
  );
}

/** What is complete stays so: its end may be told later than what came of it. */
export async function endCheckout(
  sql: Sql,
  { agencyId, id }: Pick<SubscriptionCheckout, 'agencyId' | 'id'>,
  status: 'complete' | 'expired',
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE subscription_checkouts SET status = $3, updated_at = $4
      WHERE agency_id = $1 AND id = $2 AND status <> $3 AND (status = 'open' OR $3 = 'complete')`,
    [agencyId, id, status, now],
  );
}
