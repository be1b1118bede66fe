import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { issuedKey } from '../../../src/commands/api-answers.ts';
import { startTestService, type TestService } from '../../support/service.ts';

let service: TestService;
let platform: Session;
let agency: Session;

interface Session {
  readonly cookie: string;
  readonly csrfToken: string;
}

async function signIn(key: string): Promise<Session> {
  const response = await fetch(`${service.url}/console/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: service.url },
    body: JSON.stringify({ key }),
  });
  const { csrfToken } = z.object({ csrfToken: z.string() }).parse(await response.json());
  return { cookie: /baisa_console=[^;]+/.exec(response.headers.get('set-cookie') ?? '')?.[0] ?? '', csrfToken };
}

beforeAll(async () => {
  service = await startTestService();
  const { id } = await service.agency('Visitor');
  const { key } = await service.api.send('POST', `/v1/agencies/${id}/api-keys`, issuedKey, { body: {} });
  platform = await signIn(service.platformApiKey);
  agency = await signIn(key);
});
afterAll(() => service.stop());

interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

async function call(name: string, { method = 'GET', body, headers }: Call) {
  const response = await fetch(`${service.url}/console/sandbox/${name}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: z.record(z.string(), z.unknown()).parse(await response.json()) };
}

const page = ({ cookie, csrfToken }: Session) => ({ cookie, origin: service.url, 'x-csrf-token': csrfToken });

describe('the sandbox’s controls', () => {
  test('show its clock, faults, deliveries and cards to the platform’s session', async () => {
    const headers = { cookie: platform.cookie };
    expect(Object.keys((await call('clock', { headers })).body)).toEqual(['now']);
    expect((await call('faults', { headers })).body).toEqual({});
    expect((await call('deliveries', { headers })).body).toMatchObject({ inFlight: 0 });
    expect(JSON.stringify((await call('test-cards', { headers })).body)).toContain('4242424242424242');
  });

  test('move the clock further than a session lasts, without ending the session', async () => {
    const before = await service.sandbox.now();
    const moved = await call('clock', { method: 'POST', body: { advance: '2d' }, headers: page(platform) });
    expect(moved.status).toBe(200);
    expect((await service.sandbox.now()).getTime()).toBeGreaterThanOrEqual(before.getTime() + 172_800_000);
    expect((await call('clock', { headers: { cookie: platform.cookie } })).status).toBe(200);
  });

  test('say in words what the sandbox refuses', async () => {
    const refused = await call('clock', { method: 'POST', body: { advance: 'a while' }, headers: page(platform) });
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'sandbox_refused', detail: 'not a duration: a while' },
    });
  });

  test.each([
    ['nobody', () => ({}), 401],
    ['an agency', () => page(agency), 403],
    ['a page of another site', () => ({ ...page(platform), origin: 'https://elsewhere.example' }), 403],
    ['a page without the session’s token', () => ({ cookie: platform.cookie, origin: service.url }), 403],
  ])('are refused to %s', async (_who, headers, status) => {
    const answer = await call('faults', { method: 'PUT', body: { dropDeliveries: 1 }, headers: headers() });
    expect(answer.status).toBe(status);
    expect((await call('faults', { headers: { cookie: platform.cookie } })).body).toEqual({});
  });
});
