/** The body of every refusal: the SDK throws only where the answer has an `error` key. */
export interface FailureBody {
  readonly error: {
    readonly type: 'invalid_request_error' | 'api_error' | 'card_error' | 'idempotency_error';
    readonly message: string;
    readonly code?: string;
    readonly param?: string;
    readonly decline_code?: string;
    readonly advice_code?: string;
    readonly network_advice_code?: string;
    readonly network_decline_code?: string;
    readonly charge?: string;
    readonly payment_intent?: object;
    readonly payment_method?: object;
    readonly setup_intent?: object;
  };
}

/** A refusal that undoes whatever the call did, and that no idempotency key remembers. */
export class StripeFailure extends Error {
  readonly status: number;
  readonly body: FailureBody;

  constructor(status: number, error: FailureBody['error']) {
    super(error.message);
    this.name = 'StripeFailure';
    this.status = status;
    this.body = { error };
  }
}

export interface InvalidDetail {
  readonly code?: string;
  readonly param?: string;
  readonly payment_intent?: object;
  readonly setup_intent?: object;
}

/** 400 `invalid_request_error`. */
export const invalidRequest = (message: string, detail: InvalidDetail = {}): StripeFailure =>
  new StripeFailure(400, { type: 'invalid_request_error', message, ...detail });

/** 404 `resource_missing`; `param` names the parameter that held the id. */
export const resourceMissing = (what: string, id: string, param: string): StripeFailure =>
  new StripeFailure(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${what}: '${id}'`,
    param,
  });

export const authenticationFailed = (message: string): StripeFailure =>
  new StripeFailure(401, { type: 'invalid_request_error', message });

/** 403 `account_invalid`: what a call for a deauthorized or unknown account gets. */
export const accountInvalid = (accountId: string): StripeFailure =>
  new StripeFailure(403, {
    type: 'invalid_request_error',
    code: 'account_invalid',
    message: `The provided key does not have access to account '${accountId}' (or that account does not exist). Application access may have been revoked.`,
  });

export const rateLimited = (): StripeFailure =>
  new StripeFailure(429, {
    type: 'invalid_request_error',
    code: 'rate_limit',
    message: 'Request rate limit exceeded.',
  });

export const serverError = (): StripeFailure =>
  new StripeFailure(500, { type: 'api_error', message: 'An unknown error occurred' });

/** A body that could not be read (too large, malformed) is the sender's fault; express marks it with a 4xx `status`. */
export function asFailure(error: unknown): StripeFailure | undefined {
  if (error instanceof StripeFailure) return error;
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  if (error.status < 400 || error.status > 499) return undefined;
  return new StripeFailure(error.status, { type: 'invalid_request_error', message: error.message });
}
