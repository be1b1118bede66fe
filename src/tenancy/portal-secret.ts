import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What every portal token and session begins with, so that a leaked one is recognised. */
const prefix = 'baisa_pt_';

const randomText = (): string => randomBytes(32).toString('base64url');

/** A new token or session: its prefix and 256 random bits in base64url. */
export const newPortalSecret = (): string => `${prefix}${randomText()}`;

export const isPortalSecret = (bearer: string): boolean => bearer.startsWith(prefix);

/** The code of a link: 256 random bits of its own. */
export const newLinkCode = (): string => randomText();

/** Long enough for one task of a script or an app. */
export const tokenLifetimeMs = 3_600_000;
/** A link lies in a mailbox: long enough to be opened by who waits for it. */
export const linkLifetimeMs = 15 * 60_000;
/** A working day at most. */
export const sessionLifetimeMs = 12 * 3_600_000;

/**
 * What a page of ours sends along with each change, and a page of others cannot know: the cookie alone would be sent for it too.
 * Derived from the session's secret, so that nothing more is stored.
 */
export const csrfTokenOf = (secret: string): string =>
  createHmac('sha256', secret).update('baisa csrf token').digest('base64url');

export function isCsrfTokenOf(secret: string, given: string): boolean {
  const [expected, sent] = [Buffer.from(csrfTokenOf(secret)), Buffer.from(given)];
  return expected.length === sent.length && timingSafeEqual(expected, sent);
}
