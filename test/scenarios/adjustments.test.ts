import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { startTestService, type TestService } from '../support/service.ts';

let service: TestService;
let agency: ApiClient;

beforeAll(async () => {
  service = await startTestService();
  agency = (await service.agency('Adjusting')).api;
});

afterAll(() => service.stop());

const usd = (amount: string) => ({ amount, currency: 'USD' });

const adjust = (customerId: string, body: object, idempotencyKey: string = crypto.randomUUID()) =>
  agency.call('POST', `/v1/customers/${customerId}/adjustments`, { body, idempotencyKey });

test('a payment made outside is credited once per reference, however often it is entered', async () => {
  const customer = await service.customer(agency);
  const payment = { kind: 'payment', amount: usd('40.00'), reason: 'bank transfer', externalReference: 'TT-1' };
  for (let entered = 0; entered < 3; entered += 1) {
    expect(await adjust(customer, payment)).toMatchObject({ status: 201, body: { balance: usd('40.00') } });
  }
  expect(await adjust(customer, { ...payment, amount: usd('41.00') })).toMatchObject({
    status: 409,
    body: { code: 'reference_conflict' },
  });
});

test('a correction goes either way, with its reason on the statement, and may leave the balance below zero', async () => {
  const customer = await service.customer(agency);
  await adjust(customer, { kind: 'correction', amount: usd('5.00'), reason: 'goodwill' });
  const answer = await adjust(customer, { kind: 'correction', amount: usd('-7.50'), reason: 'entered twice' });
  expect(answer).toMatchObject({ status: 201, body: { balance: usd('-2.50') } });
  expect(await agency.call('GET', `/v1/customers/${customer}/balance`)).toMatchObject({ body: { status: 'paused' } });
});

test.each([
  ['a payment below zero', { kind: 'payment', amount: usd('-1.00') }, 'amount_not_positive'],
  ['nothing', { kind: 'correction', amount: usd('0.00') }, 'amount_not_positive'],
  ['a fraction of a cent', { kind: 'correction', amount: usd('0.001') }, 'too_many_decimals'],
  ['rials', { kind: 'payment', amount: { amount: '1.000', currency: 'OMR' } }, 'balance_currency'],
])('%s is refused', async (_name, body, code) => {
  const customer = await service.customer(agency);
  expect(await adjust(customer, { ...body, reason: 'test' })).toMatchObject({ status: 422, body: { code } });
});

test('another agency’s client cannot be adjusted', async () => {
  const other = await service.agency('Another');
  const customer = await service.customer(other.api);
  const body = { kind: 'correction', amount: usd('1.00'), reason: 'test' };
  expect((await adjust(customer, body)).status).toBe(404);
});
