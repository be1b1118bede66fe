import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldInput } from '../../unit/catalog/plans.ts';
import { type Service, startService } from '../http/tenants.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const post = (path: string, body?: object) => service.call('POST', path, { body });
const get = (path: string) => service.call('GET', path);

describe('plans over HTTP', () => {
  test('are created, read, listed page by page and published', async () => {
    const first = await post('/v1/plans', { ...goldInput, name: 'first' });
    expect(first).toMatchObject({
      status: 201,
      body: { status: 'draft', cycles: goldInput.cycles, trialEnd: 'pause' },
    });
    const second = await post('/v1/plans', { ...goldInput, name: 'second', publish: true });
    expect(second).toMatchObject({ status: 201, body: { status: 'published', frozen: { usdRate: '1' } } });
    const { id } = second.body;
    expect(await get(`/v1/plans/${id}`)).toMatchObject({ status: 200, body: second.body });

    const newest = await get('/v1/plans?limit=1');
    expect(newest.body.data).toMatchObject([{ name: 'second' }]);
    const rest = await get(`/v1/plans?limit=1&after=${newest.body.next}`);
    expect(rest.body).toMatchObject({ data: [{ name: 'first' }], next: null });

    expect(await post(`/v1/plans/${id}/disable`)).toMatchObject({ status: 200, body: { status: 'disabled' } });
    expect(await post(`/v1/plans/${id}/duplicate`)).toMatchObject({ status: 201, body: { name: 'second-copy' } });
    const patched = await service.call('PATCH', `/v1/plans/${id}`, { body: { trialDays: 7 } });
    expect(patched).toMatchObject({ status: 200, body: { trialDays: 0, draft: { version: 2, trialDays: 7 } } });
  });

  test.each([
    ['an unknown field', { ...goldInput, prise: '1' }, 'invalid_request', 'prise'],
    ['an unknown cycle', { ...goldInput, cycles: { weekly: '1.00' } }, 'invalid_request', 'cycles.weekly'],
    ['a bare number', { ...goldInput, cycles: { monthly: 49 } }, 'invalid_request', 'cycles.monthly'],
    ['a negative price', { ...goldInput, cycles: { monthly: '-1.00' } }, 'negative_number', 'cycles.monthly'],
    [
      'an unknown feature',
      { ...goldInput, recurring: [{ feature: 'fax', included: 1 }] },
      'unknown_feature',
      'recurring.0.feature',
    ],
  ])('with %s are refused by name', async (_name, body, code, path) => {
    const refused = await post('/v1/plans', body);
    expect(refused).toMatchObject({ status: 422, body: { code } });
    expect(refused.body.errors).toEqual(expect.arrayContaining([{ path, message: expect.any(String) }]));
  });
});

test('the catalog is synchronised without a body, and says where it stands', async () => {
  expect(await post('/v1/catalog/sync')).toMatchObject({
    status: 200,
    body: { operations: [], applied: true, blocked: [] },
  });
  expect(await post('/v1/catalog/sync', { dryRun: true })).toMatchObject({ status: 200, body: { applied: false } });
  expect(await get('/v1/catalog/status')).toMatchObject({ status: 200, body: { data: [], next: null } });
});

test('features are listed with the agency’s own at the end', async () => {
  const fax = { id: 'fax_pages', name: 'Fax', unit: 'page', kind: 'usage', aggregation: 'sum' };
  expect(await post('/v1/features', fax)).toMatchObject({ status: 201, body: fax });
  const { body } = await get('/v1/features');
  expect(body.data).toHaveLength(10);
  expect(body.data).toContainEqual(fax);
});
