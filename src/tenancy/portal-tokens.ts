import type { Clock } from '../clock.ts';
import { type Database, inTransaction } from '../database/database.ts';
import { notFound } from '../errors.ts';
import { idOfRequest, newId } from '../ids.ts';
import { customerOfAgency } from './agency-customer.ts';
import type { ApiKeyHasher } from './api-key.ts';
import { recordChange } from './audit.ts';
import { linkLifetimeMs, newLinkCode, newPortalSecret, tokenLifetimeMs } from './portal-secret.ts';
import {
  deleteEnded,
  endSession,
  loadLiveSessions,
  loadSession,
  type StoredPortalSession,
  saveToken,
} from './portal-session.store.ts';
import { requireServing } from './require-serving.ts';
import { agencyOf, type Scope } from './scope.ts';
import { scoped } from './scoped-prisma.ts';

export interface PortalDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly hash: ApiKeyHasher;
  /** Base of the links, without a slash at its end. */
  readonly publicUrl: string;
}

export interface IssuedPortalToken {
  readonly id: string;
  readonly token: string;
  /** Opens the portal in a browser, once. */
  readonly url: string;
  /** Of the token; the link ends earlier. */
  readonly expiresAt: Date;
}

/**
 * The client that a scope may act for in the portal: its own clients; and, for an agency, the client of the platform that it is
 * itself, which is how it buys for itself. Throws `AppError` 404 for any other.
 */
async function portalCustomer(
  { database }: PortalDependencies,
  scope: Scope,
  customerId: string,
): Promise<{ readonly agencyId: string; readonly customerId: string }> {
  const row = await scoped(database.prisma, scope).customer.findFirst({ where: { id: customerId } });
  if (row) return { agencyId: row.agencyId, customerId };
  const itself = scope.role === 'agency' ? await customerOfAgency(database.pool, scope.agencyId) : null;
  if (itself?.customerId === customerId) return itself;
  throw notFound('customer');
}

/** Whose record it is: the agency's that acted, also where it acted as a client of the platform. */
const recordOf = (scope: Scope, agencyId: string): string => agencyOf(scope) ?? agencyId;

/**
 * Makes a token for a client's own calls, and a link that opens the portal; both are answered, which nothing can do again. Throws
 * `AppError` 404 for a client that is not there for this scope, 409 `customer_disabled` and `agency_disabled`.
 */
export async function issuePortalToken(
  dependencies: PortalDependencies,
  scope: Scope,
  request: { readonly customerId: string; readonly requestId: string | undefined },
): Promise<IssuedPortalToken> {
  const { database, clock, hash, publicUrl } = dependencies;
  const customer = await portalCustomer(dependencies, scope, request.customerId);
  const id = request.requestId === undefined ? newId('portalSession') : idOfRequest('portalSession', request.requestId);
  const [token, code] = [newPortalSecret(), newLinkCode()];
  const now = clock.now();
  const expiresAt = new Date(now.getTime() + tokenLifetimeMs);
  await inTransaction(database.pool, async (sql) => {
    await requireServing(sql, customer);
    await saveToken(sql, {
      ...customer,
      id,
      hash: hash(token),
      codeHash: hash(code),
      codeExpiresAt: new Date(now.getTime() + linkLifetimeMs),
      createdAt: now,
      expiresAt,
    });
    await recordChange(sql, clock, scope, {
      agencyId: recordOf(scope, customer.agencyId),
      action: 'portal_token.issued',
      subject: id,
      before: null,
      after: { customerId: customer.customerId, expiresAt: expiresAt.toISOString() },
    });
  });
  return { id, token, url: `${publicUrl}/portal/enter?code=${code}`, expiresAt };
}

/** A token or session that can still be used. */
export interface LivePortalSession extends StoredPortalSession {
  /** What may still be done with its link; null for a session, which has none. */
  readonly link: 'unused' | 'used' | 'expired' | null;
}

function linkOf({ codeExpiresAt, codeUsedAt }: StoredPortalSession, now: Date): LivePortalSession['link'] {
  if (codeExpiresAt === null) return null;
  if (codeUsedAt) return 'used';
  return codeExpiresAt <= now ? 'expired' : 'unused';
}

/** Newest first. Throws `AppError` 404 for a client that is not there for this scope. */
export async function listPortalSessions(
  dependencies: PortalDependencies,
  scope: Scope,
  customerId: string,
): Promise<readonly LivePortalSession[]> {
  const customer = await portalCustomer(dependencies, scope, customerId);
  const now = dependencies.clock.now();
  const live = await loadLiveSessions(dependencies.database.pool, customer, now);
  return live.map((session) => ({ ...session, link: linkOf(session, now) }));
}

/**
 * From the next request on the token is refused, and so are its link and the sessions that the link gave. Again changes nothing.
 * Throws `AppError` 404 for one that is not there.
 */
export async function revokePortalSession(
  dependencies: PortalDependencies,
  scope: Scope,
  { customerId, id }: { readonly customerId: string; readonly id: string },
): Promise<void> {
  const { database, clock } = dependencies;
  const customer = await portalCustomer(dependencies, scope, customerId);
  await inTransaction(database.pool, async (sql) => {
    const session = await loadSession(sql, customer, id);
    if (!session) throw notFound('portal token');
    if (!(await endSession(sql, id, clock.now()))) return;
    await recordChange(sql, clock, scope, {
      agencyId: recordOf(scope, customer.agencyId),
      action: 'portal_token.revoked',
      subject: id,
      before: { customerId, kind: session.kind },
      after: null,
    });
  });
}

/** How long an ended token is told apart from one that never was. */
const keptMs = 30 * 24 * 3_600_000;

/** Forgets tokens and sessions that ended a month ago; the audit trail keeps that they were. */
export const purgePortalSessions = ({
  database,
  clock,
}: Pick<PortalDependencies, 'database' | 'clock'>): Promise<void> =>
  deleteEnded(database.pool, new Date(clock.now().getTime() - keptMs));
