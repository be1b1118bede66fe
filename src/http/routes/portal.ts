import { z } from 'zod';
import type { Portal } from '../../tenancy/portal.ts';
import { portalSessionKind } from '../../tenancy/portal-session.store.ts';
import { definePublicRoute, defineRoute, type Route } from '../route.ts';
import { id, isoTime } from '../schemas.ts';

export interface PortalRouteDependencies {
  readonly portal: Portal;
}

const tokenAnswer = z
  .object({
    id: id('portalSession'),
    token: z.string().meta({ description: 'Sent as a Bearer key; good for an hour.', example: 'baisa_pt_...' }),
    url: z.string().meta({ description: 'Opens the portal in a browser: once, within 15 minutes.' }),
    expiresAt: isoTime,
  })
  .meta({ id: 'NewPortalToken' });

const liveAnswer = z
  .object({
    id: id('portalSession'),
    kind: portalSessionKind.meta({
      description: '`token`: issued, with a link. `session`: what a link was exchanged for.',
    }),
    createdAt: isoTime,
    expiresAt: isoTime,
    lastUsedAt: isoTime.nullable().meta({ description: 'Exact to a minute.' }),
    link: z.enum(['unused', 'used', 'expired']).nullable().meta({ description: 'Null for a session.' }),
  })
  .meta({ id: 'PortalSession' });

const openedAnswer = z
  .object({
    token: z.string().meta({ description: 'The session: a Bearer key, or the `baisa_portal` cookie of a browser.' }),
    csrfToken: z.string().meta({ description: 'Sent as `X-CSRF-Token` by pages that call with the cookie.' }),
    expiresAt: isoTime,
  })
  .meta({ id: 'OpenedPortalSession' });

const customerParams = z.strictObject({ id: id('customer') });
const tag = 'Portal';

/** How a client gets in by itself. */
export function createPortalRoutes({ portal }: PortalRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/customers/:id/portal-tokens',
      summary: 'Make a portal token and a link for a client',
      description:
        'Both are in this answer and nowhere else, ever. An agency names its own clients or, to buy for itself, its own ' +
        '`customerId` at the platform.',
      tag,
      roles: ['platform', 'agency'],
      carriesSecret: true,
      params: customerParams,
      responses: { 201: tokenAnswer },
      handle: async ({ scope, params, request }) => {
        const requestId = request.idempotency?.requestId;
        const issued = await portal.issue(scope, { customerId: params.id, requestId });
        return { status: 201, body: { ...issued, expiresAt: issued.expiresAt.toISOString() } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/portal-tokens',
      summary: "List a client's live portal tokens and sessions, newest first",
      tag,
      roles: ['platform', 'agency'],
      params: customerParams,
      responses: { 200: z.object({ data: z.array(liveAnswer), next: z.null() }) },
      handle: async ({ scope, params }) => {
        const live = await portal.list(scope, params.id);
        const data = live.map((session) => ({
          id: session.id,
          kind: session.kind,
          createdAt: session.createdAt.toISOString(),
          expiresAt: session.expiresAt.toISOString(),
          lastUsedAt: session.lastUsedAt?.toISOString() ?? null,
          link: session.link,
        }));
        return { status: 200, body: { data, next: null } };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/customers/:id/portal-tokens/:tokenId',
      summary: 'Withdraw a portal token, its link, and the sessions that the link gave',
      tag,
      roles: ['platform', 'agency'],
      params: z.strictObject({ id: id('customer'), tokenId: id('portalSession') }),
      responses: { 204: z.undefined() },
      handle: async ({ scope, params }) => {
        await portal.revoke(scope, { customerId: params.id, id: params.tokenId });
        return { status: 204, body: undefined };
      },
    }),
    definePublicRoute({
      method: 'post',
      path: '/v1/portal-sessions',
      summary: 'Exchange the code of a link for a session',
      description:
        'Works once. 401 `unknown_link`, `link_used`, `link_expired`, or `token_revoked` where it was withdrawn. A session lasts ' +
        '12 hours at most.',
      tag,
      roles: ['public'],
      carriesSecret: true,
      body: z.strictObject({ code: z.string().min(1).max(200) }),
      responses: { 201: openedAnswer },
      handle: async ({ body }) => {
        const opened = await portal.open(body.code);
        return { status: 201, body: { ...opened, expiresAt: opened.expiresAt.toISOString() } };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/portal-sessions/current',
      summary: 'Sign out',
      description: 'The token or session that this is called with is refused from now on, and what its link gave.',
      tag,
      roles: ['portal'],
      responses: { 204: z.undefined() },
      handle: async ({ scope }) => {
        await portal.end(scope);
        return { status: 204, body: undefined };
      },
    }),
  ];
}
