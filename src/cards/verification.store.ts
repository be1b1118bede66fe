import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import { Money } from '../money/money.ts';
import type { HoldStatus } from './hold.ts';

const statuses = ['requested', 'placed', 'released', 'failed', 'action_required', 'expired'] as const;

const row = z
  .object({
    agencyId: z.string(),
    id: z.string(),
    customerId: z.string(),
    paymentMethodId: z.string(),
    merchantAccountId: z.string(),
    fingerprint: z.string(),
    amount: z.string(),
    currency: z.string(),
    status: z.enum(statuses) satisfies z.ZodType<HoldStatus>,
    providerPaymentId: z.string().nullable(),
    actionUrl: z.string().nullable(),
    code: z.string().nullable(),
    declineCode: z.string().nullable(),
    message: z.string().nullable(),
    requestedAt: z.date(),
    updatedAt: z.date(),
  })
  .transform(({ amount, currency, ...rest }) => ({ ...rest, amount: Money.of(amount, currency) }));

/** A hold, as it is stored before anybody is asked for it. */
export type CardVerification = z.output<typeof row>;

const columns = `agency_id AS "agencyId", id, customer_id AS "customerId", payment_method_id AS "paymentMethodId",
  merchant_account_id AS "merchantAccountId", fingerprint, amount::text, currency, status,
  provider_payment_id AS "providerPaymentId", action_url AS "actionUrl", code, decline_code AS "declineCode", message,
  requested_at AS "requestedAt", updated_at AS "updatedAt"`;

const parsed = (rows: readonly unknown[]): readonly CardVerification[] => rows.map((found) => row.parse(found));

type NewVerification = Omit<
  CardVerification,
  'status' | 'providerPaymentId' | 'actionUrl' | 'code' | 'declineCode' | 'message' | 'updatedAt'
>;

export async function insertVerification(sql: Sql, v: NewVerification): Promise<void> {
  await sql.query(
    `INSERT INTO card_verifications (agency_id, id, customer_id, payment_method_id, merchant_account_id, fingerprint, amount,
                                     currency, status, requested_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'requested', $9, $9)`,
    [
      v.agencyId,
      v.id,
      v.customerId,
      v.paymentMethodId,
      v.merchantAccountId,
      v.fingerprint,
      v.amount.amount.toFixed(),
      v.amount.currency.code,
      v.requestedAt,
    ],
  );
}

export async function findVerification(
  sql: Sql,
  agencyId: string,
  id: string,
  lock: 'read' | 'hold',
): Promise<CardVerification | null> {
  const text = `SELECT ${columns} FROM card_verifications WHERE agency_id = $1 AND id = $2`;
  const { rows } = await sql.query(lock === 'hold' ? `${text} FOR NO KEY UPDATE` : text, [agencyId, id]);
  return parsed(rows)[0] ?? null;
}

/** Newest first. */
export async function listVerifications(
  sql: Sql,
  agencyId: string,
  customerId: string,
): Promise<readonly CardVerification[]> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM card_verifications WHERE agency_id = $1 AND customer_id = $2 ORDER BY id DESC LIMIT 100`,
    [agencyId, customerId],
  );
  return parsed(rows);
}

export interface Forgotten {
  /** Requested or placed, and not looked at since. */
  readonly since: Date;
  /** The same for one that waits for its client. */
  readonly askedSince: Date;
  readonly limit: number;
}

/** Not over, and not heard of or looked at since, oldest first: what a sweeper looks after. */
export async function forgotten(
  sql: Sql,
  { since, askedSince, limit }: Forgotten,
): Promise<readonly CardVerification[]> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM card_verifications
      WHERE status IN ('requested', 'placed', 'action_required')
        AND updated_at <= CASE WHEN status = 'action_required' THEN $2::timestamptz ELSE $1::timestamptz END
      ORDER BY updated_at, id LIMIT $3`,
    [since, askedSince, limit],
  );
  return parsed(rows);
}

/** It was looked at: the others come first. */
export async function touchVerification(
  sql: Sql,
  { agencyId, id }: Pick<CardVerification, 'agencyId' | 'id'>,
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE card_verifications SET updated_at = $3 WHERE agency_id = $1 AND id = $2
        AND status IN ('requested', 'placed', 'action_required')`,
    [agencyId, id, now],
  );
}

/** The one that is not over. */
export async function findOpenVerification(
  sql: Sql,
  agencyId: string,
  paymentMethodId: string,
): Promise<CardVerification | null> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM card_verifications WHERE agency_id = $1 AND payment_method_id = $2
        AND status IN ('requested', 'placed', 'action_required')`,
    [agencyId, paymentMethodId],
  );
  return parsed(rows)[0] ?? null;
}

/** A hold that stands though it should not: a person must look. Told once. */
export async function raiseHoldAlert(sql: Sql, { agencyId, id, status }: CardVerification, now: Date): Promise<void> {
  await sql.query(
    `INSERT INTO alerts (agency_id, kind, subject, id, detail, created_at) VALUES ($1, 'hold_not_released', $2, $3, $4, $5)
     ON CONFLICT (agency_id, kind, subject) DO NOTHING`,
    [agencyId, id, newId('alert'), JSON.stringify({ status }), now],
  );
}

export interface HoldNews {
  readonly status: HoldStatus;
  readonly paymentId: string | null;
  readonly actionUrl: string | null;
  readonly code: string | null;
  readonly declineCode: string | null;
  readonly message: string | null;
}

export async function saveNews(
  sql: Sql,
  { agencyId, id }: Pick<CardVerification, 'agencyId' | 'id'>,
  news: HoldNews,
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE card_verifications
        SET status = $3, provider_payment_id = coalesce($4, provider_payment_id),
            action_url = CASE WHEN $3 = 'action_required' THEN coalesce($5, action_url) END,
            code = coalesce($6, code), decline_code = coalesce($7, decline_code), message = coalesce($8, message),
            placed_at = CASE WHEN $3 = 'placed' THEN coalesce(placed_at, $9) ELSE placed_at END,
            ended_at = CASE WHEN $3 IN ('released', 'failed', 'expired') THEN coalesce(ended_at, $9) END, updated_at = $9
      WHERE agency_id = $1 AND id = $2`,
    [agencyId, id, news.status, news.paymentId, news.actionUrl, news.code, news.declineCode, news.message, now],
  );
}
