import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { csrfTokenOf } from '../../../src/tenancy/portal-secret.ts';
import { type Answered, publicUrl, type Service, startService } from './tenants.ts';

let service: Service;
let customerPath: string;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());
beforeEach(() => {
  customerPath = `/v1/customers/${service.first.customer.id}`;
});

interface Issued {
  readonly id: string;
  readonly token: string;
  readonly url: string;
  readonly code: string;
}

async function issue(path = customerPath, key = service.first.key): Promise<Issued> {
  const { status, body } = await service.call('POST', `${path}/portal-tokens`, { key });
  expect(status, JSON.stringify(body)).toBe(201);
  const url = String(body.url);
  return { id: String(body.id), token: String(body.token), url, code: new URL(url).searchParams.get('code') ?? '' };
}

const exchange = (code: string): Promise<Answered> =>
  service.call('POST', '/v1/portal-sessions', { key: '', body: { code } });
const open = async (): Promise<{ readonly token: string; readonly csrfToken: string }> => {
  const { status, body } = await exchange((await issue()).code);
  expect(status).toBe(201);
  return { token: String(body.token), csrfToken: String(body.csrfToken) };
};
const read = (key: string): Promise<Answered> => service.call('GET', customerPath, { key });
const visit = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answered> =>
  service.call('GET', path, { key: '', headers });
const submit = (path: string, form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>>) =>
  service.call('POST', path, {
    key: '',
    text: new URLSearchParams(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });

describe('a portal token', () => {
  test('reads its client and nothing else, for an hour, and is in the database only as a keyed hash', async () => {
    const { token, url, code } = await issue();
    expect(token).toMatch(/^baisa_pt_[\w-]{43}$/);
    expect(url).toBe(`${publicUrl}/portal/enter?code=${code}`);
    expect(code).toMatch(/^[\w-]{43}$/);
    expect((await read(token)).body).toMatchObject({ id: service.first.customer.id });
    expect((await service.call('GET', '/v1/customers', { key: token })).body).toMatchObject({ code: 'forbidden' });
    const rows = JSON.stringify((await service.pool.query('SELECT * FROM portal_sessions')).rows);
    expect(rows).not.toContain(token);
    expect(rows).not.toContain(code);
    expect(rows).toContain(service.hash(token));

    service.clock.advance(3_600_000);
    expect(await read(token)).toMatchObject({ status: 401, body: { code: 'token_expired' } });
  });

  test('is listed while it lives, without its secrets, and refused once it is withdrawn, with its link', async () => {
    const issued = await issue();
    const listed = await service.call('GET', `${customerPath}/portal-tokens`, { key: service.first.key });
    expect(listed.body.data).toEqual(
      expect.arrayContaining([expect.objectContaining({ id: issued.id, kind: 'token', link: 'unused' })]),
    );
    expect(JSON.stringify(listed.body)).not.toContain(issued.token);
    const path = `${customerPath}/portal-tokens/${issued.id}`;
    expect((await service.call('DELETE', path, { key: service.second.key })).status).toBe(404);
    expect((await service.call('DELETE', path, { key: service.first.key })).status).toBe(204);
    expect((await service.call('DELETE', path, { key: service.first.key })).status).toBe(204);
    expect(await read(issued.token)).toMatchObject({ status: 401, body: { code: 'token_revoked' } });
    expect(await exchange(issued.code)).toMatchObject({ status: 401, body: { code: 'token_revoked' } });
    const left = await service.call('GET', `${customerPath}/portal-tokens`, { key: service.first.key });
    expect(JSON.stringify(left.body)).not.toContain(issued.id);
  });

  test('is made once for a request that is sent twice, and shown once', async () => {
    const send = () =>
      service.call('POST', `${customerPath}/portal-tokens`, {
        key: service.first.key,
        headers: { 'idempotency-key': 'twice' },
      });
    expect((await send()).status).toBe(201);
    expect(await send()).toMatchObject({ status: 409, body: { code: 'secret_already_issued' } });
  });

  test('its issue and its withdrawal are in the audit trail', async () => {
    const { id } = await issue();
    await service.call('DELETE', `${customerPath}/portal-tokens/${id}`, { key: service.first.key });
    const { body } = await service.call('GET', `/v1/audit?subject=${id}`, { key: service.first.key });
    expect(body.data).toMatchObject([{ action: 'portal_token.revoked' }, { action: 'portal_token.issued' }]);
  });
});

describe('a link', () => {
  test('is exchanged once, whoever is first', async () => {
    const { code } = await issue();
    const answers = await Promise.all(Array.from({ length: 8 }, () => exchange(code)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const { body } of answers.filter(({ status }) => status !== 201)) expect(body.code).toBe('link_used');
    const session = answers.find(({ status }) => status === 201);
    expect((await read(String(session?.body.token))).status).toBe(200);
  });

  test('is refused after a quarter of an hour, and where nobody has it', async () => {
    const { code } = await issue();
    service.clock.advance(15 * 60_000);
    expect(await exchange(code)).toMatchObject({ status: 401, body: { code: 'link_expired' } });
    expect(await exchange('x'.repeat(43))).toMatchObject({ status: 401, body: { code: 'unknown_link' } });
    const page = await visit(`/portal/enter?code=${code}`);
    expect(page).toMatchObject({ status: 401, body: { text: expect.stringContaining('has expired') } });
  });

  test('ends with its token what it gave', async () => {
    const issued = await issue();
    const { body } = await exchange(issued.code);
    await service.call('DELETE', `${customerPath}/portal-tokens/${issued.id}`, { key: service.first.key });
    expect(await read(String(body.token))).toMatchObject({ status: 401, body: { code: 'token_revoked' } });
  });
});

describe('a session', () => {
  test('signs out, and is refused from then on', async () => {
    const { token } = await open();
    expect((await service.call('DELETE', '/v1/portal-sessions/current', { key: token })).status).toBe(204);
    expect(await read(token)).toMatchObject({ status: 401, body: { code: 'token_revoked' } });
  });

  test('by cookie reads at once, and changes only for a page of ours that knows its csrfToken', async () => {
    const { token, csrfToken } = await open();
    const cookie = `other=1; baisa_portal=${token}`;
    expect((await visit(customerPath, { cookie })).status).toBe(200);
    const amount = { amount: '5.00', currency: 'USD' };
    const quote = (headers: Readonly<Record<string, string>>, key = '') =>
      service.call('POST', '/v1/quotes', {
        key,
        body: { customerId: service.first.customer.id, amount },
        headers: { cookie, ...headers },
      });
    const ours = { origin: publicUrl, 'x-csrf-token': csrfToken };
    const refused = { status: 403, body: { code: 'csrf_refused' } };
    expect(await quote({})).toMatchObject(refused);
    expect(await quote({ origin: publicUrl })).toMatchObject(refused);
    expect(await quote({ 'x-csrf-token': csrfToken })).toMatchObject(refused);
    expect(await quote({ ...ours, origin: 'https://example.com' })).toMatchObject(refused);
    expect(await quote({ ...ours, origin: 'null' })).toMatchObject(refused);
    expect(await quote({ ...ours, 'x-csrf-token': csrfTokenOf('baisa_pt_another') })).toMatchObject(refused);
    // Let in: what is missing is an account to sell on.
    expect([401, 403]).not.toContain((await quote(ours)).status);
    // A key decides where there is one.
    expect((await quote({}, service.second.key)).body).toMatchObject({ code: 'not_found' });
    expect((await quote({}, 'baisa_ak_nobody')).body).toMatchObject({ code: 'unknown_key' });
  });

  test('an API key in the cookie is no session', async () => {
    expect(await visit(customerPath, { cookie: `baisa_portal=${service.first.key}` })).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
  });
});

describe('the pages', () => {
  test('a link’s page names the agency, runs no script, tells no other site of the link, and uses nothing up', async () => {
    const { first } = service;
    await service.call('PATCH', `/v1/agencies/${first.agency.id}`, {
      key: first.key,
      body: { branding: { displayName: 'Voice & <Sons>' } },
    });
    const { url, code } = await issue();
    const path = url.replace(publicUrl, '');
    for (let opened = 0; opened < 3; opened += 1) {
      const page = await visit(path);
      expect(page.status).toBe(200);
      const html = String(page.body.text);
      expect(html).toContain('<title>Voice &amp; &lt;Sons&gt;</title>');
      expect(html).toContain(`<input type="hidden" name="code" value="${code}">`);
      expect(html).not.toContain('<script');
      expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
      // Under `no-referrer` a browser would send its forms with `Origin: null`.
      expect(page.headers.get('referrer-policy')).toBe('same-origin');
      expect(page.headers.get('cache-control')).toBe('no-store');
      expect(page.headers.has('set-cookie')).toBe(false);
    }
    expect((await exchange(code)).status).toBe(201);
  });

  test('the button signs in with a cookie that no script and no other site can use, and its page signs out', async () => {
    const { code } = await issue();
    const entered = await fetchForm('/portal/enter', { code });
    expect(entered).toMatchObject({ status: 303, location: '/portal' });
    expect(entered.cookie).toMatch(/^baisa_portal=baisa_pt_[\w-]{43}; /);
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/']) expect(entered.cookie).toContain(attribute);
    expect(entered.cookie).not.toContain('Secure');

    const cookie = entered.cookie.split(';')[0] ?? '';
    const page = await visit('/portal', { cookie });
    expect(page.status).toBe(200);
    const html = String(page.body.text);
    expect(html).toContain('Signed in as first&#39;s client.');
    expect(html).toContain('Balance: 0.00 USD');

    const csrf = /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? '';
    expect((await submit('/portal/sign-out', { csrf: 'guessed' }, { cookie, origin: publicUrl })).status).toBe(403);
    expect((await submit('/portal/sign-out', { csrf }, { cookie, origin: 'https://example.com' })).status).toBe(403);
    const out = await submit('/portal/sign-out', { csrf }, { cookie, origin: publicUrl });
    expect(out.status).toBe(200);
    expect(out.headers.get('set-cookie')).toMatch(/^baisa_portal=; .*Expires=Thu, 01 Jan 1970/);
    expect((await visit('/portal', { cookie })).status).toBe(401);
  });

  test('another site cannot sign somebody in, and a used link says so', async () => {
    const { code } = await issue();
    for (const origin of ['https://example.com', 'null'])
      expect((await submit('/portal/enter', { code }, { origin })).status).toBe(403);
    expect((await fetchForm('/portal/enter', { code })).status).toBe(303);
    const again = await submit('/portal/enter', { code }, { origin: publicUrl });
    expect(again).toMatchObject({ status: 401, body: { text: expect.stringContaining('used already') } });
    expect((await visit('/portal')).status).toBe(401);
  });
});

/** As `submit`, without following where it leads. */
async function fetchForm(path: string, form: Readonly<Record<string, string>>) {
  const response = await fetch(`http://127.0.0.1:${service.server.port}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: publicUrl },
    body: new URLSearchParams(form),
  });
  return {
    status: response.status,
    location: response.headers.get('location'),
    cookie: response.headers.get('set-cookie') ?? '',
  };
}

describe('an agency as a client of the platform', () => {
  test('is one from its creation, and mints a token for itself, and for no other client of the platform', async () => {
    const { first, second } = service;
    const [mine, theirs] = await Promise.all(
      [first, second].map(async ({ agency, key }) => {
        const { body } = await service.call('GET', `/v1/agencies/${agency.id}`, { key });
        return String(body.customerId);
      }),
    );
    const { token, id } = await issue(`/v1/customers/${mine}`, first.key);
    const { body: platform } = await service.call('GET', '/v1/agencies/platform');
    expect(platform.customerId).toBeNull();
    expect((await service.call('GET', `/v1/customers/${mine}`, { key: token })).body).toMatchObject({
      agencyId: platform.id,
      externalId: first.agency.id,
      name: first.agency.name,
    });
    const other = await service.call('POST', `/v1/customers/${theirs}/portal-tokens`, { key: first.key });
    expect(other).toMatchObject({ status: 404, body: { code: 'not_found' } });
    // Buying goes through the token: the agency's key does not read the platform's clients, itself included.
    expect((await service.call('GET', `/v1/customers/${mine}`, { key: first.key })).status).toBe(404);
    expect((await service.call('DELETE', `/v1/customers/${mine}/portal-tokens/${id}`, { key: first.key })).status).toBe(
      204,
    );
  });

  test('keeps the agency’s id as its name, and follows the agency’s', async () => {
    const { agency } = service.second;
    const { body } = await service.call('PATCH', `/v1/agencies/${agency.id}`, { body: { name: 'Renamed' } });
    const path = `/v1/customers/${String(body.customerId)}`;
    expect((await service.call('GET', path)).body).toMatchObject({ name: 'Renamed', externalId: agency.id });
    for (const externalId of [null, 'another']) {
      const changed = await service.call('PATCH', path, { body: { externalId } });
      expect(changed).toMatchObject({ status: 409, body: { code: 'agency_customer' } });
    }
  });

  test('changes its own settings, and neither its name, e-mail nor standing', async () => {
    const { agency, key } = service.first;
    const change = (body: object) => service.call('PATCH', `/v1/agencies/${agency.id}`, { key, body });
    expect(await change({ graceDays: 3, support: { email: 'help@example.com' } })).toMatchObject({
      status: 200,
      body: { graceDays: 3, support: { email: 'help@example.com' } },
    });
    for (const body of [{ name: 'Other' }, { email: 'other@example.com' }, { disabled: false }]) {
      expect(await change(body)).toMatchObject({
        status: 403,
        body: { code: 'forbidden', errors: [{ path: Object.keys(body)[0] }] },
      });
    }
  });
});
