import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import { AppError, conflict, errorMessage } from '../errors.ts';
import { newId } from '../ids.ts';
import {
  claimRequest,
  type IdempotencyName,
  moveLease,
  purgeRequests,
  type StoredRequest,
  storeAnswer,
} from './idempotency.store.ts';
import type { Answer, IdempotentRequest } from './route.ts';

/** How long a process that died keeps others waiting. */
const leaseMs = 30_000;
/** Renewed well before it ends, so that one slow renewal does not lose it. */
const renewalMs = leaseMs / 3;
const keyLengthMax = 255;

/** How long an answer is kept: twice the day that is promised. */
const keptMs = 48 * 3_600_000;

export interface IdempotencyDependencies {
  readonly sql: Sql;
  /**
   * The machine's time, not the sandbox's: a lease is about processes, and moving the sandbox's clock must not end one. All
   * replicas share it.
   */
  readonly clock: Clock;
}

export interface IdempotentCall {
  readonly name: IdempotencyName;
  /** What makes two requests the same: path, query and body. */
  readonly content: unknown;
  readonly carriesSecret: boolean;
  readonly log: Logger;
  /** Every answer is kept, final refusals too; a throw is a failure that the client may try again. */
  run(request: IdempotentRequest): Promise<Answer>;
}

export type IdempotentAnswer = Answer & { readonly replayed: boolean };

/** Throws `AppError` 422 for a key that cannot be kept. */
export function checkedKey(key: string): string {
  if (key.length >= 1 && key.length <= keyLengthMax && /^[\x20-\x7e]+$/.test(key)) return key;
  throw new AppError(
    422,
    'invalid_idempotency_key',
    `An Idempotency-Key has 1 to ${keyLengthMax} printable ASCII characters.`,
  );
}

/**
 * Runs a request once per (principal, route, key). The same content again gets the first answer; other content is 409
 * `idempotency_conflict`; one that still runs is 409 `request_in_progress`. When its process died, the next request takes
 * over with the stored request id. A throw is not kept: the next try resumes under the same id.
 */
export async function runOnce(
  { sql, clock }: IdempotencyDependencies,
  call: IdempotentCall,
): Promise<IdempotentAnswer> {
  const requestHash = hashOf(call.content);
  const now = clock.now();
  const leaseUntil = new Date(now.getTime() + leaseMs);
  const claim = await claimRequest(sql, call.name, { id: newId('idempotencyRequest'), requestHash, now, leaseUntil });
  if (claim.kind === 'found') return replayed(claim.stored, requestHash);

  const lease = holdLease({ sql, clock }, claim.requestId, leaseUntil, call.log);
  try {
    const answer = await call.run({ requestId: claim.requestId, resumed: claim.resumed });
    const held = await lease.stop();
    const body = call.carriesSecret && answer.status < 400 ? null : answer.body;
    const first = await storeAnswer(sql, claim.requestId, held, { status: answer.status, body, now: clock.now() });
    if (!first)
      call.log.warn(
        { requestId: claim.requestId },
        'the lease of an idempotent request was lost before it was answered',
      );
    return { ...answer, replayed: false };
  } catch (error) {
    const held = await lease.stop();
    await moveLease(sql, claim.requestId, held, clock.now()).catch((cause: unknown) =>
      call.log.warn(
        { requestId: claim.requestId, cause: errorMessage(cause) },
        'a lease could not be given back; it runs out by itself',
      ),
    );
    throw error;
  }
}

/** Forgets the answers of requests older than two days. Their keys name new requests from then on. */
export const purgeIdempotency = ({ sql, clock }: IdempotencyDependencies): Promise<void> =>
  purgeRequests(sql, new Date(clock.now().getTime() - keptMs));

function replayed(stored: StoredRequest, requestHash: string): IdempotentAnswer {
  if (stored.requestHash !== requestHash) {
    throw conflict('idempotency_conflict', 'This Idempotency-Key was used with another request.');
  }
  if (stored.state === 'in_flight' || stored.responseStatus === null) {
    throw conflict('request_in_progress', 'The first request with this Idempotency-Key is still running.');
  }
  if (stored.responseBody === null && stored.responseStatus !== 204) {
    throw conflict('secret_already_issued', 'The first answer carried a secret, which is shown only once.');
  }
  return { status: stored.responseStatus, body: stored.responseBody ?? undefined, replayed: true };
}

interface Lease {
  /** Ends renewal, after one that is under way, and answers the end of the lease as last written. */
  stop(): Promise<Date>;
}

function holdLease({ sql, clock }: IdempotencyDependencies, requestId: string, first: Date, log: Logger): Lease {
  let held = first;
  let renewal: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    renewal = renewal.then(async () => {
      const until = new Date(clock.now().getTime() + leaseMs);
      try {
        if (await moveLease(sql, requestId, held, until)) held = until;
      } catch (error) {
        log.warn({ requestId, cause: errorMessage(error) }, 'the lease of an idempotent request was not renewed');
      }
    });
  }, renewalMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await renewal;
      return held;
    },
  };
}

const hashOf = (content: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(content)))
    .digest('hex');

/** Objects with their keys in order: two spellings of one JSON object are the same request. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]): [string, unknown] => [key, sorted(inner)])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
