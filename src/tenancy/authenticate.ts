import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import { AppError, errorMessage } from '../errors.ts';
import type { ApiKeyHasher } from './api-key.ts';
import type { Scope } from './scope.ts';

export interface AuthenticationDependencies {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly hash: ApiKeyHasher;
  readonly log: { warn(detail: object, message: string): void };
}

const keyRow = z.object({
  id: z.string(),
  role: z.enum(['platform', 'agency']),
  agency_id: z.string(),
  revoked_at: z.date().nullable(),
  last_used_at: z.date().nullable(),
  disabled_at: z.date().nullable(),
});

/** Longer than any key of ours; what is longer is not worth hashing. */
const keyLengthMax = 512;
/** How exact `lastUsedAt` is. Writing it at each request would make one hot row of a busy client's key. */
const lastUsedStepMs = 60_000;

/**
 * Whose key it is. Null for one that is not known; throws `AppError` 401 `key_revoked` for one that was, and 403
 * `agency_disabled` while its agency is.
 */
export const createAuthenticator =
  (dependencies: AuthenticationDependencies) =>
  async (bearer: string): Promise<Scope | null> => {
    if (bearer.length > keyLengthMax) return null;
    const found = await dependencies.sql.query({
      name: 'authenticate',
      text: `SELECT k.id, k.role, k.agency_id, k.revoked_at, k.last_used_at, a.disabled_at
               FROM api_keys k JOIN agencies a ON a.id = k.agency_id WHERE k.hash = $1`,
      values: [dependencies.hash(bearer)],
    });
    if (found.rows[0] === undefined) return null;
    const key = keyRow.parse(found.rows[0]);
    if (key.revoked_at) throw new AppError(401, 'key_revoked', 'This key was revoked.');
    if (key.disabled_at) throw new AppError(403, 'agency_disabled', 'This agency is disabled.');
    noteUse(dependencies, key.id, key.last_used_at);
    return key.role === 'platform'
      ? { role: 'platform', keyId: key.id }
      : { role: 'agency', agencyId: key.agency_id, keyId: key.id };
  };

/** Not awaited: no request waits for, or fails by, a note about itself. */
function noteUse({ sql, clock, log }: AuthenticationDependencies, keyId: string, lastUsedAt: Date | null): void {
  const now = clock.now();
  const stale = new Date(now.getTime() - lastUsedStepMs);
  if (lastUsedAt && lastUsedAt > stale) return;
  sql
    .query({
      name: 'authenticate-note',
      text: 'UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)',
      values: [keyId, now, stale],
    })
    .catch((error: unknown) =>
      log.warn({ keyId, cause: errorMessage(error) }, 'the last use of an API key was not noted'),
    );
}
