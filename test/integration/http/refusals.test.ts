import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type CallOptions, publicUrl, type Service, startService } from './tenants.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

/** Every refusal that was noted, oldest first. */
const noted = async (): Promise<{ subject: string; agency_id: string; after: Record<string, unknown> }[]> =>
  (
    await service.pool.query(
      `SELECT subject, agency_id, actor_role, actor_id, after FROM audit_entries WHERE action = 'access.refused' ORDER BY id`,
    )
  ).rows;

const tokenOf = async () => {
  const path = `/v1/customers/${service.first.customer.id}/portal-tokens`;
  const { body } = await service.call('POST', path, { key: service.first.key });
  return { id: String(body.id), key: String(body.token), code: new URL(String(body.url)).searchParams.get('code') };
};

/** Calls, is refused with the code, and waits for the note about it. */
async function refusedCall(code: string, method: string, path: string, options: CallOptions) {
  const before = (await noted()).length;
  const answer = await service.call(method, path, options);
  expect(answer.body.code).toBe(code);
  return vi.waitFor(async () => {
    const entry = (await noted())[before];
    if (!entry) throw new Error(`${code} was not noted`);
    return entry;
  });
}

describe('a refusal is noted in the audit trail', () => {
  test('of another tenant’s object, with the ids that were named in path and body', async () => {
    const { first, second } = service;
    const read = await refusedCall('not_found', 'GET', `/v1/customers/${first.customer.id}`, { key: second.key });
    expect(read).toMatchObject({
      agency_id: second.agency.id,
      actor_role: 'agency',
      after: { code: 'not_found', route: 'GET /v1/customers/:id', named: { id: first.customer.id } },
    });
    const body = { customerId: first.customer.id, amount: { amount: '5.00', currency: 'USD' } };
    const quote = await refusedCall('not_found', 'POST', '/v1/quotes', { key: second.key, body });
    expect(quote.after.named).toEqual({ customerId: first.customer.id });
    const planIds = ['plan_a', 'plan_b'];
    const offer = await refusedCall('not_found', 'PUT', `/v1/customers/${first.customer.id}/offers`, {
      key: second.key,
      body: { planIds },
    });
    expect(offer.after.named).toEqual({ id: first.customer.id, 'planIds.0': 'plan_a', 'planIds.1': 'plan_b' });
    const { body: trail } = await service.call('GET', '/v1/audit', { key: second.key });
    expect(trail.data).toEqual(expect.arrayContaining([expect.objectContaining({ action: 'access.refused' })]));
  });

  test('of a role that the route is not for', async () => {
    const entry = await refusedCall('forbidden', 'GET', '/v1/events', { key: service.first.key });
    expect(entry).toMatchObject({ agency_id: service.first.agency.id, after: { route: 'GET /v1/events', named: {} } });
  });

  test('of a revoked key, and of a disabled agency’s', async () => {
    const keys = `/v1/agencies/${service.second.agency.id}/api-keys`;
    const { body } = await service.call('POST', keys, { body: {} });
    await service.call('DELETE', `${keys}/${String(body.id)}`);
    const revoked = await refusedCall('key_revoked', 'GET', '/v1/customers', { key: String(body.key) });
    expect(revoked).toMatchObject({ subject: body.id, actor_id: body.id, agency_id: service.second.agency.id });

    const third = await service.tenant('third');
    await service.call('PATCH', `/v1/agencies/${third.agency.id}`, { body: { disabled: true } });
    const disabled = await refusedCall('agency_disabled', 'GET', '/v1/customers', { key: third.key });
    expect(disabled.agency_id).toBe(third.agency.id);
  });

  test('of a token past its time, a withdrawn one, and a used link', async () => {
    const { customer } = service.first;
    const path = `/v1/customers/${customer.id}`;
    const expired = await tokenOf();
    service.clock.advance(2 * 3_600_000);
    const late = await refusedCall('token_expired', 'GET', path, { key: expired.key });
    expect(late).toMatchObject({ subject: expired.id, actor_role: 'portal', actor_id: customer.id });

    const withdrawn = await tokenOf();
    await service.call('DELETE', `${path}/portal-tokens/${withdrawn.id}`);
    await refusedCall('token_revoked', 'GET', path, { key: withdrawn.key });

    const { id, code } = await tokenOf();
    const exchange = { key: '', body: { code } };
    expect((await service.call('POST', '/v1/portal-sessions', exchange)).status).toBe(201);
    const used = await refusedCall('link_used', 'POST', '/v1/portal-sessions', exchange);
    expect(used.subject).toBe(id);
    expect(JSON.stringify(used)).not.toContain(code);

    const page = await tokenOf();
    service.clock.advance(16 * 60_000);
    const before = (await noted()).length;
    await service.call('GET', `/portal/enter?code=${page.code}`, { key: '' });
    await vi.waitFor(async () =>
      expect((await noted())[before]).toMatchObject({ subject: page.id, after: { code: 'link_expired' } }),
    );
  });

  test('of a session’s cookie that another site sent', async () => {
    const { id, key } = await tokenOf();
    const entry = await refusedCall('csrf_refused', 'DELETE', '/v1/portal-sessions/current', {
      key: '',
      headers: { cookie: `baisa_portal=${key}`, origin: 'https://example.com' },
    });
    expect(entry.subject).toBe(id);
    expect((await service.call('GET', `/v1/customers/${service.first.customer.id}`, { key })).status).toBe(200);
  });

  test('once a minute for each caller, code and route, so that a loop cannot fill the table', async () => {
    const { key } = await service.tenant('loop');
    const before = (await noted()).length;
    const across = (path: string) => service.call('GET', path, { key });
    await Promise.all(Array.from({ length: 20 }, (_, at) => across(`/v1/plans/plan_${at}`)));
    await across('/v1/orders/ord_x');
    await vi.waitFor(async () => expect((await noted()).length).toBe(before + 2));
    const routes = (await noted()).slice(before).map(({ after }) => after.route);
    expect(routes.sort()).toEqual(['GET /v1/orders/:id', 'GET /v1/plans/:id']);
  });

  test('not of keys that nobody has, nor of what a client lacks of its own, nor of the platform', async () => {
    const { first } = service;
    const before = (await noted()).length;
    await service.call('GET', '/v1/customers', { key: 'baisa_ak_nobody' });
    await service.call('GET', `/v1/customers/${first.customer.id}/subscription`, { key: first.key });
    await service.call('GET', '/v1/customers/cus_absent');
    // Written after those three would have been.
    await refusedCall('not_found', 'GET', '/v1/customers/cus_absent', { key: first.key });
    expect((await noted()).length).toBe(before + 1);
  });

  test('and where the note cannot be written the answer is the same, and the failure is logged', async () => {
    const { key } = await service.tenant('unlucky');
    await service.pool.query(
      `CREATE FUNCTION refuse_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$;
       CREATE TRIGGER refuse_note BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION refuse_note()`,
    );
    const answer = await service.call('GET', '/v1/customers/cus_absent', { key, headers: { origin: publicUrl } });
    expect(answer.status).toBe(404);
    await vi.waitFor(() => expect(service.lines.some((line) => line.includes('no room'))).toBe(true));
    await service.pool.query('DROP TRIGGER refuse_note ON audit_entries');
  });
});
