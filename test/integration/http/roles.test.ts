import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { payAsYouGoInput } from '../../unit/catalog/plans.ts';
import { platformKey, type Service, startService } from './tenants.ts';

let service: Service;
/** The first tenant's object behind each path that names one. */
let owned: readonly (readonly [string, string])[];

beforeAll(async () => {
  service = await startService();
  const { agency, customer, key } = service.first;
  const plan = await service.call('POST', '/v1/plans', {
    key,
    body: {
      name: 'gold',
      displayName: 'Gold',
      type: 'usage_based',
      pricingModel: 'fixed',
      cycles: { monthly: '49.00' },
      currency: 'USD',
    },
  });
  expect(plan.status, JSON.stringify(plan.body)).toBe(201);
  const payAsYouGo = await service.call('POST', '/v1/plans', {
    key,
    body: { ...payAsYouGoInput, publish: true },
  });
  const subscribed = await service.call('POST', `/v1/customers/${customer.id}/subscription`, {
    key,
    body: { planId: payAsYouGo.body.id },
  });
  expect(subscribed.status, JSON.stringify(subscribed.body)).toBe(201);
  const now = service.clock.now();
  const money = { credited: '5.00', charged: '1.930', exact: '1.925', rate: '0.385', chargeCurrency: 'OMR' };
  await service.prisma.order.create({
    data: {
      ...money,
      agencyId: agency.id,
      id: 'ord_owned',
      customerId: customer.id,
      merchantAccountId: 'macc_owned',
      kind: 'top_up',
      status: 'checkout',
      sessionId: 'cs_owned',
      successUrl: 'https://example.com/paid',
      cancelUrl: 'https://example.com/back',
      expiresAt: now,
      createdAt: now,
      updatedAt: now,
    },
  });
  owned = [
    ['/v1/agencies/:id', `/v1/agencies/${agency.id}`],
    ['/v1/customers/:id', `/v1/customers/${customer.id}`],
    ['/v1/plans/:id', `/v1/plans/${String(plan.body.id)}`],
    ['/v1/orders/:id', '/v1/orders/ord_owned'],
    ['/v1/catalog/drift/:id', '/v1/catalog/drift/drift_absent'],
    // The platform's own: no agency reaches what is behind these.
    ['/v1/events/:id', '/v1/events/evt_absent'],
    [':keyId', 'key_absent'],
  ];
});
afterAll(() => service.stop());

const unknownKey = 'baisa_ak_nobody-has-this-key';
/** What a route asks for before it looks for the object that its path names. */
const bodies: Readonly<Record<string, object>> = {
  'put /v1/customers/:id/offers': { planIds: [] },
  'post /v1/customers/:id/subscription': { planId: 'plan_absent' },
  'post /v1/customers/:id/adjustments': {
    kind: 'correction',
    amount: { amount: '1.00', currency: 'USD' },
    reason: 'across',
  },
};
const pathFor = (path: string): string =>
  owned.reduce((filled, [pattern, value]) => filled.replace(pattern, value), path);

describe('roles', () => {
  test('every route answers 401 without a key and with an unknown one', async () => {
    for (const { method, path } of service.routes) {
      for (const [key, code] of [
        ['', 'unauthenticated'],
        [unknownKey, 'unknown_key'],
      ] as const) {
        const answer = await service.call(method.toUpperCase(), pathFor(path), { key });
        expect({ method, path, key, status: answer.status, code: answer.body.code }).toEqual({
          method,
          path,
          key,
          status: 401,
          code,
        });
        expect(answer.headers.get('www-authenticate')).toContain('Bearer');
      }
    }
  });

  test('every route answers 403 to an agency unless it declares that role, and never 401 or 403 if it does', async () => {
    for (const { method, path, roles } of service.routes) {
      // What is there is still needed: an absent one is deleted instead.
      const target = method === 'delete' ? path.replaceAll(/:\w+/g, 'absent') : pathFor(path);
      const answer = await service.call(method.toUpperCase(), target, { key: service.first.key });
      if (roles.includes('agency')) expect([401, 403], `${method} ${path}`).not.toContain(answer.status);
      else
        expect({ path, status: answer.status, code: answer.body.code }).toEqual({
          path,
          status: 403,
          code: 'forbidden',
        });
    }
  });

  test('every route that names an object answers 404 to another agency, and never its content', async () => {
    const named = service.routes.filter(({ path, roles }) => path.includes(':') && roles.includes('agency'));
    expect(named.length).toBeGreaterThan(0);
    for (const { method, path } of named) {
      const body = method === 'get' ? {} : { body: bodies[`${method} ${path}`] ?? {} };
      const headers = { 'idempotency-key': 'across' };
      const answer = await service.call(method.toUpperCase(), pathFor(path), {
        key: service.second.key,
        headers,
        ...body,
      });
      expect({ path, status: answer.status, code: answer.body.code }).toEqual({ path, status: 404, code: 'not_found' });
    }
  });

  test('every path that names an object is filled in above', () => {
    for (const { path } of service.routes) expect(pathFor(path)).not.toContain(':');
  });

  test('its owner reads the same object', async () => {
    const reads = service.routes.filter(
      ({ path, roles, method }) => method === 'get' && path.includes(':') && roles.includes('agency'),
    );
    for (const { path } of reads) {
      expect({ path, status: (await service.call('GET', pathFor(path), { key: service.first.key })).status }).toEqual({
        path,
        status: 200,
      });
    }
  });

  test('an agency names no object of another in a body', async () => {
    const { agency, customer } = service.first;
    const headers = { 'idempotency-key': 'across' };
    const amount = { amount: '5.00', currency: 'USD' };
    const bodies: readonly (readonly [string, object])[] = [
      ['/v1/quotes', { customerId: customer.id, amount }],
      ['/v1/checkout-sessions', { customerId: customer.id, kind: 'top_up', amount }],
      ['/v1/customers', { agencyId: agency.id, name: 'Taken', email: 'taken@example.com' }],
    ];
    for (const [path, body] of bodies) {
      const answer = await service.call('POST', path, { key: service.second.key, body, headers });
      expect({ path, status: answer.status, code: answer.body.code }).toEqual({ path, status: 404, code: 'not_found' });
    }
  });

  test('lists show an agency its own only', async () => {
    const mine = await service.call('GET', '/v1/customers', { key: service.first.key });
    expect(mine.body).toMatchObject({ data: [{ id: service.first.customer.id }], next: null });
    const others = await service.call('GET', `/v1/customers?agencyId=${service.second.agency.id}`, {
      key: service.first.key,
    });
    expect(others.body).toEqual({ data: [], next: null });
    const all = await service.call('GET', '/v1/customers', { key: platformKey });
    expect(all.body.data).toHaveLength(2);
  });
});
