import { createHash } from 'node:crypto';
import type { Call } from './call.ts';
import { invalidRequest, StripeFailure } from './failure.ts';
import type { Reply } from './route.ts';

/** Keys are kept at least a day, then a key is new again (api/idempotent_requests). */
export const keptForMs = 24 * 3_600_000;

const keyLengthMax = 255;

export interface StoredReply extends Reply {
  readonly replayed: boolean;
}

export function requireValidKey(key: string): void {
  if (key.length > keyLengthMax) {
    throw invalidRequest(`Idempotency keys may be at most ${keyLengthMax} characters.`);
  }
}

/** What makes two requests the same: the order of parameters does not. */
export const fingerprintOf = (method: string, path: string, body: string): string =>
  createHash('sha256')
    .update(`${method} ${path} ${body.split('&').sort().join('&')}`)
    .digest('hex');

const otherParameters = (key: string) =>
  new StripeFailure(400, {
    type: 'idempotency_error',
    message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
  });

const inUse = (key: string) =>
  new StripeFailure(409, {
    type: 'invalid_request_error',
    code: 'idempotency_key_in_use',
    message: `There is currently another in-progress request using this Idempotent Key '${key}'.`,
  });

interface KeyRow {
  readonly fingerprint: string;
  readonly status: number;
  readonly body: string;
}

/** Idempotency keys of all accounts. The results are rows of the call's own transaction; who is running is memory. */
export class IdempotencyKeys {
  readonly #running = new Set<string>();

  /** Throws 409 `idempotency_key_in_use` while another request runs under this key of the account. */
  async exclusively<Result>(accountId: string, key: string, work: () => Promise<Result>): Promise<Result> {
    const name = `${accountId} ${key}`;
    if (this.#running.has(name)) throw inUse(key);
    this.#running.add(name);
    try {
      return await work();
    } finally {
      this.#running.delete(name);
    }
  }

  /**
   * The result stored under the key, or what `execute` answers, stored with whatever it did. What `execute` throws is
   * not stored. Throws 400 `idempotency_error` where the key was used with other parameters.
   */
  async run(call: Call, key: string, fingerprint: string, execute: () => Promise<Reply>): Promise<StoredReply> {
    const { client, accountId } = call.store;
    const { rows } = await client.query<KeyRow>(
      'SELECT fingerprint, status, body FROM idempotency_keys WHERE account = $1 AND key = $2 AND created_at > $3',
      [accountId, key, new Date(call.now.getTime() - keptForMs)],
    );
    const stored = rows[0];
    if (stored) {
      if (stored.fingerprint !== fingerprint) throw otherParameters(key);
      return { status: stored.status, body: JSON.parse(stored.body), replayed: true };
    }
    const reply = await execute();
    await client.query(
      `INSERT INTO idempotency_keys (account, key, fingerprint, status, body, created_at)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (account, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
         body = excluded.body, created_at = excluded.created_at`,
      [accountId, key, fingerprint, reply.status, JSON.stringify(reply.body), call.now],
    );
    return { ...reply, replayed: false };
  }
}
