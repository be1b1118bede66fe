import { endPortalSession, openPortalSession, readHolder, readPortalLink } from './portal-links.ts';
import {
  issuePortalToken,
  listPortalSessions,
  type PortalDependencies,
  purgePortalSessions,
  revokePortalSession,
} from './portal-tokens.ts';
import type { Scope } from './scope.ts';

export type { PortalDependencies } from './portal-tokens.ts';

/** How clients of agencies get in by themselves: tokens, links and sessions. */
export const createPortal = (dependencies: PortalDependencies) => ({
  issue: (scope: Scope, request: Parameters<typeof issuePortalToken>[2]) =>
    issuePortalToken(dependencies, scope, request),
  list: (scope: Scope, customerId: string) => listPortalSessions(dependencies, scope, customerId),
  revoke: (scope: Scope, named: Parameters<typeof revokePortalSession>[2]) =>
    revokePortalSession(dependencies, scope, named),
  readLink: (code: string) => readPortalLink(dependencies, code),
  open: (code: string) => openPortalSession(dependencies, code),
  end: (scope: Scope) => endPortalSession(dependencies, scope),
  holder: (scope: Scope) => readHolder(dependencies, scope),
  purge: () => purgePortalSessions(dependencies),
});

export type Portal = ReturnType<typeof createPortal>;
