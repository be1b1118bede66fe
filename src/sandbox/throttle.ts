/** Which limit a call met, in the words of Stripe's `Stripe-Rate-Limited-Reason` header (docs.stripe.com/rate-limits). */
export type ThrottleReason = 'global-rate' | 'endpoint-rate';

export interface ThrottleLimits {
  /** Calls per second and account; no limit unless given. */
  readonly perSecond?: number | undefined;
  /** Calls per second, account and endpoint; no limit unless given. */
  readonly endpointPerSecond?: number | undefined;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Token buckets of one rate: each holds one second's worth, so that a client which was idle may burst that much. */
class Buckets {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** The bucket of a name, filled up to this moment. */
  at(name: string, nowMs: number): Bucket {
    const bucket = this.#buckets.get(name) ?? { tokens: this.#perSecond, filledAtMs: nowMs };
    const gained = ((nowMs - bucket.filledAtMs) / 1000) * this.#perSecond;
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + gained);
    bucket.filledAtMs = nowMs;
    this.#buckets.set(name, bucket);
    return bucket;
  }
}

const bucketsOf = (perSecond: number | undefined): Buckets | undefined =>
  perSecond === undefined ? undefined : new Buckets(perSecond);

/** Limits calls as the provider does. In real time: a moved clock does not fill a bucket. */
export class Throttle {
  readonly #accounts: Buckets | undefined;
  readonly #endpoints: Buckets | undefined;
  readonly #nowMs: () => number;

  constructor(limits: ThrottleLimits, nowMs: () => number = () => performance.now()) {
    this.#accounts = bucketsOf(limits.perSecond);
    this.#endpoints = bucketsOf(limits.endpointPerSecond);
    this.#nowMs = nowMs;
  }

  /** Why the call must wait, or null: it is admitted. A refused call takes from no bucket. */
  refusal(accountId: string, endpoint: string): ThrottleReason | null {
    const nowMs = this.#nowMs();
    const account = this.#accounts?.at(accountId, nowMs);
    const own = this.#endpoints?.at(`${accountId} ${endpoint}`, nowMs);
    if (account && account.tokens < 1) return 'global-rate';
    if (own && own.tokens < 1) return 'endpoint-rate';
    if (account) account.tokens -= 1;
    if (own) own.tokens -= 1;
    return null;
  }
}
