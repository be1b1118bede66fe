import { timingSafeEqual } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** The scheme's own tolerance in both directions: an older signature is a replay (standardwebhooks.com). */
const toleranceMs = 300_000;

/** The three headers that every delivery carries; a body without all of them was never signed. */
export interface WhopHeaders {
  readonly id: string | undefined;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
}

/** Whop's secrets (`ws_...`) are no base64: the key is the bytes of all their letters. */
const keyOf = (secret: string): string => Buffer.from(secret, 'utf8').toString('base64');

const equals = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
};

/**
 * Whether a body is signed with any of the secrets (the current one, or an old one while rolling), and not too long ago. The
 * scheme's own package makes the signature; time is the service's, which its `verify` would not ask. Whop's SDK is not used for this: it takes
 * a body without headers for a verified one.
 */
export function isSignedByWhop(
  body: string,
  { id, timestamp, signature }: WhopHeaders,
  secrets: readonly string[],
  now: Date,
): boolean {
  if (!id || !signature || !timestamp || !/^\d{1,12}$/.test(timestamp)) return false;
  const signedAt = new Date(Number(timestamp) * 1000);
  if (Math.abs(now.getTime() - signedAt.getTime()) > toleranceMs) return false;
  const given = signature.split(' ');
  return secrets.some((secret) => {
    const expected = new Webhook(keyOf(secret)).sign(id, signedAt, body);
    return given.some((candidate) => equals(candidate, expected));
  });
}
