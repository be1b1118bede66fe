import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { platformKey, type Service, startService } from '../http/tenants.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

describe('agencies', () => {
  test('keep their settings through changes: left out stays, null goes', async () => {
    const trial = { days: 7, minutes: 30, concurrency: 1, end: 'pause' };
    const sent = { name: 'Muscat Voice', email: 'pay@muscat.example', country: 'OM', trial, graceDays: 3 };
    const created = await service.call('POST', '/v1/agencies', { body: sent });
    expect(created).toMatchObject({ status: 201, body: { ...sent, platform: false, disabled: false } });
    const path = `/v1/agencies/${String(created.body.id)}`;
    const support = { email: 'help@muscat.example' };
    const changed = await service.call('PATCH', path, { body: { name: 'Muscat Voice LLC', graceDays: null, support } });
    expect(changed).toMatchObject({ status: 200, body: { name: 'Muscat Voice LLC', trial, support } });
    expect(changed.body).not.toHaveProperty('graceDays');
    expect((await service.call('GET', path)).body).toEqual(changed.body);
  });

  test('a wrong setting is named by its path', async () => {
    const trial = { days: -1, minutes: 30, concurrency: 1, end: 'never' };
    const answer = await service.call('POST', '/v1/agencies', {
      body: { name: 'x', email: 'x', country: 'oman', trial },
    });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toEqual(
      ['email', 'country', 'trial.days', 'trial.end'].map((path) => expect.objectContaining({ path })),
    );
  });
});

describe('customers', () => {
  const create = (body: object, key = service.first.key) =>
    service.call('POST', '/v1/customers', { key, body: { name: 'Client', email: 'client@example.com', ...body } });

  test('belong to the agency that makes them; the platform must say which', async () => {
    expect(await create({})).toMatchObject({
      status: 201,
      body: { agencyId: service.first.agency.id, collection: 'card', externalId: null, disabled: false },
    });
    expect(await create({}, platformKey)).toMatchObject({ status: 422, body: { errors: [{ path: 'agencyId' }] } });
    expect(await create({ agencyId: 'agc_absent' }, platformKey)).toMatchObject({ status: 404 });
  });

  test('have an externalId that is unique in their agency and free in another', async () => {
    expect(await create({ externalId: 'crm-1' })).toMatchObject({ status: 201, body: { externalId: 'crm-1' } });
    expect(await create({ externalId: 'crm-1' })).toMatchObject({ status: 409, body: { code: 'external_id_taken' } });
    expect(await create({ externalId: 'crm-1' }, service.second.key)).toMatchObject({ status: 201 });
    const other = await create({ externalId: 'crm-2' });
    const change = await service.call('PATCH', `/v1/customers/${String(other.body.id)}`, {
      body: { externalId: 'crm-1' },
    });
    expect(change).toMatchObject({ status: 409, body: { code: 'external_id_taken' } });
  });

  test('change field by field', async () => {
    const { body } = await create({ externalId: 'crm-3' });
    const path = `/v1/customers/${String(body.id)}`;
    const changed = await service.call('PATCH', path, {
      key: service.first.key,
      body: { collection: 'offline', externalId: null, disabled: true },
    });
    expect(changed).toMatchObject({
      status: 200,
      body: { name: 'Client', collection: 'offline', externalId: null, disabled: true },
    });
    expect(await service.call('PATCH', path, { key: service.second.key, body: { name: 'mine' } })).toMatchObject({
      status: 404,
    });
  });

  test('are listed newest first, each once, page by page', async () => {
    const made = [];
    for (let n = 0; n < 5; n++) made.push(String((await create({ email: 'paged@example.com' })).body.id));
    const seen: unknown[] = [];
    let after = '';
    for (let page = 0; page < 3; page++) {
      const answer = await service.call('GET', `/v1/customers?email=paged@example.com&limit=2${after}`, {
        key: service.first.key,
      });
      const { data, next } = answer.body;
      if (Array.isArray(data)) seen.push(...data.map((customer) => customer.id));
      expect(next === null).toBe(page === 2);
      after = `&after=${String(next)}`;
    }
    expect(seen).toEqual(made.reverse());
  });
});
