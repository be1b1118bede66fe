import { STATUS_CODES } from 'node:http';
import type { Response } from 'express';
import { z } from 'zod';
import { AppError, type FieldError } from '../errors.ts';
import { ProviderError, type ProviderErrorKind } from '../providers/errors.ts';

/** An error answer (RFC 9457). `code` is stable; `detail` is for a person and may change. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    requestId: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({
    id: 'Problem',
    description: 'An error (RFC 9457). `code` is stable and snake_case; `errors` names each wrong field of a 422.',
  });

export type Problem = z.infer<typeof problemSchema>;

/** What is answered for an error, and whether an operator must hear of it. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;
  /** True for what is not the client's doing. */
  readonly unexpected: boolean;
}

/** Sending the same request again may end otherwise, so this refusal is not kept under its idempotency key. */
export const isTransient = (refused: Refusal): boolean =>
  refused.status >= 500 || refused.status === 429 || refused.code === 'request_in_progress';

const refusal = (status: number, code: string, detail: string, more: Partial<Refusal> = {}): Refusal => ({
  status,
  code,
  detail,
  errors: [],
  headers: {},
  unexpected: false,
  ...more,
});

/** Answers that invite the same request again say after how many seconds. */
const headersByCode: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  request_in_progress: { 'Retry-After': '1' },
};
const providerPauseSeconds = '5';

const providerRefusals: Readonly<Record<ProviderErrorKind, (error: ProviderError) => Refusal>> = {
  declined: (error) => refusal(402, error.detail.code ?? 'card_declined', error.message),
  invalid: () => refusal(502, 'provider_refused', 'The payment provider refused the request.', { unexpected: true }),
  auth: () =>
    refusal(502, 'provider_auth', 'The payment provider does not accept our key or its permissions.', {
      unexpected: true,
    }),
  rate_limited: () => tryLater('provider_rate_limited', 'The payment provider is throttling us; try again shortly.'),
  unavailable: () => tryLater('provider_unavailable', 'The payment provider cannot be reached; try again shortly.'),
  indeterminate: () =>
    tryLater(
      'provider_indeterminate',
      'The payment provider did not say whether it was done; send the same request again.',
    ),
};

const tryLater = (code: string, detail: string): Refusal =>
  refusal(503, code, detail, { headers: { 'Retry-After': providerPauseSeconds }, unexpected: true });

/** What body-parser's `error.type` says was wrong (npm body-parser, "Errors"). */
const bodyRefusals = new Map<string, (message: string) => Refusal>([
  ['entity.too.large', () => refusal(413, 'body_too_large', 'The body is larger than 1 MB.')],
  [
    'entity.parse.failed',
    (message) => refusal(422, 'malformed_json', 'The body is not valid JSON.', { errors: [{ path: 'body', message }] }),
  ],
  ['charset.unsupported', () => refusal(415, 'unsupported_media_type', 'Send JSON in UTF-8.')],
  ['encoding.unsupported', () => refusal(415, 'unsupported_media_type', 'This content encoding is not supported.')],
  ['request.aborted', () => refusal(400, 'request_aborted', 'The request ended before its body was complete.')],
  ['request.size.invalid', () => refusal(400, 'request_aborted', 'The body is not as long as announced.')],
]);

/** Turns anything thrown into what the client may know of it. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof AppError) {
    const headers =
      headersByCode[error.code] ?? (error.status === 401 ? { 'WWW-Authenticate': 'Bearer realm="baisa"' } : {});
    return refusal(error.status, error.code, error.message, {
      errors: error.errors,
      headers,
      unexpected: error.status >= 500,
    });
  }
  if (error instanceof ProviderError) return providerRefusals[error.kind](error);
  if (error instanceof URIError) return refusal(404, 'not_found', 'No such path.');
  if (error instanceof Error && 'type' in error && typeof error.type === 'string') {
    const known = bodyRefusals.get(error.type);
    if (known) return known(error.message);
  }
  if (isRequestError(error)) return refusal(400, 'bad_request', 'The request cannot be read.');
  return refusal(500, 'internal_error', 'Something failed here. Quote the request id when you report it.', {
    unexpected: true,
  });
}

/** What express and its middleware throw for a request that is at fault (npm http-errors): `expose` is true below 500. */
const isRequestError = (error: unknown): boolean =>
  error instanceof Error && 'expose' in error && error.expose === true;

export function problemOf(refused: Refusal, requestId: string): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[refused.status] ?? 'Error',
    status: refused.status,
    detail: refused.detail,
    code: refused.code,
    requestId,
    ...(refused.errors.length > 0 ? { errors: [...refused.errors] } : {}),
  };
}

export function sendProblem(
  response: Response,
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.status(problem.status).set(headers).type('application/problem+json').send(JSON.stringify(problem));
}
