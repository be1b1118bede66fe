import { z } from 'zod';
import { buildAccount } from '../accounts.ts';
import { newLinkToken, newWhopId } from '../ids.ts';
import { listQuery, parameters, type WhopRoute } from '../route.ts';

const metadata = z.record(z.string().max(100), z.unknown());

const createSchema = z.strictObject({
  title: z.string().min(1).max(100),
  email: z.email(),
  country: z
    .string()
    .regex(/^[A-Za-z]{2}$/)
    .optional(),
  metadata: metadata.optional(),
});

const linkSchema = z.strictObject({
  company_id: z.string(),
  use_case: z.enum(['account_onboarding', 'payouts_portal']),
  return_url: z.url(),
  refresh_url: z.url(),
});

const externalIdOf = (given: unknown): unknown => metadata.safeParse(given).data?.external_id;

/** How long an onboarding link leads anywhere, in milliseconds. */
const linkLifetimeMs = 3_600_000;

export const accountRoutes: readonly WhopRoute[] = [
  {
    method: 'POST',
    path: '/accounts',
    run: async (call, { body }) => {
      const given = parameters(createSchema, body);
      const externalId = externalIdOf(given.metadata);
      const children = await call.page('account', call.caller, { first: Number.MAX_SAFE_INTEGER, after: null });
      const same = children.data.find(
        (child) =>
          child.email === given.email && externalId !== undefined && externalIdOf(child.metadata) === externalId,
      );
      if (same) return same;
      const account = buildAccount(
        {
          id: newWhopId('biz'),
          title: given.title,
          email: given.email,
          country: given.country?.toUpperCase() ?? null,
          parent: call.caller,
          metadata: given.metadata ?? {},
          createdAt: call.isoNow,
        },
        'new',
      );
      // Filed under its parent, whose list shows it.
      await call.save('account', call.caller, account);
      return account;
    },
  },
  { method: 'GET', path: '/accounts/me', run: (call) => call.get('account', call.caller) },
  {
    method: 'GET',
    path: '/accounts/:id',
    run: async (call, { id }) => {
      const account = await call.get('account', id);
      await call.requireReach(id);
      return account;
    },
  },
  {
    method: 'GET',
    path: '/accounts',
    run: (call, { query }) => call.page('account', call.caller, listQuery(query, [])),
  },
  {
    method: 'POST',
    path: '/account_links',
    run: async (call, { body }) => {
      const given = parameters(linkSchema, body);
      await call.requireReach(given.company_id);
      const token = newLinkToken();
      const expiresAt = new Date(call.now.getTime() + linkLifetimeMs);
      await call.client.query(
        'INSERT INTO whop_links (token, account, return_url, refresh_url, expires_at) VALUES ($1, $2, $3, $4, $5)',
        [token, given.company_id, given.return_url, given.refresh_url, expiresAt],
      );
      return { url: `${call.baseUrl}/whop/onboarding/${token}`, expires_at: expiresAt.toISOString() };
    },
  },
];
