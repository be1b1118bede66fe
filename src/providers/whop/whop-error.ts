import { APIConnectionError, APIError } from '@whop/sdk';
import { z } from 'zod';
import { ProviderError, type ProviderErrorKind } from '../errors.ts';

export type CallMethod = 'read' | 'write';

/** An answer of status 200 that is no object of Whop's API: a gateway's page, or a list without its items. */
export class UnreadableAnswer extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`an answer that cannot be read: HTTP ${status}`);
    this.name = 'UnreadableAnswer';
    this.status = status;
  }
}

/** Failures that happen before a connection exists, so that nothing was sent. */
const neverSentCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** What led to an error, from the outside in: `fetch` wraps the system's error, and the SDK wraps `fetch`'s. */
function* causesOf(error: unknown): Generator<Error> {
  for (let current = error; current instanceof Error; current = current.cause) yield current;
}

const systemCodeOf = (error: unknown): string | undefined => {
  for (const cause of causesOf(error)) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
  }
  return undefined;
};

/** What an answer, or the lack of one, says. */
interface Answer {
  readonly status: number | undefined;
  readonly systemCode: string | undefined;
  readonly message: string;
}

interface Row {
  readonly what: string;
  readonly when: (answer: Answer) => boolean;
  readonly read: ProviderErrorKind;
  readonly write: ProviderErrorKind;
}

const hasStatus =
  (...statuses: readonly number[]) =>
  ({ status }: Answer): boolean =>
    status !== undefined && statuses.includes(status);

const isAboutKey = ({ status, message }: Answer): boolean =>
  (status === 400 || status === 409 || status === 422) &&
  /idempoten/i.test(message) &&
  /different|another|mismatch/i.test(message);

/** The first row that fits decides. Whop's answers are by HTTP status; its error bodies carry a type and a sentence. */
const errorTable: readonly Row[] = [
  {
    what: 'never sent',
    when: ({ systemCode }) => systemCode !== undefined && neverSentCodes.has(systemCode),
    read: 'unavailable',
    write: 'unavailable',
  },
  {
    what: 'no readable answer',
    when: ({ status }) => status === undefined,
    read: 'unavailable',
    write: 'indeterminate',
  },
  { what: 'throttled', when: hasStatus(429), read: 'rate_limited', write: 'rate_limited' },
  { what: 'another request under its key', when: isAboutKey, read: 'invalid', write: 'invalid' },
  // Another execution is under way, or the request was cut in the middle: it decides.
  { what: 'in use or cut short', when: hasStatus(408, 409), read: 'unavailable', write: 'indeterminate' },
  { what: 'key or permission', when: hasStatus(401, 403), read: 'auth', write: 'auth' },
  { what: 'declined', when: hasStatus(402), read: 'declined', write: 'declined' },
  { what: 'failed inside', when: ({ status }) => (status ?? 0) >= 500, read: 'unavailable', write: 'indeterminate' },
  { what: 'refused', when: ({ status }) => (status ?? 0) >= 400, read: 'invalid', write: 'invalid' },
];

const unexpected: Row = {
  what: 'unexpected answer',
  when: () => true,
  read: 'unavailable',
  write: 'indeterminate',
};

const bodySchema = z.object({ error: z.object({ type: z.string().optional(), message: z.string().optional() }) });

/** The code of a read or a change of what is not there. */
export const missingCode = 'not_found';

/**
 * Says what a failed call means. Retries are off in the SDK, so that each error is about the one try there was. The SDK's error is
 * not kept as `cause`: it holds headers and the key.
 */
export function toProviderError(error: unknown, method: CallMethod, apiKey: string): ProviderError {
  if (error instanceof ProviderError) return error;
  const clean = (text: string): string => text.replaceAll(apiKey, '[key]');
  for (const cause of causesOf(error)) {
    if (!(cause instanceof UnreadableAnswer)) continue;
    return new ProviderError({
      kind: method === 'write' ? 'indeterminate' : 'unavailable',
      message: `Whop: ${cause.message}`,
      code: 'unreadable_answer',
      status: cause.status,
    });
  }
  const isAnswer = error instanceof APIError && !(error instanceof APIConnectionError);
  const body = isAnswer ? bodySchema.safeParse(error.error).data?.error : undefined;
  const message = body?.message ?? (error instanceof Error ? error.message : String(error));
  const answer: Answer = {
    status: isAnswer ? error.status : undefined,
    systemCode: systemCodeOf(error),
    message: `${body?.type ?? ''} ${message}`,
  };
  const row = errorTable.find(({ when }) => when(answer)) ?? unexpected;
  return new ProviderError({
    kind: row[method],
    message: clean(`Whop, ${row.what}: ${message}`),
    code: answer.status === 404 ? missingCode : (body?.type ?? answer.systemCode),
    status: answer.status,
    requestId: isAnswer ? (error.headers?.get('x-request-id') ?? undefined) : undefined,
    stored: isAboutKey(answer) ? true : undefined,
  });
}

export const isMissing = (error: unknown): boolean =>
  error instanceof ProviderError && error.detail.code === missingCode;
