import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import { Money } from '../money/money.ts';
import { type Breaker, closedBreaker } from './breaker.ts';
import { type RefillSettings, type SkipReason, skipReasons } from './decide-refill.ts';

/** A client, as every query of this room names it. */
export interface ClientKey {
  readonly agencyId: string;
  readonly customerId: string;
}

export interface CardOfBreaker extends ClientKey {
  readonly fingerprint: string;
}

export interface Refill extends ClientKey {
  readonly id: string;
  readonly orderId: string;
  readonly paymentMethodId: string;
  /** The card and the client as the provider knows them: kept, so that a charge that is repeated is the same request. */
  readonly providerCardId: string;
  readonly providerCustomerId: string;
  readonly fingerprint: string;
  readonly status: 'in_flight' | 'credited' | 'declined' | 'refused';
  readonly amount: Money;
  readonly createdAt: Date;
}

const usd = z.string().transform((amount) => Money.of(amount, 'USD'));

const settingsRow = z.object({
  enabled: z.boolean(),
  threshold: usd,
  amount: usd,
  monthlyLimit: usd.nullable(),
}) satisfies z.ZodType<RefillSettings>;

const selectSettings = `
  SELECT enabled, threshold::text, amount::text, monthly_limit::text AS "monthlyLimit"
    FROM auto_refills WHERE agency_id = $1 AND customer_id = $2`;

/** Null for a client that never had any. `lock`: nobody else decides on this client's refills until the transaction ends. */
export async function loadSettings(
  sql: Sql,
  { agencyId, customerId }: ClientKey,
  lock: 'read' | 'lock',
): Promise<RefillSettings | null> {
  const text = lock === 'lock' ? `${selectSettings} FOR UPDATE` : selectSettings;
  const { rows } = await sql.query(text, [agencyId, customerId]);
  return rows[0] === undefined ? null : settingsRow.parse(rows[0]);
}

export async function saveSettings(
  sql: Sql,
  { agencyId, customerId }: ClientKey,
  { enabled, threshold, amount, monthlyLimit }: RefillSettings,
  now: Date,
): Promise<void> {
  await sql.query(
    `INSERT INTO auto_refills (agency_id, customer_id, enabled, threshold, amount, monthly_limit, evaluated_at, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7)
     ON CONFLICT (agency_id, customer_id) DO UPDATE SET enabled = excluded.enabled, threshold = excluded.threshold,
       amount = excluded.amount, monthly_limit = excluded.monthly_limit, updated_at = excluded.updated_at`,
    [
      agencyId,
      customerId,
      enabled,
      threshold.amount.toFixed(),
      amount.amount.toFixed(),
      monthlyLimit?.amount.toFixed() ?? null,
      now,
    ],
  );
}

const refillRow = z.object({
  agencyId: z.string(),
  customerId: z.string(),
  id: z.string(),
  orderId: z.string(),
  paymentMethodId: z.string(),
  providerCardId: z.string(),
  providerCustomerId: z.string(),
  fingerprint: z.string(),
  status: z.enum(['in_flight', 'credited', 'declined', 'refused']),
  amount: usd,
  createdAt: z.date(),
}) satisfies z.ZodType<Refill>;

const refillColumns = `agency_id AS "agencyId", customer_id AS "customerId", id, order_id AS "orderId",
  payment_method_id AS "paymentMethodId", provider_card_id AS "providerCardId",
  provider_customer_id AS "providerCustomerId", fingerprint, status, amount::text, created_at AS "createdAt"`;

export async function findInFlight(sql: Sql, { agencyId, customerId }: ClientKey): Promise<Refill | null> {
  const { rows } = await sql.query(
    `SELECT ${refillColumns} FROM refills WHERE agency_id = $1 AND customer_id = $2 AND status = 'in_flight'`,
    [agencyId, customerId],
  );
  return rows[0] === undefined ? null : refillRow.parse(rows[0]);
}

/** The UTC month that a refill counts in: `2026-03`. */
export const monthOf = (time: Date): string => time.toISOString().slice(0, 7);

/** Credited or in flight in a month. */
export async function refilledIn(sql: Sql, { agencyId, customerId }: ClientKey, month: string): Promise<Money> {
  const { rows } = await sql.query<{ total: string }>(
    `SELECT coalesce(sum(amount), 0)::text AS total FROM refills
      WHERE agency_id = $1 AND customer_id = $2 AND month = $3 AND status IN ('in_flight', 'credited')`,
    [agencyId, customerId, month],
  );
  return Money.of(rows[0]?.total ?? '0', 'USD');
}

export async function insertRefill(sql: Sql, refill: Refill): Promise<void> {
  await sql.query(
    `INSERT INTO refills (agency_id, id, customer_id, order_id, payment_method_id, provider_card_id, provider_customer_id,
                          fingerprint, status, amount, month, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      refill.agencyId,
      refill.id,
      refill.customerId,
      refill.orderId,
      refill.paymentMethodId,
      refill.providerCardId,
      refill.providerCustomerId,
      refill.fingerprint,
      refill.status,
      refill.amount.amount.toFixed(),
      monthOf(refill.createdAt),
      refill.createdAt,
    ],
  );
}

/** How a refill in flight ended without money. */
export interface RefillFailure {
  readonly status: 'declined' | 'refused';
  readonly paymentId: string | null;
  readonly code: string | null;
  readonly declineCode: string | null;
  readonly message: string | null;
}

/** Ends a refill that is in flight, by its order. Null where it ended before: then nothing may follow from this. */
export async function failRefill(
  sql: Sql,
  order: { readonly agencyId: string; readonly orderId: string },
  failure: RefillFailure,
  now: Date,
): Promise<Refill | null> {
  const { rows } = await sql.query(
    `UPDATE refills SET status = $3, provider_payment_id = $4, code = $5, decline_code = $6, message = $7, settled_at = $8
      WHERE agency_id = $1 AND order_id = $2 AND status = 'in_flight' RETURNING ${refillColumns}`,
    [
      order.agencyId,
      order.orderId,
      failure.status,
      failure.paymentId,
      failure.code,
      failure.declineCode,
      failure.message,
      now,
    ],
  );
  return rows[0] === undefined ? null : refillRow.parse(rows[0]);
}

/** Money arrived for these orders: whatever was said of their refills before, they are credited. */
export async function creditRefills(
  sql: Sql,
  orders: readonly { readonly agencyId: string; readonly orderId: string }[],
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE refills r SET status = 'credited', settled_at = $3
       FROM unnest($1::text[], $2::text[]) AS paid(agency_id, order_id)
      WHERE r.agency_id = paid.agency_id AND r.order_id = paid.order_id AND r.status <> 'credited'`,
    [orders.map(({ agencyId }) => agencyId), orders.map(({ orderId }) => orderId), now],
  );
}

/** When the provider last refused a charge of this client for a reason that was not the card; null where it never did. */
export async function lastRefusal(sql: Sql, { agencyId, customerId }: ClientKey): Promise<Date | null> {
  const { rows } = await sql.query<{ at: Date | null }>(
    `SELECT max(settled_at) AS at FROM refills WHERE agency_id = $1 AND customer_id = $2 AND status = 'refused'`,
    [agencyId, customerId],
  );
  return rows[0]?.at ?? null;
}

/** Clients whose refill has been in flight since before `since`: its outcome may have been lost. */
export async function longInFlight(sql: Sql, since: Date): Promise<readonly ClientKey[]> {
  const { rows } = await sql.query<ClientKey>(
    `SELECT agency_id AS "agencyId", customer_id AS "customerId" FROM refills
      WHERE status = 'in_flight' AND created_at <= $1 ORDER BY agency_id, customer_id`,
    [since],
  );
  return rows;
}

const breakerRow = z.object({
  state: z.enum(['closed', 'open', 'half_open', 'stopped']),
  kind: z.enum(['authentication', 'hard', 'soft']).nullable(),
  cause: z.string().nullable(),
  softDeclines: z.number(),
  openedAt: z.date().nullable(),
  nextAttemptAt: z.date().nullable(),
}) satisfies z.ZodType<Breaker>;

export async function loadBreaker(sql: Sql, { agencyId, customerId, fingerprint }: CardOfBreaker): Promise<Breaker> {
  const { rows } = await sql.query(
    `SELECT state, kind, cause, soft_declines AS "softDeclines", opened_at AS "openedAt", next_attempt_at AS "nextAttemptAt"
       FROM refill_breakers WHERE agency_id = $1 AND customer_id = $2 AND fingerprint = $3`,
    [agencyId, customerId, fingerprint],
  );
  return rows[0] === undefined ? closedBreaker : breakerRow.parse(rows[0]);
}

export async function saveBreaker(
  sql: Sql,
  { agencyId, customerId, fingerprint }: CardOfBreaker,
  { state, kind, cause, softDeclines, openedAt, nextAttemptAt }: Breaker,
  now: Date,
): Promise<void> {
  await sql.query(
    `INSERT INTO refill_breakers (agency_id, customer_id, fingerprint, state, kind, cause, soft_declines, opened_at, next_attempt_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (agency_id, customer_id, fingerprint) DO UPDATE SET state = excluded.state, kind = excluded.kind,
       cause = excluded.cause, soft_declines = excluded.soft_declines, opened_at = excluded.opened_at,
       next_attempt_at = excluded.next_attempt_at, updated_at = excluded.updated_at`,
    [agencyId, customerId, fingerprint, state, kind, cause, softDeclines, openedAt, nextAttemptAt, now],
  );
}

/** Closes every breaker of these clients. Answers those that had one to close. */
export async function closeBreakers(sql: Sql, clients: readonly ClientKey[], now: Date): Promise<readonly ClientKey[]> {
  const { rows } = await sql.query<ClientKey>(
    `UPDATE refill_breakers b SET state = 'closed', soft_declines = 0, next_attempt_at = NULL, updated_at = $3
       FROM unnest($1::text[], $2::text[]) AS c(agency_id, customer_id)
      WHERE b.agency_id = c.agency_id AND b.customer_id = c.customer_id AND b.state <> 'closed'
     RETURNING b.agency_id AS "agencyId", b.customer_id AS "customerId"`,
    [clients.map(({ agencyId }) => agencyId), clients.map(({ customerId }) => customerId), now],
  );
  return rows;
}

/** The cards of these refills pay again. */
export async function closeBreakersOfRefills(
  sql: Sql,
  orders: readonly { readonly agencyId: string; readonly orderId: string }[],
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE refill_breakers b SET state = 'closed', soft_declines = 0, next_attempt_at = NULL, updated_at = $3
       FROM refills r JOIN unnest($1::text[], $2::text[]) AS paid(agency_id, order_id) USING (agency_id, order_id)
      WHERE b.agency_id = r.agency_id AND b.customer_id = r.customer_id AND b.fingerprint = r.fingerprint AND b.state <> 'closed'`,
    [orders.map(({ agencyId }) => agencyId), orders.map(({ orderId }) => orderId), now],
  );
}

/** Notes that a client was looked at, so that time wakes it again only for what falls due later. */
export async function noteEvaluation(sql: Sql, { agencyId, customerId }: ClientKey, now: Date): Promise<void> {
  await sql.query('UPDATE auto_refills SET evaluated_at = $3 WHERE agency_id = $1 AND customer_id = $2', [
    agencyId,
    customerId,
    now,
  ]);
}

/**
 * Clients for whom something fell due by time alone since they were last looked at: the rest of a card is over, the month has
 * turned, or an hour has passed since the provider refused; and, hourly, whom an account, a dispute or a disabled client or
 * agency stood in the way of. Parameters: now, the start of its UTC month.
 */
const selectDue = `
SELECT agency_id AS "agencyId", customer_id AS "customerId" FROM auto_refills a
 WHERE enabled AND evaluated_at < $1 AND (
   evaluated_at < $2
   OR EXISTS (SELECT 1 FROM refill_breakers b
               WHERE b.agency_id = a.agency_id AND b.customer_id = a.customer_id AND b.state = 'open'
                 AND b.next_attempt_at <= $1 AND b.next_attempt_at > a.evaluated_at)
   OR EXISTS (SELECT 1 FROM refills r
               WHERE r.agency_id = a.agency_id AND r.customer_id = a.customer_id AND r.status = 'refused'
                 AND r.settled_at + interval '1 hour' <= $1 AND r.settled_at + interval '1 hour' > a.evaluated_at)
   OR (evaluated_at <= $1 - interval '1 hour'
       AND (SELECT s.reason FROM refill_skips s WHERE s.agency_id = a.agency_id AND s.customer_id = a.customer_id
             ORDER BY s.id DESC LIMIT 1) IN ('account_inactive', 'client_disabled', 'agency_disabled', 'dispute_open')))
 ORDER BY agency_id, customer_id`;

export const clientsDue = async (sql: Sql, now: Date, monthStart: Date): Promise<readonly ClientKey[]> =>
  (await sql.query<ClientKey>(selectDue, [now, monthStart])).rows;

/** The same reason again, with no other in between, counts up. */
export async function recordSkip(
  sql: Sql,
  { agencyId, customerId }: ClientKey,
  reason: SkipReason,
  now: Date,
): Promise<void> {
  const counted = await sql.query(
    `UPDATE refill_skips SET times = times + 1, last_at = $4
      WHERE agency_id = $1 AND customer_id = $2 AND reason = $3
        AND id = (SELECT max(id) FROM refill_skips WHERE agency_id = $1 AND customer_id = $2)`,
    [agencyId, customerId, reason, now],
  );
  if (counted.rowCount) return;
  await sql.query(
    `INSERT INTO refill_skips (agency_id, customer_id, id, reason, times, first_at, last_at) VALUES ($1, $2, $3, $4, 1, $5, $5)`,
    [agencyId, customerId, newId('refillSkip'), reason, now],
  );
}

const skipRows = z.array(
  z.object({
    reason: z.string().transform((reason) => skipReasonOf(reason)),
    times: z.number(),
    firstAt: z.date(),
    lastAt: z.date(),
  }),
);

const isSkipReason = (reason: string): reason is SkipReason => Object.hasOwn(skipReasons, reason);

function skipReasonOf(reason: string): SkipReason {
  if (!isSkipReason(reason)) throw new Error(`unexpected stored skip reason ${reason}`);
  return reason;
}

/** Newest first. */
export async function listSkips(sql: Sql, { agencyId, customerId }: ClientKey): Promise<z.output<typeof skipRows>> {
  const { rows } = await sql.query(
    `SELECT reason, times, first_at AS "firstAt", last_at AS "lastAt" FROM refill_skips
      WHERE agency_id = $1 AND customer_id = $2 ORDER BY id DESC LIMIT 20`,
    [agencyId, customerId],
  );
  return skipRows.parse(rows);
}
