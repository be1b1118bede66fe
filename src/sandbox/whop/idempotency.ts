import { createHash } from 'node:crypto';
import type { WhopCall } from './call.ts';
import { WhopFailure } from './failure.ts';
import type { WhopReply } from './route.ts';

export const fingerprintOf = (method: string, path: string, body: unknown): string =>
  createHash('sha256')
    .update(`${method} ${path} ${JSON.stringify(body)}`)
    .digest('hex');

/** Keys are kept a day, then a key is new again. */
const keptForMs = 24 * 3_600_000;

interface KeyRow {
  readonly fingerprint: string;
  readonly status: number;
  readonly body: string;
}

/**
 * Runs the work once for a key of an account: the same request again gets the same answer, another one 409. What was refused is not
 * remembered, for the refusal undoes the call. How the real service words it is not verified.
 */
export async function once(
  call: WhopCall,
  key: string,
  fingerprint: string,
  work: () => Promise<WhopReply>,
): Promise<WhopReply> {
  await call.client.query('DELETE FROM whop_idempotency_keys WHERE created_at <= $1', [
    new Date(call.now.getTime() - keptForMs),
  ]);
  const { rows } = await call.client.query<KeyRow>(
    'SELECT fingerprint, status, body FROM whop_idempotency_keys WHERE account = $1 AND key = $2',
    [call.caller, key],
  );
  const stored = rows[0];
  if (stored && stored.fingerprint !== fingerprint) {
    throw new WhopFailure(409, 'idempotency_error', 'This idempotency key was used for a different request.');
  }
  if (stored) return { status: stored.status, body: JSON.parse(stored.body) };
  const reply = await work();
  await call.client.query(
    `INSERT INTO whop_idempotency_keys (account, key, fingerprint, status, body, created_at)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [call.caller, key, fingerprint, reply.status, JSON.stringify(reply.body), call.now],
  );
  return reply;
}
