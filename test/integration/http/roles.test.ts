import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isPublic, type Route } from '../../../src/http/route.ts';
import type { Role } from '../../../src/tenancy/scope.ts';
import { idFieldsOf, mountedIn, nameOf } from './mounted.ts';
import { bodiesOf, lacking, makeObjects, pathOf, type TenantObjects } from './tenant-objects.ts';
import { type Answered, type CallOptions, platformKey, type Service, startService } from './tenants.ts';

let service: Service;
/** What the first tenant owns, which everybody else's requests name; and what the second owns. */
let owned: TenantObjects;
let elsewhere: TenantObjects;

/** How a request is refused before anybody looks at what it names. */
interface Refused {
  readonly status: number;
  readonly code: string;
}
interface Kind {
  readonly name: string;
  readonly call: CallOptions;
  /** Whatever the route: this is the answer. */
  readonly refused?: (route: Route) => Refused | undefined;
  /** Else: as whom it comes, and whether the first tenant's objects are its own. */
  readonly role: Role;
  readonly own: boolean;
}

let kinds: readonly Kind[] = [];

const always = (status: number, code: string) => () => ({ status, code });

beforeAll(async () => {
  service = await startService();
  const { first, second } = service;
  owned = await makeObjects(service, first);
  elsewhere = await makeObjects(service, second);
  const third = await service.tenant('third');
  const sibling = await service.call('POST', '/v1/customers', {
    key: first.key,
    body: { name: 'Sibling', email: 'sibling@example.com' },
  });

  const token = async (customerId: string) => {
    const { status, body } = await service.call('POST', `/v1/customers/${customerId}/portal-tokens`, { body: {} });
    expect(status, JSON.stringify(body)).toBe(201);
    return { id: String(body.id), key: String(body.token) };
  };
  const expired = await token(first.customer.id);
  service.clock.advance(2 * 3_600_000);
  const withdrawn = await token(first.customer.id);
  await service.call('DELETE', `/v1/customers/${first.customer.id}/portal-tokens/${withdrawn.id}`);
  const disabledPortal = await token(third.customer.id);
  await service.call('PATCH', `/v1/agencies/${third.agency.id}`, { body: { disabled: true } });
  const spare = await service.call('POST', `/v1/agencies/${first.agency.id}/api-keys`, { body: {} });
  await service.call('DELETE', `/v1/agencies/${first.agency.id}/api-keys/${String(spare.body.id)}`);
  const portal = (await token(first.customer.id)).key;
  const cookie = `baisa_portal=${(await token(first.customer.id)).key}`;

  const agency = { role: 'agency', own: true } as const;
  const client = { role: 'portal', own: true } as const;
  kinds = [
    { name: 'no key', call: { key: '' }, refused: always(401, 'unauthenticated'), ...agency },
    { name: 'an unknown key', call: { key: 'baisa_ak_nobody' }, refused: always(401, 'unknown_key'), ...agency },
    { name: 'an unknown token', call: { key: 'baisa_pt_nobody' }, refused: always(401, 'unknown_key'), ...client },
    { name: 'a revoked key', call: { key: String(spare.body.key) }, refused: always(401, 'key_revoked'), ...agency },
    { name: 'an expired token', call: { key: expired.key }, refused: always(401, 'token_expired'), ...client },
    { name: 'a revoked token', call: { key: withdrawn.key }, refused: always(401, 'token_revoked'), ...client },
    { name: 'a disabled agency', call: { key: third.key }, refused: always(403, 'agency_disabled'), ...agency },
    {
      name: 'a token of a disabled agency’s client',
      call: { key: disabledPortal.key },
      refused: always(403, 'agency_disabled'),
      ...client,
    },
    {
      name: 'a session’s cookie without its csrfToken',
      call: { key: '', headers: { cookie, origin: 'http://127.0.0.1' } },
      refused: ({ method }) => (method === 'get' ? undefined : { status: 403, code: 'csrf_refused' }),
      ...client,
    },
    {
      name: 'a session’s cookie from another site',
      call: { key: '', headers: { cookie, origin: 'https://example.com', 'x-csrf-token': 'guessed' } },
      refused: ({ method }) => (method === 'get' ? undefined : { status: 403, code: 'csrf_refused' }),
      ...client,
    },
    { name: 'another agency', call: { key: second.key }, role: 'agency', own: false },
    {
      name: 'a token of another client of the agency',
      call: { key: (await token(String(sibling.body.id))).key },
      role: 'portal',
      own: false,
    },
    {
      name: 'a token of another agency’s client',
      call: { key: (await token(second.customer.id)).key },
      role: 'portal',
      own: false,
    },
    { name: 'a token of the client', call: { key: portal }, ...client },
    { name: 'the agency', call: { key: first.key }, ...agency },
    { name: 'the platform', call: { key: platformKey }, role: 'platform', own: true },
  ];
});
afterAll(() => service.stop());

interface Attempt {
  readonly path: string;
  readonly body: object | undefined;
  /** It names an object, not only a list of the caller's own. */
  readonly names: 'nothing' | 'in its query' | 'an object';
}

function attemptsAt(route: Route, objects: TenantObjects): Attempt[] {
  const path = pathOf(route, objects);
  const fields = idFieldsOf(route.schemas.query);
  const bodies = bodiesOf(route, objects);
  const inBody = idFieldsOf(route.schemas.body);
  const named = (body: object | undefined) =>
    !answersEach.includes(nameOf(route)) &&
    (path !== route.path || inBody.some((field) => body !== undefined && field in body))
      ? 'an object'
      : 'nothing';
  return [
    ...bodies.map((body): Attempt => ({ path, body, names: named(body) })),
    ...fields.map(
      (field): Attempt => ({
        path: `${path}?${field}=${objects.queries[field] ?? ''}`,
        body: bodies[0],
        names: path === route.path ? 'in its query' : 'an object',
      }),
    ),
  ];
}

let sent = 0;
const send = (route: Route, { path, body }: Attempt, { key, headers }: CallOptions): Promise<Answered> => {
  sent += 1;
  return service.call(route.method.toUpperCase(), path, {
    ...(key === undefined ? {} : { key }),
    ...(body === undefined ? {} : { body }),
    headers: { ...headers, 'idempotency-key': `matrix ${sent}` },
  });
};

/** What ends things comes last, and signing out at the very end. */
const weight = ({ method, path }: Route): number =>
  (method === 'get' ? 0 : method === 'delete' || /\/(cancel|archive)$/.test(path) ? 2 : 1) +
  (path.endsWith('/current') ? 1 : 0);
const inOrder = (): Route[] => [...service.routes].sort((a, b) => weight(a) - weight(b));

/** Its own trail shows an agency which ids it named itself. */
const showsWhatWasNamed: readonly string[] = ['get /v1/audit'];

/** Answers of each event alone: one of another tenant's client is refused within a 200. */
const answersEach: readonly string[] = ['post /v1/usage'];

/** A caller may be told again what it said itself; nothing else of the first tenant's. */
function expectNothingOfTheFirst(answer: Answered, { path, body }: Attempt, about: string): void {
  const said = path + JSON.stringify(body ?? {});
  const text = JSON.stringify(answer.body);
  for (const secret of owned.secrets) if (!said.includes(secret)) expect(text, about).not.toContain(secret);
}

function expectHidden(route: Route, attempt: Attempt, answer: Answered, about: string): void {
  if (!showsWhatWasNamed.includes(nameOf(route))) expectNothingOfTheFirst(answer, attempt, about);
  if (attempt.names === 'an object') {
    // A plan has codes of its own for one that is not for sale to this client, as absent as any other.
    expect({ about, status: answer.status }).toEqual({ about, status: 404 });
    expect(['not_found', 'plan_not_buyable', 'plan_not_assignable'], about).toContain(answer.body.code);
  } else expect([401, 403], about).not.toContain(answer.status);
}

describe('the routes', () => {
  test('are exactly those that express answers, with the pages that ask for no key', () => {
    const pages = [
      '/healthz',
      '/readyz',
      '/metrics',
      '/openapi.json',
      '/docs',
      '/docs/start.js',
      '/portal/enter',
      '/portal',
    ];
    const forms = ['/portal/enter', '/portal/sign-out'];
    const listed = [
      ...service.routes.map(nameOf),
      ...pages.map((path) => `get ${path}`),
      ...forms.map((path) => `post ${path}`),
    ];
    expect(mountedIn(service.app).sort()).toEqual(listed.sort());
  });

  test('can all be tried: every parameter, id field and body is in the table of objects', () => {
    expect(service.routes.flatMap((route) => lacking(route, owned))).toEqual([]);
  });

  test('a parameter, an id field or a body that the table lacks is named, with what to add', () => {
    const [quotes, orders] = ['post /v1/quotes', 'get /v1/orders/:id'].map((name) =>
      service.routes.find((route) => nameOf(route) === name),
    );
    if (!quotes || !orders) throw new Error('the routes have other names now');
    const empty: TenantObjects = { paths: {}, queries: {}, bodies: {}, secrets: [] };
    expect(lacking(quotes, empty).join('\n')).toMatch(/`customerId` in its body: add a body .*\n.*refuses its body/);
    expect(lacking(orders, empty).join('\n')).toMatch(/has the parameter :id: make such an object/);
  });

  test('only one asks for no key', () => {
    expect(service.routes.filter(isPublic).map(nameOf)).toEqual(['post /v1/portal-sessions']);
  });
});

describe('every route with every kind of key', () => {
  test('answers what the role, the tenant and the state of the key say, and shows no tenant another’s objects', async () => {
    for (const kind of kinds) {
      for (const route of inOrder()) {
        for (const attempt of attemptsAt(route, owned)) {
          const answer = await send(route, attempt, kind.call);
          const about = `${kind.name}: ${nameOf(route)} ${attempt.path} ${JSON.stringify(attempt.body)}`;
          const refused = isPublic(route)
            ? { status: 401, code: 'unknown_link' }
            : (kind.refused?.(route) ??
              (route.roles.includes(kind.role) ? undefined : { status: 403, code: 'forbidden' }));
          if (refused) {
            expect({ about, status: answer.status, code: answer.body.code }).toEqual({ about, ...refused });
            if (refused.status === 401) expect(answer.headers.get('www-authenticate')).toContain('Bearer');
          } else if (kind.own) {
            expect([401, 403, 500], `${about} ${JSON.stringify(answer.body)}`).not.toContain(answer.status);
          } else expectHidden(route, attempt, answer, about);
        }
      }
    }
  }, 120_000);

  test('refuses an id of another tenant in a body beside a path of the caller’s own', async () => {
    // Else another plan is refused for the one that its client is on.
    const { customer, key } = service.second;
    await service.call('POST', `/v1/customers/${customer.id}/subscription/cancel`, { key });
    for (const route of service.routes.filter(({ roles }) => roles.includes('agency'))) {
      const own = bodiesOf(route, elsewhere);
      const foreign = bodiesOf(route, owned);
      for (const field of idFieldsOf(route.schemas.body)) {
        for (const [index, body] of own.entries()) {
          const other = foreign[index];
          if (body === undefined || other === undefined || !(field in body)) continue;
          const replaced = Object.entries(other).filter(([name]) => name === field);
          const mixed = { ...body, ...Object.fromEntries(replaced) };
          const attempt: Attempt = { path: pathOf(route, elsewhere), body: mixed, names: 'an object' };
          const answer = await send(route, attempt, { key });
          const about = `${nameOf(route)} ${JSON.stringify(mixed)} ${JSON.stringify(answer.body)}`;
          expect(answersEach.includes(nameOf(route)) ? [200] : [404, 422], about).toContain(answer.status);
          expectNothingOfTheFirst(answer, attempt, about);
        }
      }
    }
  });
});

describe('owners', () => {
  test.each(['agency', 'portal'] as const)('with the role %s read every object of theirs', async (role) => {
    const fresh = await makeFresh();
    const reads = service.routes.filter(
      ({ path, roles, method }) => method === 'get' && path.includes(':') && roles.includes(role),
    );
    expect(reads.length).toBeGreaterThan(3);
    for (const route of reads) {
      const path = pathOf(route, fresh.objects);
      expect({ path, status: (await service.call('GET', path, { key: fresh[role] })).status }).toEqual({
        path,
        status: 200,
      });
    }
  });

  test('see lists of their own only', async () => {
    const mine = await service.call('GET', '/v1/customers', { key: service.second.key });
    const data = Array.isArray(mine.body.data) ? mine.body.data : [];
    expect(new Set(data.map(({ agencyId }) => agencyId))).toEqual(new Set([service.second.agency.id]));
    const others = await service.call('GET', `/v1/customers?agencyId=${service.first.agency.id}`, {
      key: service.second.key,
    });
    expect(others.body).toEqual({ data: [], next: null });
  });
});

/** A tenant whose objects nobody has changed. */
async function makeFresh() {
  const tenant = await service.tenant(`fresh ${sent}`.replace(' ', '-'));
  const objects = await makeObjects(service, tenant);
  const { body } = await service.call('POST', `/v1/customers/${tenant.customer.id}/portal-tokens`, { body: {} });
  return { objects, agency: tenant.key, portal: String(body.token) };
}
