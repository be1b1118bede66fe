import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { ProviderError, type ProviderErrorDetail, type ProviderErrorKind } from './errors.ts';

/** What is stored of a write at a provider. `sent`: it may or may not have happened yet. */
export interface OperationRecord {
  readonly id: string;
  readonly attempt: number;
  readonly idempotencyKey: string;
  readonly requestHash: string;
  readonly state: 'sent' | 'done' | 'failed';
  readonly firstSentAt: Date;
  /** Later than `firstSentAt` from the second send under the same key on; it grows with every send. */
  readonly lastSentAt: Date;
  /** How the last send of this attempt failed. */
  readonly error: ProviderErrorDetail | null;
}

export interface OperationStore {
  load(id: string): Promise<OperationRecord | null>;
  /**
   * Writes `next` and commits it, if what is stored is still `previous` (null: nothing) in its attempt, state and
   * last send. False where another process was faster.
   */
  replace(previous: OperationRecord | null, next: OperationRecord, now: Date): Promise<boolean>;
}

export interface OperationDependencies {
  readonly store: OperationStore;
  readonly clock: Clock;
  /** Waits between the quick tries. Default: the system's timer. */
  readonly wait?: (ms: number) => Promise<unknown>;
}

export interface Operation<T> {
  /** Names the write, e.g. `checkout:ord_...`: one object for ever. At most 240 characters. */
  readonly id: string;
  /** Everything that the call sends, as JSON: derived from stored facts, so that it is the same after a crash. */
  readonly request: object;
  readonly call: (idempotencyKey: string) => Promise<T>;
  /** The object that a lost call made, found by listing, never by search (which lags). Null: proven absent. */
  readonly lookUp: () => Promise<T | null>;
  /** A decline is this operation's last word: it is thrown again and never sent anew. For charges that nobody is there to repeat. */
  readonly declineIsFinal?: boolean;
  /** The provider is not known to honour keys on this call: what is in doubt is looked up before anything is sent again. */
  readonly lookUpFirst?: boolean;
  /** The longest that `call` can take with all tries of its own, in milliseconds. */
  readonly timeoutMs?: number;
}

/** The same operation was begun with another request: a mistake of ours, never the provider's. */
export class OperationConflict extends Error {
  constructor(id: string) {
    super(`operation ${id} was begun with another request`);
    this.name = 'OperationConflict';
  }
}

/** Stripe forgets a key after 24 hours at the earliest; an hour of margin covers clocks and slow calls. */
export const keyLifetimeMs = 23 * 3_600_000;

/** Three tries of 20 seconds and the waits between them, with a margin. */
export const callTimeoutMsDefault = 90_000;

/** Waits before the second and the third quick try; after that the caller's job backs off. */
const quickRetryWaitsMs = [250, 1_000];

const quickRetryKinds: ReadonlySet<ProviderErrorKind> = new Set<ProviderErrorKind>(['rate_limited', 'unavailable']);

const idLengthMax = 240;

export const requestHash = (request: object): string =>
  createHash('sha256')
    .update(
      JSON.stringify(request, (_key, value: unknown) =>
        typeof value === 'object' && value !== null && !Array.isArray(value)
          ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
          : value,
      ),
    )
    .digest('hex');

type Step =
  /** Store the record, then send its key. */
  | { readonly take: 'send'; readonly record: OperationRecord }
  | { readonly take: 'look_up'; readonly record: OperationRecord }
  /** Send a finished operation's key once more, for the answer that the provider keeps. */
  | { readonly take: 'replay'; readonly record: OperationRecord }
  | { readonly take: 'refuse' };

const attemptOf = (id: string, attempt: number, hash: string, now: Date): OperationRecord => ({
  id,
  attempt,
  idempotencyKey: `${id}:${attempt}`,
  requestHash: hash,
  state: 'sent',
  firstSentAt: now,
  lastSentAt: now,
  error: null,
});

/** Strictly later than the send before, so that a record shows whether its key was sent more than once. */
const sentAgain = (record: OperationRecord, now: Date): OperationRecord => ({
  ...record,
  lastSentAt: new Date(Math.max(now.getTime(), record.lastSentAt.getTime() + 1)),
});

const isKeyAlive = (record: OperationRecord, now: Date): boolean =>
  now.getTime() - record.firstSentAt.getTime() < keyLifetimeMs;

const isRefusal = (error: ProviderErrorDetail): boolean => error.kind === 'invalid' || error.kind === 'auth';

/** The key can bring nothing new: it is old, its answer is stored for ever, or it was refused after a send in doubt. */
const isKeySpent = (record: OperationRecord, now: Date): boolean =>
  !isKeyAlive(record, now) || (record.error !== null && (record.error.stored === true || isRefusal(record.error)));

/** What to do next about an operation, from what is stored of it. */
export function nextStep(
  record: OperationRecord | null,
  id: string,
  hash: string,
  now: Date,
  lookUpFirst = false,
): Step {
  if (!record) return { take: 'send', record: attemptOf(id, 1, hash, now) };
  // Nothing was made and nothing is in doubt, so that even a corrected request may follow.
  if (record.state === 'failed') return { take: 'send', record: attemptOf(id, record.attempt + 1, hash, now) };
  const isInDoubt = record.error === null || record.error.kind === 'indeterminate';
  if (record.state === 'done' || isKeySpent(record, now) || (lookUpFirst && isInDoubt))
    return { take: 'look_up', record };
  return record.requestHash === hash ? { take: 'send', record: sentAgain(record, now) } : { take: 'refuse' };
}

/** What to do once the look-up has found nothing. */
export function afterAbsence(
  record: OperationRecord,
  hash: string,
  now: Date,
  timeoutMs: number,
  lookUpFirst = false,
): Step {
  if (record.state === 'done') {
    if (record.requestHash !== hash) return { take: 'refuse' };
    if (isKeyAlive(record, now) && !lookUpFirst) return { take: 'replay', record };
    throw new ProviderError({
      kind: 'invalid',
      code: 'operation_object_missing',
      message: `what operation ${record.id} made is no longer there`,
    });
  }
  if (now.getTime() - record.lastSentAt.getTime() < timeoutMs) {
    throw new ProviderError({
      kind: 'indeterminate',
      code: 'operation_in_doubt',
      message: `the last call of operation ${record.id} may still be under way`,
    });
  }
  return { take: 'send', record: attemptOf(record.id, record.attempt + 1, hash, now) };
}

/**
 * What a failed send makes of its record. A decline is the key's own answer and final. A refusal is final only if it answers
 * the only send of its key: an earlier one may have been executed. Everything else stays in doubt.
 */
export function afterFailure(record: OperationRecord, error: ProviderErrorDetail): OperationRecord {
  const isOnlySend = record.firstSentAt.getTime() === record.lastSentAt.getTime();
  const isFinal = error.kind === 'declined' || (isRefusal(error) && !error.stored && isOnlySend);
  return { ...record, state: isFinal ? 'failed' : 'sent', error };
}

const afterSuccess = (record: OperationRecord): OperationRecord => ({ ...record, state: 'done', error: null });

/**
 * Runs one write at a provider so that it happens once, whatever is lost on the way: the key `<id>:<attempt>` is stored
 * before the call; the same key is sent again within 23 hours; after that, and where an answer is stored for ever, the
 * object is looked up, and only its proven absence with the call's timeout passed allows another attempt. With `lookUpFirst` that is so
 * at once.
 *
 * Throws the call's `ProviderError`; `ProviderError` of kind `indeterminate` and code `operation_in_doubt` while it is too early
 * to believe an absence; of kind `invalid` and code `operation_object_missing` where a finished operation's object is gone; and
 * `OperationConflict` for another request under the same id. The same id again answers the object there is.
 */
export async function runOperation<T>(dependencies: OperationDependencies, operation: Operation<T>): Promise<T> {
  const { store, clock, wait = delay } = dependencies;
  const { id } = operation;
  if (id.length > idLengthMax) throw new RangeError(`an operation's id has at most ${idLengthMax} characters: ${id}`);
  const hash = requestHash(operation.request);

  for (let tries = 0; ; ) {
    const stored = await store.load(id);
    if (operation.declineIsFinal && stored?.state === 'failed' && stored.error?.kind === 'declined') {
      throw new ProviderError(stored.error);
    }
    const now = clock.now();
    let step = nextStep(stored, id, hash, now, operation.lookUpFirst);
    if (step.take === 'look_up') {
      const found = await lookUp(operation);
      if (found === null) {
        step = afterAbsence(step.record, hash, now, operation.timeoutMs ?? callTimeoutMsDefault, operation.lookUpFirst);
      } else {
        if (step.record.requestHash !== hash) throw new OperationConflict(id);
        await settle(dependencies, step.record, afterSuccess);
        return found;
      }
    }
    if (step.take === 'refuse') throw new OperationConflict(id);
    if (step.take === 'replay') return operation.call(step.record.idempotencyKey);
    // Lost to another process: what it stored decides what is next.
    if (!(await store.replace(stored, step.record, now))) continue;

    const outcome = await send(dependencies, operation, step.record);
    if (outcome.made) return outcome.object;
    const waitMs = quickRetryWaitsMs[tries];
    if (!quickRetryKinds.has(outcome.error.kind) || waitMs === undefined) {
      throw outcome.isFinal ? outcome.error : inDoubt(outcome.error);
    }
    tries += 1;
    await wait(waitMs);
  }
}

type Outcome<T> =
  | { readonly made: true; readonly object: T }
  /** `isFinal`: nothing was made under this attempt, by this send or an earlier one. */
  | { readonly made: false; readonly error: ProviderError; readonly isFinal: boolean };

/**
 * A refusal settles nothing where an earlier send may have been executed, or where it answers the look-up: told as it is, its caller
 * would take what was made for refused.
 */
const inDoubt = (error: ProviderError): ProviderError =>
  isRefusal(error.detail) ? new ProviderError({ ...error.detail, kind: 'indeterminate' }, error) : error;

async function lookUp<T>({ lookUp }: Operation<T>): Promise<T | null> {
  try {
    return await lookUp();
  } catch (error) {
    throw error instanceof ProviderError ? inDoubt(error) : error;
  }
}

/** Calls under a key that is stored already, and stores what came of it. */
async function send<T>(
  dependencies: OperationDependencies,
  operation: Operation<T>,
  record: OperationRecord,
): Promise<Outcome<T>> {
  let object: T;
  try {
    object = await operation.call(record.idempotencyKey);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const settled = await settle(dependencies, record, (current) => afterFailure(current, error.detail));
    return { made: false, error, isFinal: settled === 'failed' };
  }
  await settle(dependencies, record, afterSuccess);
  return { made: true, object };
}

/**
 * Stores an outcome of an attempt. Where another process has sent the same key meanwhile, the outcome is judged again by what
 * is stored then; a success always stands, and an attempt that was left behind is left alone. Answers the state that stands.
 */
async function settle(
  { store, clock }: OperationDependencies,
  sent: OperationRecord,
  change: (record: OperationRecord) => OperationRecord,
): Promise<OperationRecord['state'] | null> {
  let current: OperationRecord | null = sent;
  while (current && current.attempt === sent.attempt && current.state !== 'done') {
    const next = change(current);
    const isOverruled = current.state === 'failed' && next.state !== 'done';
    if (isOverruled) return current.state;
    if (await store.replace(current, next, clock.now())) return next.state;
    current = await store.load(sent.id);
  }
  return current?.state ?? null;
}
