import { z } from 'zod';
import type { Sql } from '../database/database.ts';

/** What names a request: one key, of one principal, on one route. */
export interface IdempotencyName {
  readonly principal: string;
  readonly route: string;
  readonly key: string;
}

const storedRow = z.object({
  id: z.string(),
  request_hash: z.string(),
  state: z.enum(['in_flight', 'done']),
  response_status: z.number().nullable(),
  response_body: z.unknown(),
});

/** A row that somebody else holds or has finished. */
export interface StoredRequest {
  readonly requestHash: string;
  readonly state: 'in_flight' | 'done';
  readonly responseStatus: number | null;
  readonly responseBody: unknown;
}

export type ClaimOutcome =
  | { readonly kind: 'claimed'; readonly requestId: string; readonly resumed: boolean }
  | { readonly kind: 'found'; readonly stored: StoredRequest };

/**
 * Takes the request, or answers what is there. One statement decides: of any number at once, one inserts, or one takes an
 * expired lease over. Only the same body may take over, for the intent that is resumed is the stored one.
 */
export async function claimRequest(
  sql: Sql,
  name: IdempotencyName,
  request: { readonly id: string; readonly requestHash: string; readonly now: Date; readonly leaseUntil: Date },
): Promise<ClaimOutcome> {
  const claimed = await sql.query<{ id: string; resumed: boolean }>({
    name: 'idempotency-claim',
    text: `INSERT INTO idempotency_requests AS r (principal, route, key, id, request_hash, state, lease_until, created_at)
           VALUES ($1, $2, $3, $4, $5, 'in_flight', $6, $7)
           ON CONFLICT (principal, route, key) DO UPDATE SET lease_until = excluded.lease_until
             WHERE r.state = 'in_flight' AND r.lease_until <= $7 AND r.request_hash = excluded.request_hash
           RETURNING r.id, r.id <> $4 AS resumed`,
    values: [name.principal, name.route, name.key, request.id, request.requestHash, request.leaseUntil, request.now],
  });
  const row = claimed.rows[0];
  if (row) return { kind: 'claimed', requestId: row.id, resumed: row.resumed };

  const found = await sql.query({
    name: 'idempotency-find',
    text: `SELECT id, request_hash, state, response_status, response_body
             FROM idempotency_requests WHERE principal = $1 AND route = $2 AND key = $3`,
    values: [name.principal, name.route, name.key],
  });
  const stored = storedRow.parse(found.rows[0]);
  return {
    kind: 'found',
    stored: {
      requestHash: stored.request_hash,
      state: stored.state,
      responseStatus: stored.response_status,
      responseBody: stored.response_body,
    },
  };
}

/**
 * Moves a lease that is still ours; its end is the token, for whoever took it over has set another. Answers whether it was.
 */
export async function moveLease(sql: Sql, requestId: string, held: Date, until: Date): Promise<boolean> {
  const moved = await sql.query({
    name: 'idempotency-lease',
    text: `UPDATE idempotency_requests SET lease_until = $3 WHERE id = $1 AND state = 'in_flight' AND lease_until = $2`,
    values: [requestId, held, until],
  });
  return moved.rowCount === 1;
}

/** Keeps the first answer. Answers false when the lease was lost: then another's answer is, or will be, the first. */
export async function storeAnswer(
  sql: Sql,
  requestId: string,
  held: Date,
  answer: { readonly status: number; readonly body: unknown; readonly now: Date },
): Promise<boolean> {
  const stored = await sql.query({
    name: 'idempotency-answer',
    text: `UPDATE idempotency_requests
              SET state = 'done', response_status = $3, response_body = $4::jsonb, completed_at = $5
            WHERE id = $1 AND state = 'in_flight' AND lease_until = $2`,
    values: [
      requestId,
      held,
      answer.status,
      answer.body === undefined ? null : JSON.stringify(answer.body),
      answer.now,
    ],
  });
  return stored.rowCount === 1;
}

/** Deletes what was answered for requests that came before a time. One that still runs stays: its answer is not known yet. */
export async function purgeRequests(sql: Sql, before: Date): Promise<void> {
  await sql.query(`DELETE FROM idempotency_requests WHERE state = 'done' AND created_at < $1`, [before]);
}
