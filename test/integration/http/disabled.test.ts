import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cards } from '../../../src/commands/sandbox-client.ts';
import { startTestService, type TestService } from '../../support/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const quote = (customerId: string, api = service.api) =>
  api.call('POST', '/v1/quotes', { body: { customerId, amount: { amount: '5.00', currency: 'USD' } } });
const portalOf = async (customerId: string) => {
  const { status, body } = await service.api.call('POST', `/v1/customers/${customerId}/portal-tokens`, { body: {} });
  expect(status).toBe(201);
  return service.api.as(textIn(body, 'token'));
};
const textIn = (body: unknown, field: string): string => {
  const value = typeof body === 'object' && body !== null ? Object.entries(body).find(([name]) => name === field) : [];
  return String(value?.[1]);
};

const refused = (status: number, code: string) => ({ status, body: { code } });

/** Everything about one client, as it stands while it or its agency is disabled, and after. */
async function clientOf(name: string) {
  const agency = await service.agency(name);
  const customerId = await service.customer(agency.api);
  return { agency, customerId, portal: await portalOf(customerId), opened: await service.startTopUp(customerId) };
}

test('a disabled agency sells nothing and lets nobody in; what was paid is credited; its data stays; it comes back whole', async () => {
  const { agency, customerId, portal, opened } = await clientOf('Closed');
  const path = `/v1/agencies/${agency.id}`;
  await service.api.call('PATCH', path, { body: { disabled: true } });

  expect(await agency.api.call('GET', '/v1/customers')).toMatchObject(refused(403, 'agency_disabled'));
  expect(await portal.call('GET', `/v1/customers/${customerId}`)).toMatchObject(refused(403, 'agency_disabled'));
  expect(await quote(customerId)).toMatchObject(refused(409, 'agency_disabled'));
  expect(await service.requestTopUp(customerId, '5.00')).toMatchObject(refused(409, 'agency_disabled'));
  const token = await service.api.call('POST', `/v1/customers/${customerId}/portal-tokens`, { body: {} });
  expect(token).toMatchObject(refused(409, 'agency_disabled'));

  await service.sandbox.pay(opened.sessionId, { card: cards.visa });
  await service.idle();
  expect(await service.balance(customerId)).toBe('5.00');
  expect((await service.order(opened.orderId)).status).toBe('paid');

  await service.api.call('PATCH', path, { body: { disabled: false } });
  expect((await agency.api.call('GET', `/v1/customers/${customerId}`)).status).toBe(200);
  expect((await portal.call('GET', `/v1/customers/${customerId}/balance`)).status).toBe(200);
  expect((await quote(customerId, portal)).status).toBe(201);
  const { body } = await service.api.call('GET', `/v1/audit?subject=${agency.id}`);
  expect(body).toMatchObject({
    data: [
      { action: 'agency.enabled', before: { disabled: true }, after: { disabled: false } },
      { action: 'agency.disabled' },
    ],
  });
});

test('a disabled client buys nothing and is not let in; its agency still reads it; what was paid is credited; it comes back whole', async () => {
  const { agency, customerId, portal, opened } = await clientOf('Open');
  const path = `/v1/customers/${customerId}`;
  await agency.api.call('PATCH', path, { body: { disabled: true } });

  expect(await portal.call('GET', path)).toMatchObject(refused(403, 'customer_disabled'));
  for (const api of [service.api, agency.api]) {
    expect(await quote(customerId, api)).toMatchObject(refused(409, 'customer_disabled'));
  }
  expect(await service.requestTopUp(customerId, '5.00')).toMatchObject(refused(409, 'customer_disabled'));
  expect((await agency.api.call('GET', `${path}/balance`)).status).toBe(200);

  await service.sandbox.pay(opened.sessionId, { card: cards.visa });
  await service.idle();
  expect(await service.balance(customerId)).toBe('5.00');

  await agency.api.call('PATCH', path, { body: { disabled: false } });
  expect((await portal.call('GET', path)).status).toBe(200);
  expect((await quote(customerId, portal)).status).toBe(201);
  const { body } = await agency.api.call('GET', `/v1/audit?subject=${customerId}`);
  expect(body).toMatchObject({ data: [{ action: 'customer.enabled' }, { action: 'customer.disabled' }] });
});

describe('a link that was sent before', () => {
  test('does not let in while the client is disabled, and does after', async () => {
    const { agency, customerId } = await clientOf('Links');
    const issued = await agency.api.call('POST', `/v1/customers/${customerId}/portal-tokens`, { body: {} });
    const code = new URL(textIn(issued.body, 'url')).searchParams.get('code');
    const exchange = () => service.api.call('POST', '/v1/portal-sessions', { body: { code } });
    await agency.api.call('PATCH', `/v1/customers/${customerId}`, { body: { disabled: true } });
    expect(await exchange()).toMatchObject(refused(403, 'customer_disabled'));
    await agency.api.call('PATCH', `/v1/customers/${customerId}`, { body: { disabled: false } });
    expect((await exchange()).status).toBe(201);
  });
});

test('a disabled agency buys nothing for itself either', async () => {
  const agency = await service.agency('Reseller');
  const { body } = await agency.api.call('GET', `/v1/agencies/${agency.id}`);
  const customerId = textIn(body, 'customerId');
  const portal = await portalOf(customerId);
  expect((await quote(customerId, portal)).status).toBe(201);
  await service.api.call('PATCH', `/v1/agencies/${agency.id}`, { body: { disabled: true } });
  expect(await portal.call('GET', `/v1/customers/${customerId}`)).toMatchObject(refused(403, 'agency_disabled'));
  expect(await quote(customerId)).toMatchObject(refused(409, 'agency_disabled'));
});
