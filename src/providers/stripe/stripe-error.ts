import Stripe from 'stripe';
import { ProviderError, type ProviderErrorKind } from '../errors.ts';
import { type CallTries, systemCode, wasNeverSent } from './transport.ts';

export type CallMethod = 'read' | 'write';

/** What an answer, or the lack of one, says. */
interface Answer {
  /** Absent when there was no readable answer. */
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly neverSent: boolean;
}

interface Row {
  readonly what: string;
  readonly when: (answer: Answer) => boolean;
  readonly read: ProviderErrorKind;
  readonly write: ProviderErrorKind;
}

/**
 * The first row that fits decides. By status, code and type, for the SDK's classes put 409, 424 and 5xx into one
 * (docs.stripe.com/api/errors, docs.stripe.com/api/idempotent_requests).
 */
const stripeErrorTable: readonly Row[] = [
  { what: 'never sent', when: (a) => a.neverSent, read: 'unavailable', write: 'unavailable' },
  { what: 'no readable answer', when: (a) => a.status === undefined, read: 'unavailable', write: 'indeterminate' },
  {
    what: 'throttled',
    when: (a) => a.status === 429 || a.code === 'rate_limit',
    read: 'rate_limited',
    write: 'rate_limited',
  },
  {
    what: 'the object is locked',
    when: (a) => a.status === 409 && a.code === 'lock_timeout',
    read: 'rate_limited',
    write: 'rate_limited',
  },
  // Another execution under the same key is under way; it decides.
  { what: 'key in use', when: (a) => a.status === 409, read: 'unavailable', write: 'indeterminate' },
  { what: 'key or permission', when: (a) => a.status === 401 || a.status === 403, read: 'auth', write: 'auth' },
  { what: 'declined', when: (a) => a.status === 402, read: 'declined', write: 'declined' },
  {
    what: 'failed inside',
    when: (a) => a.status === 424 || (a.status ?? 0) >= 500,
    read: 'unavailable',
    write: 'indeterminate',
  },
  { what: 'refused', when: (a) => (a.status ?? 0) >= 400, read: 'invalid', write: 'invalid' },
];

/** Anything else: a redirect, or a status that Stripe does not use. */
const unexpected: Row = {
  what: 'unexpected answer',
  when: () => true,
  read: 'unavailable',
  write: 'indeterminate',
};

const keyShape = /\b(?:sk|rk|pk|whsec|ek)_[A-Za-z0-9_*.]+/g;

/** Takes secret keys out of a text: Stripe quotes the key it refuses, and another host may quote all of it. */
const withoutKeys = (text: string, apiKey: string): string =>
  text.replaceAll(apiKey, '[key]').replaceAll(keyShape, '[key]');

export interface CallContext {
  readonly method: CallMethod;
  readonly apiKey: string;
  readonly tries: Readonly<CallTries>;
}

const kindOf = (row: Row, { method, tries }: CallContext): ProviderErrorKind => {
  const kind = row[method];
  // A refusal speaks for the try that got it only. A decline is different: it is the stored answer of the key.
  return method === 'write' && tries.earlierMayHaveRun && kind !== 'declined' ? 'indeterminate' : kind;
};

/**
 * Says what a failed call means. `stored` is set where the same key can only ever bring the same answer again: a 5xx that
 * came with `Idempotent-Replayed`, and a key that was used for another request. A first 5xx is not called stored:
 * whether it was is shown by the same key again, which is harmless.
 *
 * The SDK's error is not kept as `cause`: it holds headers, bodies and sockets that have no place in a log.
 */
export function toProviderError(error: unknown, context: CallContext): ProviderError {
  if (error instanceof ProviderError) return error;
  const clean = (text: string): string => withoutKeys(text, context.apiKey);
  const cleanIfAny = (text: string | undefined): string | undefined => (text ? clean(text) : undefined);

  if (!(error instanceof Stripe.errors.StripeError)) {
    return unreadableAnswer(context, error instanceof Error ? clean(error.message) : undefined);
  }
  const keyMisused = error.statusCode === 400 && error.rawType === 'idempotency_error';
  const answer: Answer = {
    status: error.statusCode,
    code: error.code,
    neverSent: error instanceof Stripe.errors.StripeConnectionError && wasNeverSent(error.detail),
  };
  const row = stripeErrorTable.find(({ when }) => when(answer)) ?? unexpected;
  const failure = systemCode(error.detail);
  const replayed = error.headers?.['idempotent-replayed'] === 'true';
  return new ProviderError({
    kind: kindOf(row, context),
    message: clean(`Stripe, ${row.what}: ${error.message}${failure ? ` (${failure})` : ''}`),
    code: cleanIfAny(error.code ?? (keyMisused ? 'idempotency_error' : failure)),
    status: error.statusCode,
    declineCode: cleanIfAny(error.decline_code),
    adviceCode: error.advice_code,
    paymentId: error.payment_intent?.id,
    param: cleanIfAny(error.param),
    requestId: error.requestId,
    stored: keyMisused || (replayed && (error.statusCode ?? 0) >= 500) ? true : undefined,
  });
}

/**
 * For an answer that no one at Stripe wrote: the SDK resolves JSON without an `error` key whatever its status, so that a
 * gateway's 403 or 404 looks like an object. Its status proves nothing about the request.
 */
export const unreadableAnswer = (context: CallContext, what?: string, status?: number): ProviderError =>
  new ProviderError({
    kind: context.method === 'write' ? 'indeterminate' : 'unavailable',
    message: `Stripe: an answer that cannot be read${what ? `: ${what}` : ''}`,
    code: 'unreadable_answer',
    status,
  });
