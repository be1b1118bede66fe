import type { Response } from 'express';
import type { Allowance, RateLimit, RateLimits } from '../delivery/rate-limits.ts';
import { AppError } from '../errors.ts';

export type CallLimitName = 'key' | 'portal' | 'wrong_key' | 'refusal';
export type CallLimits = RateLimits<CallLimitName>;

/** A burst may use up what a few quiet seconds have left. */
const windowSeconds = 10;
/** A person's clicks and a page's reads. */
const portalCallsPerSecondMax = 20;

/**
 * By what is counted: an API key; a portal token or session; an address that sends unknown keys or codes; and the note of one
 * refusal in the audit trail.
 */
export const callLimits = (callsPerSecond: number): Readonly<Record<CallLimitName, RateLimit>> => ({
  key: { calls: callsPerSecond * windowSeconds, windowSeconds },
  portal: { calls: Math.min(callsPerSecond, portalCallsPerSecondMax) * windowSeconds, windowSeconds },
  wrong_key: { calls: 20, windowSeconds: 60 },
  refusal: { calls: 1, windowSeconds: 60 },
});

/**
 * Tells the client where it stands (draft-ietf-httpapi-ratelimit-headers-10), and throws `AppError` 429 `rate_limited`, with
 * `Retry-After`, where nothing is left.
 */
export function spend(response: Response, name: CallLimitName, allowance: Allowance): void {
  const { allowed, limit, windowSeconds, remaining, resetSeconds } = allowance;
  response.setHeader('RateLimit-Policy', `"${name}";q=${limit};w=${windowSeconds}`);
  response.setHeader('RateLimit', `"${name}";r=${remaining};t=${resetSeconds}`);
  if (allowed) return;
  response.setHeader('Retry-After', String(resetSeconds));
  throw new AppError(429, 'rate_limited', `At most ${limit} calls in ${windowSeconds} seconds: wait ${resetSeconds}.`);
}
