import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answered, type Service, startService } from './tenants.ts';

let service: Service;
beforeAll(async () => {
  service = await startService({ callsPerSecond: 2 });
});
afterAll(() => service.stop());

/** As many as a window of ten seconds allows, and three more. */
const burst = (key: string, path = '/v1/customers', calls = 23): Promise<Answered[]> =>
  Promise.all(Array.from({ length: calls }, () => service.call('GET', path, { key })));
const statuses = (answers: readonly Answered[]) => answers.map(({ status }) => status).sort();
const expected = (served: number, status: number, refused: number) => [
  ...Array.from({ length: served }, () => status),
  ...Array.from({ length: refused }, () => 429),
];

describe('a key', () => {
  test('may burst up to ten seconds’ worth, is then refused until the window is over, and takes nothing from others', async () => {
    const answers = await burst(service.first.key);
    expect(statuses(answers)).toEqual(expected(20, 200, 3));
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.body).toMatchObject({ code: 'rate_limited', title: 'Too Many Requests' });
    expect(refused?.headers.get('content-type')).toContain('application/problem+json');
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(refused?.headers.get('retry-after'))).toBeLessThanOrEqual(10);
    expect(refused?.headers.get('ratelimit-policy')).toBe('"key";q=20;w=10');
    expect(refused?.headers.get('ratelimit')).toMatch(/^"key";r=0;t=\d+$/);
    expect((await service.call('GET', '/v1/customers', { key: service.second.key })).status).toBe(200);
  });

  test('is told with each answer how much is left', async () => {
    const { key } = await service.tenant('counted');
    const answers = [await service.call('GET', '/v1/plans', { key }), await service.call('GET', '/v1/plans', { key })];
    expect(answers.map(({ headers }) => /r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1])).toEqual(['19', '18']);
  });

  test('a refused request is not kept under its Idempotency-Key', async () => {
    const { key } = await service.tenant('retrying');
    await burst(key);
    const send = (by: string) =>
      service.call('POST', '/v1/customers', {
        key: by,
        headers: { 'idempotency-key': 'again' },
        body: { name: 'Client', email: 'client@example.com' },
      });
    expect((await send(key)).status).toBe(429);
    const { rows } = await service.pool.query('SELECT 1 FROM idempotency_requests');
    expect(rows).toEqual([]);
  });
});

test('a portal token has a limit of its own', async () => {
  const { customer } = await service.tenant('portal');
  const { body } = await service.call('POST', `/v1/customers/${customer.id}/portal-tokens`, { body: {} });
  const answers = await burst(String(body.token), `/v1/customers/${customer.id}`);
  expect(statuses(answers)).toEqual(expected(20, 200, 3));
  expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"portal";q=20;w=10');
});

test('an address may try twenty wrong keys and codes a minute; a right key is served all the while', async () => {
  const wrong = await burst('baisa_ak_nobody', '/v1/customers', 18);
  expect(statuses(wrong)).toEqual(expected(18, 401, 0));
  const guess = () => service.call('POST', '/v1/portal-sessions', { key: '', body: { code: 'guessed' } });
  expect((await guess()).body).toMatchObject({ code: 'unknown_link' });
  const page = await service.call('GET', '/portal/enter?code=guessed', { key: '' });
  expect(page.status).toBe(401);
  expect((await guess()).body).toMatchObject({ code: 'rate_limited' });
  expect((await service.call('GET', '/v1/customers', { key: 'baisa_pt_nobody' })).status).toBe(429);
  expect((await service.call('GET', '/portal/enter?code=guessed', { key: '' })).status).toBe(429);
  const { key } = await service.tenant('innocent');
  expect((await service.call('GET', '/v1/customers', { key })).status).toBe(200);
});

test('health and metrics are never limited', async () => {
  for (const path of ['/healthz', '/metrics']) {
    const answers = await Promise.all(Array.from({ length: 40 }, () => service.call('GET', path, { key: '' })));
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
    expect(answers[0]?.headers.has('ratelimit')).toBe(false);
  }
});
