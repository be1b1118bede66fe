import type pg from 'pg';
import { z } from 'zod';
import type { OperationRecord, OperationStore } from './operation.ts';

const errorDetail = z.object({
  kind: z.enum(['declined', 'invalid', 'auth', 'rate_limited', 'unavailable', 'indeterminate']),
  message: z.string(),
  code: z.string().optional(),
  status: z.number().optional(),
  declineCode: z.string().optional(),
  adviceCode: z.string().optional(),
  paymentId: z.string().optional(),
  param: z.string().optional(),
  requestId: z.string().optional(),
  stored: z.boolean().optional(),
});

const row = z
  .object({
    id: z.string(),
    attempt: z.number().int(),
    idempotency_key: z.string(),
    request_hash: z.string(),
    state: z.enum(['sent', 'done', 'failed']),
    first_sent_at: z.date(),
    last_sent_at: z.date(),
    error: errorDetail.nullable(),
  })
  .transform(
    (columns): OperationRecord => ({
      id: columns.id,
      attempt: columns.attempt,
      idempotencyKey: columns.idempotency_key,
      requestHash: columns.request_hash,
      state: columns.state,
      firstSentAt: columns.first_sent_at,
      lastSentAt: columns.last_sent_at,
      error: columns.error,
    }),
  );

const selectSql = `
  SELECT id, attempt, idempotency_key, request_hash, state, first_sent_at, last_sent_at, error
    FROM provider_operations WHERE id = $1`;

const insertSql = `
  INSERT INTO provider_operations
    (id, attempt, idempotency_key, request_hash, state, first_sent_at, last_sent_at, error, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  ON CONFLICT (id) DO NOTHING`;

const updateSql = `
  UPDATE provider_operations
     SET attempt = $2, idempotency_key = $3, request_hash = $4, state = $5, first_sent_at = $6, last_sent_at = $7,
         error = $8, updated_at = $9
   WHERE id = $1 AND attempt = $10 AND state = $11 AND last_sent_at = $12`;

/**
 * Operations in `provider_operations`. Each statement commits by itself, on a connection of the pool: a key that is sent is
 * stored whatever becomes of the caller.
 */
export const createOperationStore = (pool: Pick<pg.Pool, 'query'>): OperationStore => ({
  async load(id) {
    const { rows } = await pool.query(selectSql, [id]);
    return row.nullable().parse(rows[0] ?? null);
  },

  async replace(previous, next, now) {
    const values = [
      next.id,
      next.attempt,
      next.idempotencyKey,
      next.requestHash,
      next.state,
      next.firstSentAt,
      next.lastSentAt,
      next.error && JSON.stringify(next.error),
      now,
    ];
    const { rowCount } = previous
      ? await pool.query(updateSql, [...values, previous.attempt, previous.state, previous.lastSentAt])
      : await pool.query(insertSql, values);
    return rowCount === 1;
  },
});
