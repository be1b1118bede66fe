import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { type Database, inTransaction } from '../database/database.ts';
import { AppError } from '../errors.ts';
import { newId } from '../ids.ts';
import { AccessRefusal, callerOf } from './access-refusal.ts';
import type { ApiKeyHasher } from './api-key.ts';
import { recordChange } from './audit.ts';
import { consoleLifetimeMs, isConsoleSecret, newConsoleSecret } from './console-secret.ts';
import { csrfTokenOf, isPortalSecret } from './portal-secret.ts';
import type { Scope } from './scope.ts';

export interface ConsoleSessionDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly hash: ApiKeyHasher;
  /** As the service's own: null for a key that nobody has; throws for one that is refused. */
  readonly authenticate: (bearer: string) => Promise<Scope | null>;
}

/** Who is signed in, as pages show it. */
export interface ConsoleHolder {
  readonly role: 'platform' | 'agency';
  /** The platform's own agency, or the agency whose key it is. */
  readonly agencyId: string;
  readonly agencyName: string;
  readonly csrfToken: string;
  readonly expiresAt: Date;
}

export interface OpenedConsoleSession {
  /** What the cookie holds. */
  readonly secret: string;
  readonly holder: ConsoleHolder;
}

const holderRow = z.object({
  role: z.enum(['platform', 'agency']),
  agencyId: z.string(),
  agencyName: z.string(),
  expiresAt: z.date(),
});

const unknownKey = (): AppError => new AppError(401, 'unknown_key', 'This key is not known.');

/**
 * Exchanges a key for a session, so that no page has to keep the key. Throws `AppError` 401 `unknown_key`, what its key is
 * refused for, and 403 `forbidden` for a client's token: clients sign in to the portal.
 */
async function openConsoleSession(
  { database, clock, hash, authenticate }: ConsoleSessionDependencies,
  key: string,
): Promise<OpenedConsoleSession> {
  // A session that could be exchanged for another would outlive its hours.
  if (isConsoleSecret(key) || isPortalSecret(key)) throw unknownKey();
  const scope = await authenticate(key);
  if (!scope) throw unknownKey();
  if (scope.role === 'portal') throw new AccessRefusal(callerOf(scope), 403, 'forbidden', 'Clients use the portal.');
  const secret = newConsoleSecret();
  const id = newId('consoleSession');
  const now = clock.now();
  const expiresAt = new Date(now.getTime() + consoleLifetimeMs);
  await inTransaction(database.pool, async (sql) => {
    const { rows } = await sql.query(
      `INSERT INTO console_sessions (id, agency_id, key_id, hash, created_at, expires_at)
       SELECT $1, k.agency_id, k.id, $3, $4, $5 FROM api_keys k WHERE k.id = $2 RETURNING agency_id AS "agencyId"`,
      [id, scope.keyId, hash(secret), now, expiresAt],
    );
    const { agencyId } = z.object({ agencyId: z.string() }).parse(rows[0]);
    await recordChange(sql, clock, scope, {
      agencyId,
      action: 'console_session.opened',
      subject: id,
      before: null,
      after: { keyId: scope.keyId, expiresAt: expiresAt.toISOString() },
    });
  });
  return { secret, holder: await readConsoleHolder({ database, hash }, secret) };
}

/** Who holds a session. Throws `AppError` 401 for one that nobody holds; whether it is still good is for the authenticator. */
async function readConsoleHolder(
  { database, hash }: Pick<ConsoleSessionDependencies, 'database' | 'hash'>,
  secret: string,
): Promise<ConsoleHolder> {
  const { rows } = await database.pool.query(
    `SELECT k.role, a.id AS "agencyId", a.name AS "agencyName", s.expires_at AS "expiresAt"
       FROM console_sessions s JOIN api_keys k ON k.id = s.key_id JOIN agencies a ON a.id = s.agency_id
      WHERE s.hash = $1`,
    [hash(secret)],
  );
  if (rows[0] === undefined) throw unknownKey();
  return { ...holderRow.parse(rows[0]), csrfToken: csrfTokenOf(secret) };
}

/** Signs out: from the next request on the session is refused. Ending it again changes nothing. */
async function endConsoleSession(
  { database, clock, hash }: ConsoleSessionDependencies,
  scope: Scope,
  secret: string,
): Promise<void> {
  await inTransaction(database.pool, async (sql) => {
    const { rows } = await sql.query(
      `UPDATE console_sessions SET revoked_at = $2 WHERE hash = $1 AND revoked_at IS NULL
       RETURNING id, agency_id AS "agencyId", key_id AS "keyId"`,
      [hash(secret), clock.now()],
    );
    if (rows[0] === undefined) return;
    const ended = z.object({ id: z.string(), agencyId: z.string(), keyId: z.string() }).parse(rows[0]);
    await recordChange(sql, clock, scope, {
      agencyId: ended.agencyId,
      action: 'console_session.ended',
      subject: ended.id,
      before: { keyId: ended.keyId },
      after: null,
    });
  });
}

/** How long ended sessions are kept, for whoever looks into what happened. */
const keptMs = 30 * 86_400_000;

async function purgeConsoleSessions({ database, clock }: ConsoleSessionDependencies): Promise<void> {
  const before = new Date(clock.now().getTime() - keptMs);
  await database.pool.query('DELETE FROM console_sessions WHERE expires_at < $1', [before]);
}

/** How operators and agencies get in to the console. */
export const createConsoleSessions = (dependencies: ConsoleSessionDependencies) => ({
  open: (key: string) => openConsoleSession(dependencies, key),
  holder: (secret: string) => readConsoleHolder(dependencies, secret),
  end: (scope: Scope, secret: string) => endConsoleSession(dependencies, scope, secret),
  purge: () => purgeConsoleSessions(dependencies),
});

export type ConsoleSessions = ReturnType<typeof createConsoleSessions>;
