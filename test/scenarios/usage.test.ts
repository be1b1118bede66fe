import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { created } from '../../src/commands/api-answers.ts';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { payAsYouGoInput } from '../unit/catalog/plans.ts';

let service: TestService;
let agencyId: string;
let agency: ApiClient;
let planId: string;

beforeAll(async () => {
  service = await startTestService();
  const made = await service.agency('Calling');
  agencyId = made.id;
  agency = made.api;
  const body = { ...payAsYouGoInput, recurring: [{ feature: 'concurrency', included: 2 }], publish: true };
  planId = (await agency.send('POST', '/v1/plans', created, { body })).id;
});

afterAll(() => service.stop());

const results = z.object({ data: z.array(z.object({ status: z.string(), code: z.string().nullable() })) });
const gateAnswer = z.object({
  allowed: z.boolean(),
  reason: z.string().nullable(),
  sessionId: z.string().nullable(),
  affordableQuantity: z.string().nullable(),
});

async function client(): Promise<string> {
  const customer = await service.customer(agency);
  await agency.send('POST', `/v1/customers/${customer}/subscription`, created, { body: { planId } });
  return customer;
}

const pay = (customer: string, amount: string) =>
  agency.call('POST', `/v1/customers/${customer}/adjustments`, {
    body: { kind: 'payment', amount: { amount, currency: 'USD' }, reason: 'bank transfer' },
    idempotencyKey: crypto.randomUUID(),
  });

const event = async (customerId: string, id: string, quantity: string, more: object = {}) => ({
  id,
  customerId,
  feature: 'call_minutes',
  quantity,
  occurredAt: (await service.sandbox.now()).toISOString(),
  ...more,
});

const start = (customerId: string, callId: string, estimate?: string) =>
  agency.send('POST', '/v1/gate/sessions', gateAnswer, {
    body: { customerId, feature: 'call_minutes', callId, ...(estimate === undefined ? {} : { estimate }) },
  });

test('a client calls, runs out of money, is paused, pays and goes on; nobody is cut off mid-sentence', async () => {
  const customer = await client();
  expect(await start(customer, 'first')).toMatchObject({ allowed: false, reason: 'insufficient_balance' });
  await pay(customer, '10.00');
  const call = await start(customer, 'first', '20');
  expect(call).toMatchObject({ allowed: true, affordableQuantity: '40' });
  expect(await agency.call('GET', `/v1/customers/${customer}/balance`)).toMatchObject({
    body: { balance: { amount: '10.00' }, held: { amount: '5.00' }, available: { amount: '5.00' }, status: 'active' },
  });
  const used = await event(customer, 'call 1', '44', { sessionId: call.sessionId });
  expect((await agency.send('POST', '/v1/usage', results, { body: used })).data).toMatchObject([
    { status: 'accepted' },
  ]);
  expect(await agency.call('GET', `/v1/customers/${customer}/balance`)).toMatchObject({
    body: { balance: { amount: '-1.00' }, status: 'paused' },
  });
  expect(await start(customer, 'second')).toMatchObject({ reason: 'service_paused' });
  expect(await agency.call('PATCH', `/v1/gate/sessions/${call.sessionId}`, { body: {} })).toMatchObject({
    status: 200,
  });
  await pay(customer, '1.00');
  expect(await start(customer, 'second')).toMatchObject({ reason: 'service_paused' });
  await pay(customer, '0.25');
  expect(await start(customer, 'second')).toMatchObject({ allowed: true, affordableQuantity: '1' });
  expect(await agency.call('DELETE', `/v1/gate/sessions/${call.sessionId}`)).toMatchObject({ status: 200 });
  const { body } = await agency.call('GET', `/v1/notices?customerId=${customer}`);
  expect(JSON.stringify(body)).toContain('service_paused');
});

test('each event of a request has its own answer, and the rest is recorded', async () => {
  const customer = await client();
  const good = await event(customer, 'good', '2');
  const body = [
    good,
    good,
    { ...good, id: 'feature', feature: 'teleports' },
    { ...good, id: 'client', customerId: 'cus_nobody' },
    { ...good, id: 'negative', quantity: '-2' },
    { ...good, id: 'future', occurredAt: '2099-01-01T00:00:00Z' },
    { ...good, id: 'before', occurredAt: '2001-01-01T00:00:00Z' },
    { ...good, quantity: '3' },
    'not an event',
  ];
  const { data } = await agency.send('POST', '/v1/usage', results, { body });
  expect(data.map(({ status, code }) => code ?? status)).toEqual([
    'accepted',
    'duplicate',
    'unknown_feature',
    'unknown_customer',
    'negative_quantity',
    'occurred_in_future',
    'before_customer',
    'event_id_conflict',
    'invalid_event',
  ]);
  const many = await agency.call('POST', '/v1/usage', { body: Array.from({ length: 1_001 }, () => good) });
  expect(many).toMatchObject({ status: 422, body: { code: 'too_many_events' } });
});

test('CloudEvents are taken in their own content type', async () => {
  const customer = await client();
  const { occurredAt } = await event(customer, '', '1');
  const cloud = { specversion: '1.0', id: '1', source: '/switch', type: 'call_minutes', subject: customer };
  const text = JSON.stringify([{ ...cloud, time: occurredAt, data: { quantity: '1.5' } }]);
  const headers = { 'content-type': 'application/cloudevents-batch+json' };
  expect(await agency.call('POST', '/v1/usage', { text, headers })).toMatchObject({
    status: 200,
    body: { data: [{ id: '1', status: 'accepted' }] },
  });
  expect(await agency.call('GET', `/v1/customers/${customer}/usage`)).toMatchObject({
    status: 200,
    body: { data: [{ feature: 'call_minutes', used: '1.5', overage: '1.5', cost: { amount: '0.375' } }] },
  });
});

test('the agency’s report is a table too', async () => {
  const customer = await client();
  await agency.send('POST', '/v1/usage', results, { body: await event(customer, 'reported', '4') });
  const path = `/v1/agencies/${agencyId}/usage-report?format=csv`;
  const { text } = await agency.call('GET', path);
  const [header, ...rows] = text.trim().split('\r\n');
  expect(header).toBe(
    'customer,name,externalId,feature,periodStart,periodEnd,plan,version,used,included,free,addOn,overage,cost,tax,drawn,invoiced,owed,currency',
  );
  expect(rows.find((row) => row.startsWith(customer))).toMatch(
    /,call_minutes,.*,1,4,0,0,0,4,1.00,0.00,1.00,0.00,0.00,USD$/,
  );
});
