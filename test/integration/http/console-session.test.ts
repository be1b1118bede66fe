import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answered, platformKey, publicUrl, type Service, startService } from './tenants.ts';

let service: Service;
beforeAll(async () => {
  service = await startService({ callsPerSecond: 1_000 });
});
afterAll(() => service.stop());

const own = { origin: publicUrl };
const signIn = (key: string, headers: Readonly<Record<string, string>> = own): Promise<Answered> =>
  service.call('POST', '/console/session', { key: '', body: { key }, headers });

interface SignedIn {
  readonly cookie: string;
  readonly csrfToken: string;
  readonly setCookie: string;
}
async function signedIn(key: string): Promise<SignedIn> {
  const { status, headers, body } = await signIn(key);
  expect(status, JSON.stringify(body)).toBe(201);
  const setCookie = headers.get('set-cookie') ?? '';
  return { cookie: setCookie.split(';')[0] ?? '', csrfToken: String(body.csrfToken), setCookie };
}
const as = ({ cookie, csrfToken }: SignedIn) => ({ cookie, 'x-csrf-token': csrfToken, ...own });
const call = (method: string, path: string, headers: Readonly<Record<string, string>>, body?: object) =>
  service.call(method, path, { key: '', headers, body });
const draft = (headers: Readonly<Record<string, string>>) =>
  call('POST', '/v1/customers', headers, { name: 'Client', email: 'client@example.com' });

describe('a key is exchanged for a session', () => {
  test('in a cookie that no script reads and no other site sends; the database holds only its keyed hash', async () => {
    const { cookie, setCookie } = await signedIn(service.first.key);
    expect(setCookie).toMatch(/^baisa_console=baisa_cs_[\w-]{43};/);
    expect(setCookie).toMatch(/HttpOnly/i);
    expect(setCookie).toMatch(/SameSite=Strict/i);
    const secret = cookie.split('=')[1] ?? '';
    const rows = JSON.stringify((await service.pool.query('SELECT * FROM console_sessions')).rows);
    expect(rows).not.toContain(secret);
    expect(rows).toContain(service.hash(secret));
  });

  test('which says who is signed in, and never the key', async () => {
    const session = await signedIn(service.first.key);
    const { status, body } = await call('GET', '/console/session', { cookie: session.cookie });
    expect(status).toBe(200);
    expect(body).toMatchObject({ role: 'agency', agencyId: service.first.agency.id, csrfToken: session.csrfToken });
    expect(JSON.stringify(body)).not.toContain(service.first.key);
    const platform = await signedIn(platformKey);
    expect((await call('GET', '/console/session', as(platform))).body).toMatchObject({ role: 'platform' });
  });

  test('only from a page of this service, for a key that somebody has, which a session or a client’s token is not', async () => {
    expect(await signIn(service.first.key, {})).toMatchObject({ status: 403, body: { code: 'csrf_refused' } });
    expect(await signIn(service.first.key, { origin: 'https://example.com' })).toMatchObject({ status: 403 });
    const session = await signedIn(service.first.key);
    const { body } = await service.call('POST', `/v1/customers/${service.first.customer.id}/portal-tokens`, {
      body: {},
    });
    for (const key of ['baisa_ak_nobody', '', session.cookie.split('=')[1] ?? '', String(body.token)]) {
      expect(await signIn(key)).toMatchObject({ status: 401, body: { code: 'unknown_key' } });
    }
    expect((await call('POST', '/console/session', own, { key: 1 })).status).toBe(422);
  });

  test('and its opening and end are in the audit trail', async () => {
    const session = await signedIn(service.second.key);
    await call('DELETE', '/console/session', as(session));
    const { body } = await service.call('GET', '/v1/audit', { key: service.second.key });
    expect(JSON.stringify(body)).toMatch(/console_session\.ended.*console_session\.opened/s);
  });
});

describe('the session', () => {
  test('sees its own agency and nothing of another', async () => {
    const session = await signedIn(service.first.key);
    expect((await call('GET', `/v1/customers/${service.first.customer.id}`, as(session))).status).toBe(200);
    expect((await call('GET', `/v1/customers/${service.second.customer.id}`, as(session))).status).toBe(404);
    expect((await call('GET', '/v1/events', as(session))).body).toMatchObject({ code: 'forbidden' });
  });

  test('changes nothing without its csrfToken, or with that of another session, or from another site', async () => {
    const session = await signedIn(service.first.key);
    const other = await signedIn(service.first.key);
    const refused = [
      { cookie: session.cookie, ...own },
      { ...as(session), 'x-csrf-token': other.csrfToken },
      { cookie: session.cookie, 'x-csrf-token': session.csrfToken },
      { ...as(session), origin: 'https://example.com' },
    ];
    for (const headers of refused) {
      expect(await draft(headers)).toMatchObject({ status: 403, body: { code: 'csrf_refused' } });
      expect((await call('DELETE', '/console/session', headers)).status).toBe(403);
    }
    expect((await draft(as(session))).status).toBe(201);
  });

  test('is told from a portal session in the same browser by the token of the page', async () => {
    const session = await signedIn(service.first.key);
    const path = `/v1/customers/${service.first.customer.id}`;
    const { body: link } = await service.call('POST', `${path}/portal-tokens`, { key: service.first.key });
    const cookie = `baisa_portal=${String(link.token)}; ${session.cookie}`;
    expect((await draft({ cookie, 'x-csrf-token': session.csrfToken, ...own })).status).toBe(201);
    expect((await call('GET', '/v1/customers', { cookie })).body).toMatchObject({ code: 'forbidden' });
  });

  test('ends with sign-out, after twelve hours, and with its key', async () => {
    const out = await signedIn(service.first.key);
    const left = await call('DELETE', '/console/session', as(out));
    expect(left.status).toBe(204);
    expect(left.headers.get('set-cookie')).toMatch(/baisa_console=;/);
    expect((await call('GET', '/v1/plans', as(out))).body).toMatchObject({ code: 'session_ended' });

    const { agency } = service.first;
    const { body: issued } = await service.call('POST', `/v1/agencies/${agency.id}/api-keys`, { body: {} });
    const keyed = await signedIn(String(issued.key));
    await service.call('DELETE', `/v1/agencies/${agency.id}/api-keys/${String(issued.id)}`);
    expect((await call('GET', '/v1/plans', as(keyed))).body).toMatchObject({ code: 'key_revoked' });

    const late = await signedIn(service.first.key);
    service.clock.advance(12 * 3_600_000);
    expect(await call('GET', '/v1/plans', as(late))).toMatchObject({ status: 401, body: { code: 'session_expired' } });
    expect((await call('GET', '/console/session', as(late))).status).toBe(401);
  });
});

test('an address that sends many unknown keys has to wait', async () => {
  const answers = [];
  for (let sent = 0; sent < 25; sent += 1) answers.push((await signIn('baisa_ak_guess')).status);
  expect(answers).toContain(429);
  expect((await signIn(service.first.key)).status).toBe(201);
});
