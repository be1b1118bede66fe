import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldInput, payAsYouGoInput } from '../../unit/catalog/plans.ts';
import { storeAccount, storeCard } from '../http/tenant-rows.ts';
import { type Answered, type Service, startService } from '../http/tenants.ts';

let service: Service;
let clients: string[];

const call = (method: string, path: string, body?: object, key = service.first.key): Promise<Answered> =>
  service.call(method, path, { key, ...(body === undefined ? {} : { body }) });

const usd = (amount: string) => ({ amount, currency: 'USD' });

async function correct(client: string, amount: string): Promise<void> {
  const body = { kind: 'correction', amount: usd(amount), reason: 'for a test' };
  const headers = { 'idempotency-key': client };
  const path = `/v1/customers/${client}/adjustments`;
  expect(await service.call('POST', path, { key: service.first.key, body, headers })).toMatchObject({ status: 201 });
}

beforeAll(async () => {
  service = await startService();
  const { agency, customer } = service.first;
  clients = [customer.id];
  for (const name of ['Paused 100%', 'Refilled']) {
    const { body } = await call('POST', '/v1/customers', { name, email: 'client@example.com' });
    clients.push(String(body.id));
  }
  const account = await storeAccount(service, agency.id);
  await service.prisma.merchantAccount.update({
    where: { agencyId_id: { agencyId: agency.id, id: account } },
    data: { status: 'active', chargesEnabled: true },
  });
  const [, paused = '', refilled = ''] = clients;
  await correct(customer.id, '7.50');
  await correct(refilled, '2.25');
  await correct(paused, '-3.00');

  const client = { ...customer, id: refilled };
  const card = await storeCard(service, client, account);
  const { prisma, clock } = service;
  const named = { agencyId: agency.id, customerId: refilled };
  const now = clock.now();
  await prisma.paymentMethod.update({
    where: { agencyId_id: { agencyId: agency.id, id: card } },
    data: { isDefault: true, defaultSince: now, status: 'verified', verifiedAt: now },
  });
  const settings = { enabled: true, threshold: '1', amount: '10', evaluatedAt: now, createdAt: now, updatedAt: now };
  await prisma.autoRefill.create({ data: { ...named, ...settings } });
  await prisma.refillBreaker.create({
    data: {
      ...named,
      fingerprint: `fingerprint_of_${agency.id}`,
      ...{ state: 'stopped', kind: 'hard', cause: 'expired_card', softDeclines: 0, openedAt: now, updatedAt: now },
    },
  });
});
afterAll(() => service.stop());

describe('an agency’s figures', () => {
  test('are its own clients’, each the length or the sum of the list behind it', async () => {
    const { status, body } = await call('GET', '/v1/overview');
    expect(status).toBe(200);
    expect(body).toEqual({
      asOf: service.clock.now().toISOString(),
      clients: 3,
      paused: 1,
      failingRefills: 1,
      prepaid: usd('9.75'),
      owed: usd('3.00'),
      driftedPlans: 0,
      driftChanges: 0,
      parkedEvents: null,
    });
    for (const [query, named] of [
      ['state=paused', clients[1]],
      ['refill=failing', clients[2]],
      ['q=SED%20100%25', clients[1]],
    ] as const) {
      const { body: list } = await call('GET', `/v1/standings?${query}`);
      expect(list, query).toMatchObject({ data: [{ customerId: named }], next: null });
    }
  });

  test('hold nothing of another agency, and the platform’s hold everybody’s', async () => {
    expect(await call('GET', '/v1/overview', undefined, service.second.key)).toMatchObject({
      body: { clients: 1, paused: 0, prepaid: usd('0.00') },
    });
    const all = await service.call('GET', '/v1/overview');
    // Each agency is a client of the platform itself.
    expect(all.body).toMatchObject({ clients: 6, prepaid: usd('9.75'), parkedEvents: 0 });
    const one = await service.call('GET', `/v1/overview?agencyId=${service.second.agency.id}`);
    expect(one.body).toMatchObject({ clients: 1, parkedEvents: null });
  });

  test('are listed by client, newest first, page by page', async () => {
    const first = await call('GET', '/v1/standings?limit=2');
    expect(first.body.data).toMatchObject([
      { customerId: clients[2], balance: usd('2.25'), state: 'active', refill: 'failing', plan: null },
      { customerId: clients[1], balance: usd('-3.00'), state: 'paused', refill: 'off' },
    ]);
    const second = await call('GET', `/v1/standings?limit=2&after=${String(first.body.next)}`);
    expect(second.body).toMatchObject({ data: [{ customerId: clients[0], balance: usd('7.50') }], next: null });
  });
});

describe('what a plan would cost', () => {
  test('is rated as usage is: what is included, then each one beyond', async () => {
    const { status, body } = await call('POST', '/v1/plans/preview', { plan: goldInput });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      usdRate: '1',
      features: [
        {
          feature: 'call_minutes',
          included: '100',
          price: usd('0.20'),
          costs: [
            { quantity: '80', free: '80', overage: '0', cost: usd('0.00') },
            { quantity: '150', free: '100', overage: '50', cost: usd('10.00') },
          ],
        },
      ],
    });
  });

  test('says the tax in it, and has no price where nothing more is sold', async () => {
    const tax = { name: 'GST', percent: '5', inclusive: false };
    const taxed = await call('POST', '/v1/plans/preview', { plan: { ...goldInput, tax }, quantities: ['150'] });
    expect(taxed.body).toMatchObject({
      features: [{ costs: [{ net: usd('10.00'), tax: usd('0.50'), cost: usd('10.50') }] }],
    });
    const usage = [{ feature: 'call_minutes', included: '100' }];
    const hard = await call('POST', '/v1/plans/preview', { plan: { ...goldInput, packs: [], usage } });
    expect(hard.body).toMatchObject({ features: [{ price: null, costs: [{ overage: '0' }, { overage: '50' }] }] });
  });

  test('is refused for a plan that breaks a rule, and leaves nothing behind', async () => {
    const usage = [{ feature: 'call_minutes', included: '-1' }];
    expect(await call('POST', '/v1/plans/preview', { plan: { ...goldInput, usage } })).toMatchObject({ status: 422 });
    expect((await call('GET', '/v1/plans')).body).toMatchObject({ data: [] });
  });
});

test('who lives on a plan is listed with the version that each was sold', async () => {
  const [older = '', newer = ''] = clients;
  const plan = await call('POST', '/v1/plans', { ...payAsYouGoInput, publish: true });
  const planId = String(plan.body.id);
  const assign = (client: string) => call('POST', `/v1/customers/${client}/subscription`, { planId });
  expect(await assign(older)).toMatchObject({ status: 201 });
  await call('PATCH', `/v1/plans/${planId}`, { displayName: 'Second' });
  expect(await call('POST', `/v1/plans/${planId}/publish`)).toMatchObject({ status: 200, body: { version: 2 } });
  expect(await assign(newer)).toMatchObject({ status: 201 });

  const { body } = await call('GET', `/v1/plans/${planId}/subscribers`);
  expect(body).toMatchObject({
    data: [
      { customerId: newer, name: 'Paused 100%', version: 2, status: 'active' },
      { customerId: older, version: 1 },
    ],
    next: null,
    versions: [
      { version: 2, subscribers: 1, publishedAt: expect.any(String) },
      { version: 1, subscribers: 1 },
    ],
  });
  expect((await call('GET', `/v1/plans/${planId}/subscribers`, undefined, service.second.key)).status).toBe(404);
});
