/**
 * What a failed provider call means for the caller, whatever the provider calls it.
 *
 * | kind            | meaning                                             | what the caller does               |
 * | --------------- | --------------------------------------------------- | ---------------------------------- |
 * | `declined`      | the card was refused                                | records an attempt; final          |
 * | `invalid`       | the request can never succeed as it is              | final; a bug or a wrong setting    |
 * | `auth`          | the key or the account's permission is gone         | final until a person acts          |
 * | `rate_limited`  | refused before it ran                               | back off, same key                 |
 * | `unavailable`   | certainly not executed, or a read                   | back off, same key                 |
 * | `indeterminate` | it may or may not have happened                     | same key, then look up; not failed |
 */
export type ProviderErrorKind = 'declined' | 'invalid' | 'auth' | 'rate_limited' | 'unavailable' | 'indeterminate';

export interface ProviderErrorDetail {
  readonly kind: ProviderErrorKind;
  readonly message: string;
  /** The provider's own code, e.g. `card_declined`, `idempotency_key_in_use`. */
  readonly code?: string | undefined;
  /** HTTP status, absent when there was no readable answer. */
  readonly status?: number | undefined;
  /** The issuer's reason on a decline. */
  readonly declineCode?: string | undefined;
  /** What the issuer advises after a decline: `do_not_try_again`, `try_again_later`, `confirm_card_data`. */
  readonly adviceCode?: string | undefined;
  /** The payment that a declined try left behind. */
  readonly paymentId?: string | undefined;
  /** The parameter the provider complains of. */
  readonly param?: string | undefined;
  /** The provider's request id, for its support. */
  readonly requestId?: string | undefined;
  /**
   * True when this answer is stored under the idempotency key and will be replayed for ever (a stored 5xx): only a look-up
   * and a new attempt's key can get past it (Stripe, api/idempotent_requests).
   */
  readonly stored?: boolean | undefined;
}

/** The only error a provider adapter throws for a call that did not succeed. */
export class ProviderError extends Error {
  readonly detail: ProviderErrorDetail;

  constructor(detail: ProviderErrorDetail, cause?: unknown) {
    super(detail.message, cause === undefined ? undefined : { cause });
    this.name = 'ProviderError';
    this.detail = detail;
  }

  get kind(): ProviderErrorKind {
    return this.detail.kind;
  }

  /** Worth sending again under the same idempotency key. */
  get isRetryable(): boolean {
    return (
      (this.kind === 'rate_limited' || this.kind === 'unavailable' || this.kind === 'indeterminate') &&
      !this.detail.stored
    );
  }
}

/** What cannot be shown is no object of the account, or in money that nothing of ours was ever charged in. */
const shownToNobody: ReadonlySet<string> = new Set(['resource_missing', 'not_found', 'unknown_currency']);

/** Whether a read failed because what was asked for cannot be ours: asked again, it would fail again. */
export const isOfNobodyHere = (error: unknown): boolean =>
  error instanceof ProviderError && error.kind === 'invalid' && shownToNobody.has(error.detail.code ?? '');
