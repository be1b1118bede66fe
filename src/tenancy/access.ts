import type { Clock } from '../clock.ts';
import type { RateLimits } from '../delivery/rate-limits.ts';
import { createAuthenticator } from './authenticate.ts';
import { createConsoleSessions } from './console-sessions.ts';
import { createPortal, type PortalDependencies } from './portal.ts';
import { createNoteRefusal, type RefusalDependencies } from './refusals.ts';

export interface AccessDependencies extends PortalDependencies, Pick<RefusalDependencies, 'log'> {
  readonly limits: RateLimits<'refusal'>;
  /** What sessions of the console run out by: whoever moves a sandbox's clock there is not signed out by it. */
  readonly consoleClock: Clock;
}

/** Who may come in, by key, token or session, and the note of who may not. */
export function createAccess(dependencies: AccessDependencies) {
  const { database, clock, consoleClock, hash, log, limits } = dependencies;
  const sql = database.pool;
  const authenticate = createAuthenticator({ sql, clock, consoleClock, hash, log });
  return {
    authenticate,
    portal: createPortal(dependencies),
    consoleSessions: createConsoleSessions({ database, clock: consoleClock, hash, authenticate }),
    noteRefusal: createNoteRefusal({
      sql,
      clock,
      log,
      firstOfMinute: async (name) => (await limits.take('refusal', name)).allowed,
    }),
  };
}
