import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import { errorMessage } from '../errors.ts';
import { AccessRefusal, callerOf } from './access-refusal.ts';
import type { ApiKeyHasher } from './api-key.ts';
import { isConsoleSecret } from './console-secret.ts';
import { isPortalSecret } from './portal-secret.ts';
import type { Scope } from './scope.ts';

export interface AuthenticationDependencies {
  readonly sql: Sql;
  readonly clock: Clock;
  /** What sessions of the console run out by; left out: as `clock`. */
  readonly consoleClock?: Clock | undefined;
  readonly hash: ApiKeyHasher;
  readonly log: { warn(detail: object, message: string): void };
}

const time = z.date().nullable();

const keyRow = z.object({
  id: z.string(),
  role: z.enum(['platform', 'agency']),
  agency_id: z.string(),
  revoked_at: time,
  last_used_at: time,
  disabled_at: time,
});

const consoleRow = keyRow.extend({ key_id: z.string(), expires_at: z.date(), ended_at: time });

const sessionRow = z.object({
  id: z.string(),
  agency_id: z.string(),
  customer_id: z.string(),
  expires_at: z.date(),
  revoked_at: time,
  last_used_at: time,
  agency_disabled: z.boolean(),
  customer_disabled: z.boolean(),
});

/** Longer than any key of ours; what is longer is not worth hashing. */
const keyLengthMax = 512;
/** How exact `lastUsedAt` is. Writing it at each request would make one hot row of a busy client's key. */
const lastUsedStepMs = 60_000;

/**
 * Whose key, portal token or session it is; a session of the console is who its key is. Null for one that is not known. Throws `AccessRefusal`: 401 `key_revoked`,
 * `token_revoked` or `token_expired`, 403 `agency_disabled` while its agency is, and 403 `customer_disabled` while its client is.
 */
export const createAuthenticator =
  (dependencies: AuthenticationDependencies) =>
  async (bearer: string): Promise<Scope | null> => {
    if (bearer.length > keyLengthMax) return null;
    if (isConsoleSecret(bearer)) return consoleScope(dependencies, bearer);
    return isPortalSecret(bearer) ? portalScope(dependencies, bearer) : keyScope(dependencies, bearer);
  };

const scopeOfKey = (role: 'platform' | 'agency', agencyId: string, keyId: string): Scope =>
  role === 'platform' ? { role, keyId } : { role, agencyId, keyId };

async function keyScope(dependencies: AuthenticationDependencies, bearer: string): Promise<Scope | null> {
  const found = await dependencies.sql.query({
    name: 'authenticate',
    text: `SELECT k.id, k.role, k.agency_id, k.revoked_at, k.last_used_at, a.disabled_at
             FROM api_keys k JOIN agencies a ON a.id = k.agency_id WHERE k.hash = $1`,
    values: [dependencies.hash(bearer)],
  });
  if (found.rows[0] === undefined) return null;
  const key = keyRow.parse(found.rows[0]);
  const scope = scopeOfKey(key.role, key.agency_id, key.id);
  const caller = callerOf(scope);
  if (key.revoked_at) throw new AccessRefusal(caller, 401, 'key_revoked', 'This key was revoked.');
  if (key.disabled_at) throw new AccessRefusal(caller, 403, 'agency_disabled', 'This agency is disabled.');
  noteUse(dependencies, 'api_keys', key);
  return scope;
}

async function consoleScope(dependencies: AuthenticationDependencies, bearer: string): Promise<Scope | null> {
  const found = await dependencies.sql.query({
    name: 'authenticate-console',
    text: `SELECT s.id, k.id AS key_id, k.role, k.agency_id, k.revoked_at, a.disabled_at,
                  s.last_used_at, s.expires_at, s.revoked_at AS ended_at
             FROM console_sessions s JOIN api_keys k ON k.id = s.key_id JOIN agencies a ON a.id = k.agency_id
            WHERE s.hash = $1`,
    values: [dependencies.hash(bearer)],
  });
  if (found.rows[0] === undefined) return null;
  const session = consoleRow.parse(found.rows[0]);
  const scope = scopeOfKey(session.role, session.agency_id, session.key_id);
  const caller = callerOf(scope);
  if (session.ended_at) throw new AccessRefusal(caller, 401, 'session_ended', 'You signed out.');
  const { clock, consoleClock = clock } = dependencies;
  if (session.expires_at <= consoleClock.now())
    throw new AccessRefusal(caller, 401, 'session_expired', 'This session has expired.');
  if (session.revoked_at) throw new AccessRefusal(caller, 401, 'key_revoked', 'This key was revoked.');
  if (session.disabled_at) throw new AccessRefusal(caller, 403, 'agency_disabled', 'This agency is disabled.');
  noteUse(dependencies, 'console_sessions', session);
  return scope;
}

async function portalScope(dependencies: AuthenticationDependencies, bearer: string): Promise<Scope | null> {
  const found = await dependencies.sql.query({
    name: 'authenticate-portal',
    // An agency is a client of the platform too: one that is disabled is refused there as well.
    text: `SELECT s.id, s.agency_id, s.customer_id, s.expires_at, s.revoked_at, s.last_used_at,
                  a.disabled_at IS NOT NULL OR own.disabled_at IS NOT NULL AS agency_disabled,
                  c.disabled_at IS NOT NULL AS customer_disabled
             FROM portal_sessions s
             JOIN customers c ON c.agency_id = s.agency_id AND c.id = s.customer_id
             JOIN agencies a ON a.id = s.agency_id
             LEFT JOIN agencies own ON a.is_platform AND own.id = c.external_id
            WHERE s.hash = $1`,
    values: [dependencies.hash(bearer)],
  });
  if (found.rows[0] === undefined) return null;
  const session = sessionRow.parse(found.rows[0]);
  const scope: Scope = {
    role: 'portal',
    agencyId: session.agency_id,
    customerId: session.customer_id,
    sessionId: session.id,
  };
  const caller = callerOf(scope);
  if (session.revoked_at) throw new AccessRefusal(caller, 401, 'token_revoked', 'This token was revoked.');
  if (session.expires_at <= dependencies.clock.now())
    throw new AccessRefusal(caller, 401, 'token_expired', 'This token has expired.');
  if (session.agency_disabled) throw new AccessRefusal(caller, 403, 'agency_disabled', 'This agency is disabled.');
  if (session.customer_disabled) throw new AccessRefusal(caller, 403, 'customer_disabled', 'This client is disabled.');
  noteUse(dependencies, 'portal_sessions', session);
  return scope;
}

/** Not awaited: no request waits for, or fails by, a note about itself. */
function noteUse(
  { sql, clock, log }: AuthenticationDependencies,
  table: 'api_keys' | 'console_sessions' | 'portal_sessions',
  { id, last_used_at: lastUsedAt }: { readonly id: string; readonly last_used_at: Date | null },
): void {
  const now = clock.now();
  const stale = new Date(now.getTime() - lastUsedStepMs);
  if (lastUsedAt && lastUsedAt > stale) return;
  sql
    .query({
      name: `note-use-${table}`,
      text: `UPDATE ${table} SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)`,
      values: [id, now, stale],
    })
    .catch((error: unknown) => log.warn({ id, cause: errorMessage(error) }, 'the last use of a key was not noted'));
}
