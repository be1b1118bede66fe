import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { apiKeyHasher } from '../../../src/tenancy/api-key.ts';
import { ensurePlatformAgency } from '../../../src/tenancy/ensure-platform-agency.ts';
import { platformKey, type Service, startService } from '../http/tenants.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const read = (key: string) => service.call('GET', '/v1/customers', { key });

describe('API keys', () => {
  test('are shown once, and are in the database only as a keyed hash', async () => {
    const path = `/v1/agencies/${service.first.agency.id}/api-keys`;
    const issued = await service.call('POST', path, { body: { name: 'till' } });
    const key = String(issued.body.key);
    expect(key).toMatch(/^baisa_ak_[\w-]{43}$/);
    expect((await read(key)).status).toBe(200);

    const listed = await service.call('GET', path);
    expect(listed.body.data).toEqual(
      expect.arrayContaining([expect.objectContaining({ id: issued.body.id, name: 'till' })]),
    );
    expect(JSON.stringify(listed.body)).not.toContain(key);
    const rows = JSON.stringify((await service.pool.query('SELECT * FROM api_keys')).rows);
    expect(rows).not.toContain(key);
    expect(rows).toContain(service.hash(key));
    expect(apiKeyHasher('another encryption key, as long as it must be')(key)).not.toBe(service.hash(key));
  });

  test('are refused from the moment they are revoked', async () => {
    const path = `/v1/agencies/${service.second.agency.id}/api-keys`;
    const { body } = await service.call('POST', path, { body: {} });
    expect((await read(String(body.key))).status).toBe(200);
    expect((await service.call('DELETE', `${path}/${String(body.id)}`)).status).toBe(204);
    expect(await read(String(body.key))).toMatchObject({ status: 401, body: { code: 'key_revoked' } });
    expect((await service.call('DELETE', `${path}/${String(body.id)}`)).status).toBe(204);
    const elsewhere = `/v1/agencies/${service.first.agency.id}/api-keys/${String(body.id)}`;
    expect((await service.call('DELETE', elsewhere)).status).toBe(404);
  });

  test('are refused while their agency is disabled, and work again after', async () => {
    const path = `/v1/agencies/${service.second.agency.id}`;
    expect(await service.call('PATCH', path, { body: { disabled: true } })).toMatchObject({ body: { disabled: true } });
    expect(await read(service.second.key)).toMatchObject({ status: 403, body: { code: 'agency_disabled' } });
    await service.call('PATCH', path, { body: { disabled: false } });
    expect((await read(service.second.key)).status).toBe(200);
  });

  test('note their last use at most once a minute', async () => {
    const agencyId = service.second.agency.id;
    const lastUse = async () =>
      (await service.prisma.apiKey.findFirst({ where: { agencyId, revokedAt: null } }))?.lastUsedAt;
    service.clock.advance(120_000);
    await read(service.second.key);
    const noted = service.clock.now();
    await vi.waitFor(async () => expect(await lastUse()).toEqual(noted));
    service.clock.advance(59_000);
    await read(service.second.key);
    service.clock.advance(2_000);
    await read(service.second.key);
    // Had the use at 59 seconds been noted, the one at 61 would not be.
    const later = new Date(noted.getTime() + 61_000);
    await vi.waitFor(async () => expect(await lastUse()).toEqual(later));
  });

  test('a failed note of a use fails no request and is logged', async () => {
    service.clock.advance(120_000);
    await service.pool.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no note'; END $$;
       CREATE TRIGGER refuse BEFORE UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION refuse()`,
    );
    expect((await read(service.first.key)).status).toBe(200);
    await vi.waitFor(() => expect(service.lines.some((line) => line.includes('no note'))).toBe(true));
    await service.pool.query('DROP TRIGGER refuse ON api_keys');
  });
});

describe('the platform', () => {
  test('is an agency of its own, cannot be disabled, and is made once however many replicas start', async () => {
    const again = await Promise.all(
      Array.from({ length: 5 }, () => ensurePlatformAgency(service, { apiKey: platformKey, country: 'OM' })),
    );
    const { body } = await service.call('GET', '/v1/agencies/platform');
    expect(body).toMatchObject({ platform: true, country: 'OM' });
    expect(new Set(again.map(({ id }) => id))).toEqual(new Set([body.id]));
    expect(await service.call('PATCH', `/v1/agencies/${String(body.id)}`, { body: { disabled: true } })).toMatchObject({
      status: 409,
      body: { code: 'platform_agency' },
    });
  });

  test('withdraws the old platform key when another is configured, and takes it back when it is configured again', async () => {
    const next = 'baisa_pk_the-next-key-0123456789abcdefgh';
    await ensurePlatformAgency(service, { apiKey: next, country: 'OM' });
    expect(await read(platformKey)).toMatchObject({ status: 401, body: { code: 'key_revoked' } });
    expect((await read(next)).status).toBe(200);
    await ensurePlatformAgency(service, { apiKey: platformKey, country: 'OM' });
    expect((await read(platformKey)).status).toBe(200);
    expect((await read(next)).status).toBe(401);
  });
});
