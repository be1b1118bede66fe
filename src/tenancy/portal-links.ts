import { type Database, inTransaction, type Sql } from '../database/database.ts';
import { AppError, notFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { AccessRefusal, callerOf } from './access-refusal.ts';
import { type AgencySettings, agencySettings } from './agency.ts';
import type { ApiKeyHasher } from './api-key.ts';
import { recordChange } from './audit.ts';
import { csrfTokenOf, newPortalSecret, sessionLifetimeMs } from './portal-secret.ts';
import { endSession, loadLink, type StoredLink, saveSession, useCode } from './portal-session.store.ts';
import type { PortalDependencies } from './portal-tokens.ts';
import type { Scope } from './scope.ts';

type LinkDependencies = Pick<PortalDependencies, 'database' | 'clock' | 'hash'>;

/** Whom a link is for, shown before it is used. */
export interface PortalLink {
  /** The agency under the name that its clients know. */
  readonly agencyName: string;
  readonly customerName: string;
}

export interface OpenedPortalSession {
  /** The session's secret: a Bearer token, or the cookie of a browser. */
  readonly token: string;
  readonly csrfToken: string;
  readonly expiresAt: Date;
}

/** Who is signed in to the portal, and whose it is. */
export interface PortalHolder extends PortalLink {
  readonly customerId: string;
  readonly branding: AgencySettings['branding'];
  readonly support: AgencySettings['support'];
}

/** The name under which an agency meets its clients. */
export const displayNameOf = (agency: { readonly name: string; readonly settings: unknown }): string =>
  agencySettings.parse(agency.settings).branding?.displayName ?? agency.name;

const scopeOf = ({ agencyId, customerId, id }: StoredLink): Scope => ({
  role: 'portal',
  agencyId,
  customerId,
  sessionId: id,
});

/** Longer than any code of ours; what is longer is not worth hashing. */
const codeLengthMax = 100;

const refusal = (link: StoredLink, status: 401 | 403, code: string, message: string): AccessRefusal =>
  new AccessRefusal(callerOf(scopeOf(link)), status, code, message);

const used = (link: StoredLink): AccessRefusal =>
  refusal(link, 401, 'link_used', 'This link was used already: it works once.');

async function usableLink(sql: Sql, hash: ApiKeyHasher, code: string, now: Date): Promise<StoredLink> {
  const link = code.length > codeLengthMax ? undefined : await loadLink(sql, hash(code));
  if (!link) throw new AppError(401, 'unknown_link', 'This link is not known.');
  if (link.revokedAt) throw refusal(link, 401, 'token_revoked', 'This link was withdrawn.');
  if (link.codeUsedAt) throw used(link);
  if (link.codeExpiresAt === null || link.codeExpiresAt <= now) {
    throw refusal(link, 401, 'link_expired', 'This link has expired.');
  }
  if (link.agencyDisabled) throw refusal(link, 403, 'agency_disabled', 'This agency is disabled.');
  if (link.customerDisabled) throw refusal(link, 403, 'customer_disabled', 'This client is disabled.');
  return link;
}

/**
 * Whom a link is for. Uses nothing up: mail scanners follow links. Throws `AppError` 401 `unknown_link`, `link_used`,
 * `link_expired` or `token_revoked`, and 403 `agency_disabled` or `customer_disabled`.
 */
export async function readPortalLink({ database, clock, hash }: LinkDependencies, code: string): Promise<PortalLink> {
  const link = await usableLink(database.pool, hash, code, clock.now());
  return {
    agencyName: displayNameOf({ name: link.agencyName, settings: link.settings }),
    customerName: link.customerName,
  };
}

/** Exchanges a link's code for a session, once. Throws as `readPortalLink` does. */
export async function openPortalSession(
  { database, clock, hash }: LinkDependencies,
  code: string,
): Promise<OpenedPortalSession> {
  const now = clock.now();
  const token = newPortalSecret();
  const expiresAt = new Date(now.getTime() + sessionLifetimeMs);
  await inTransaction(database.pool, async (sql) => {
    const link = await usableLink(sql, hash, code, now);
    if (!(await useCode(sql, link.id, now))) throw used(link);
    const { agencyId, customerId } = link;
    const id = newId('portalSession');
    await saveSession(sql, {
      id,
      agencyId,
      customerId,
      tokenId: link.id,
      hash: hash(token),
      createdAt: now,
      expiresAt,
    });
    await recordChange(sql, clock, scopeOf(link), {
      agencyId,
      action: 'portal_session.opened',
      subject: id,
      before: null,
      after: { tokenId: link.id, expiresAt: expiresAt.toISOString() },
    });
  });
  return { token, csrfToken: csrfTokenOf(token), expiresAt };
}

/** Signs out: the token or session that was called with is refused from now on, and what its link gave. */
export async function endPortalSession(
  { database, clock }: { readonly database: Pick<Database, 'pool'> } & Pick<PortalDependencies, 'clock'>,
  scope: Scope,
): Promise<void> {
  if (scope.role !== 'portal' || scope.sessionId === undefined) return;
  const { agencyId, customerId, sessionId } = scope;
  await inTransaction(database.pool, async (sql) => {
    if (!(await endSession(sql, sessionId, clock.now()))) return;
    await recordChange(sql, clock, scope, {
      agencyId,
      action: 'portal_session.ended',
      subject: sessionId,
      before: { customerId },
      after: null,
    });
  });
}

/** Who is signed in. Throws `AppError` 404 for a client that is gone. */
export async function readHolder(
  { database }: Pick<LinkDependencies, 'database'>,
  scope: Scope,
): Promise<PortalHolder> {
  if (scope.role !== 'portal') throw notFound('client');
  const { agencyId, customerId } = scope;
  const [agency, customer] = await Promise.all([
    database.prisma.agency.findUnique({ where: { id: agencyId } }),
    database.prisma.customer.findUnique({ where: { agencyId_id: { agencyId, id: customerId } } }),
  ]);
  if (!agency || !customer) throw notFound('client');
  const { branding, support } = agencySettings.parse(agency.settings);
  return { agencyName: displayNameOf(agency), customerName: customer.name, customerId, branding, support };
}
