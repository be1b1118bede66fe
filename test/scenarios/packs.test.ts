import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { created, sessionAnswer } from '../../src/commands/api-answers.ts';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { cards, providerSessionOf } from '../../src/commands/sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { payAsYouGoInput } from '../unit/catalog/plans.ts';

/** A client that runs out of minutes in the middle of a month, and buys five hundred more. */

let service: TestService;
let agency: { readonly id: string; readonly api: ApiClient };
let planId: string;
const tax = { name: 'GST', percent: '5', inclusive: true };

beforeAll(async () => {
  service = await startTestService();
  agency = await service.agency('Packs');
  planId = await publish('payg', {});
});
afterEach(() => service.sandbox.setFaults({}));
afterAll(() => service.stop());

async function publish(name: string, change: object): Promise<string> {
  const packs = [{ feature: 'call_minutes', quantity: '500', price: '45.00', validDays: 90 }];
  const body = { ...payAsYouGoInput, name, displayName: 'Pay as you go', tax, packs, publish: true, ...change };
  return (await agency.api.send('POST', '/v1/plans', created, { body })).id;
}

async function subscriber(): Promise<string> {
  const client = await service.customer(agency.api);
  await agency.api.send('POST', `/v1/customers/${client}/subscription`, created, { body: { planId } });
  return client;
}

const money = z.object({ amount: z.string(), currency: z.string() });
const packs = z.object({ data: z.array(z.object({ packId: z.string(), listPrice: money, charged: money })) });
const packOf = async (client: string) => {
  const { data } = await agency.api.get(`/v1/customers/${client}/packs`, packs);
  const [pack] = data;
  if (!pack) throw new Error('there is no pack for sale');
  return pack;
};

let requests = 0;
const request = (client: string, more: object, idempotencyKey = `pack ${requests++}`) =>
  agency.api.call('POST', '/v1/checkout-sessions', {
    idempotencyKey,
    body: { customerId: client, kind: 'pack', ...more },
  });
const start = async (client: string) => {
  const answer = await request(client, { packId: (await packOf(client)).packId });
  expect(answer.status, answer.text).toBe(201);
  const { orderId, url } = sessionAnswer.parse(answer.body);
  return { orderId, sessionId: providerSessionOf(url) };
};

const licences = async (client: string): Promise<readonly string[]> => {
  const list = z.object({
    data: z.array(
      z.object({ status: z.string(), remaining: z.string(), daysRemaining: z.number(), source: z.string() }),
    ),
  });
  const { data } = await agency.api.get(`/v1/customers/${client}/licences`, list);
  return data.map(
    ({ status, remaining, daysRemaining, source }) => `${source} ${status} ${remaining} ${daysRemaining}`,
  );
};
const notices = async (client: string): Promise<readonly string[]> => {
  const list = z.object({ data: z.array(z.object({ kind: z.string(), subject: z.string() })) });
  return (await agency.api.get(`/v1/notices?customerId=${client}`, list)).data.map(({ kind }) => kind);
};
const order = z.object({
  kind: z.string(),
  status: z.string(),
  charged: money,
  credited: money,
  pack: z.object({ quantity: z.string() }),
});
const totals = z.object({ totals: z.array(z.object({ gross: money, tax: money, platformShare: money })) });
const revenue = async ({ id, api } = agency) => {
  const answer = await api.get(`/v1/agencies/${id}/revenue?from=2020-01-01&currency=OMR`, totals);
  return answer.totals.map(({ gross, tax: part, platformShare }) => [gross.amount, part.amount, platformShare.amount]);
};

describe.each([
  ['told once', {}],
  ['told twice', { duplicateDeliveries: 2 }],
  ['told in reverse', { reorderDeliveries: true }],
])('a pack whose payment is %s', (_how, faults) => {
  it('is charged in the account’s currency and becomes one licence, and no balance grows', async () => {
    const client = await subscriber();
    // 45.00 USD are 17.325 OMR, rounded to 17.330.
    expect(await packOf(client)).toMatchObject({ charged: { amount: '17.330', currency: 'OMR' } });
    const { orderId, sessionId } = await start(client);
    expect(await licences(client)).toEqual([]);
    await service.sandbox.setFaults(faults);
    await service.sandbox.pay(sessionId, { card: cards.visa });
    await service.idle();
    await service.sandbox.setFaults({});
    await service.sandbox.advanceClock('5s');
    await service.idle();
    expect(await licences(client)).toEqual(['pack active 500 90']);
    expect(await service.balance(client)).toBe('0.00');
    expect(await agency.api.get(`/v1/orders/${orderId}`, order)).toMatchObject({
      kind: 'pack',
      status: 'paid',
      charged: { amount: '17.330', currency: 'OMR' },
      credited: { amount: '0.00', currency: 'USD' },
      pack: { quantity: '500' },
    });
    expect(await notices(client)).toEqual(['pack_receipt']);
    await service.sandbox.advanceClock('90d');
    expect(await licences(client)).toEqual(['pack expired 500 0']);
  });
});

it('the tax in its price is owed with the payment, and the report counts both', async () => {
  // Three packs of 17.330 OMR, of which 5 % tax are 0.825.
  expect(await revenue()).toEqual([['51.990', '2.475', '0.000']]);
});

it('of a resold plan is shared as a top-up is: the platform’s part of what is net of tax', async () => {
  const reseller = await service.agency('Reseller');
  const shared = {
    ...{ ...payAsYouGoInput, name: 'resold', displayName: 'Resold', tax, publish: true },
    ...{ type: 'revenue_sharing', revenueShare: { agencyPercent: '70' } },
    packs: [{ feature: 'call_minutes', quantity: '500', price: '45.00' }],
  };
  const resold = await service.api.send('POST', '/v1/plans', created, { body: shared });
  await service.api.send('PUT', `/v1/agencies/${reseller.id}/offers`, z.unknown(), { body: { planIds: [resold.id] } });
  const client = await service.customer(reseller.api);
  await reseller.api.send('POST', `/v1/customers/${client}/subscription`, created, { body: { planId: resold.id } });
  const body = { customerId: client, kind: 'pack', packId: `${resold.id}:1:0` };
  const { url } = await reseller.api.send('POST', '/v1/checkout-sessions', sessionAnswer, {
    idempotencyKey: 'resold',
    body,
  });
  await service.sandbox.pay(providerSessionOf(url), { card: cards.visa });
  await service.idle();
  // 30 % of 16.505 OMR, rounded to what can be charged.
  expect(await revenue(reseller)).toEqual([['17.330', '0.825', '4.950']]);
});

it('the same request is one session, and one that is declined may be paid with another card', async () => {
  const client = await subscriber();
  const { packId } = await packOf(client);
  const [first, again] = [await request(client, { packId }, 'one pack'), await request(client, { packId }, 'one pack')];
  expect(again.body).toEqual(first.body);
  const { url } = sessionAnswer.parse(first.body);
  await service.sandbox.pay(providerSessionOf(url), { card: cards.declined });
  await service.idle();
  expect(await licences(client)).toEqual([]);
  await service.sandbox.pay(providerSessionOf(url), { card: cards.visa });
  await service.idle();
  expect(await licences(client)).toEqual(['pack active 500 90']);
});

it('bought twice stands twice', async () => {
  const client = await subscriber();
  for (const { sessionId } of [await start(client), await start(client)]) {
    await service.sandbox.pay(sessionId, { card: cards.visa });
    await service.idle();
  }
  expect(await licences(client)).toEqual(['pack active 500 90', 'pack active 500 90']);
});

it('a price that is published while a client is on the page changes nothing that it pays', async () => {
  const client = await subscriber();
  const { orderId, sessionId } = await start(client);
  const { packId } = await packOf(client);
  const dearer = [{ feature: 'call_minutes', quantity: '400', price: '60.00', validDays: 30 }];
  await agency.api.send('PATCH', `/v1/plans/${planId}`, z.unknown(), { body: { packs: dearer } });
  await agency.api.send('POST', `/v1/plans/${planId}/publish`, z.unknown());
  await service.idle();
  await service.sandbox.pay(sessionId, { card: cards.visa });
  await service.idle();
  expect(await agency.api.get(`/v1/orders/${orderId}`, order)).toMatchObject({
    status: 'paid',
    charged: { amount: '17.330' },
  });
  // The client stays on its version, whose pack keeps its id; who subscribes now gets the other.
  expect((await packOf(client)).packId).toBe(packId);
  expect((await packOf(await subscriber())).packId).toBe(`${planId}:2:0`);
});

it('a pack that is not of the client’s plan, none, and one with an amount are refused', async () => {
  const client = await subscriber();
  const { packId } = await packOf(client);
  const without = await service.customer(agency.api);
  expect((await agency.api.get(`/v1/customers/${without}/packs`, packs)).data).toEqual([]);
  const refused = async (customer: string, more: object) => {
    const { status, body } = await request(customer, more);
    return [status, z.object({ code: z.string() }).parse(body).code];
  };
  expect(await refused(without, { packId })).toEqual([404, 'pack_not_for_sale']);
  expect(await refused(client, { packId: `${planId}:1:0` })).toEqual([404, 'pack_not_for_sale']);
  expect(await refused(client, { packId: `${planId}:2:7` })).toEqual([404, 'pack_not_for_sale']);
  expect(await refused(client, {})).toEqual([422, 'pack_id']);
  expect(await refused(client, { packId, amount: { amount: '5.00', currency: 'USD' } })).toEqual([
    422,
    'amount_of_pack',
  ]);
});
