import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { sessionAnswer } from '../../src/commands/api-answers.ts';
import { cards } from '../../src/commands/sandbox-client.ts';
import {
  createWhopSandboxClient,
  type WhopSandboxClient,
  whopCheckoutOf,
} from '../../src/commands/whop-sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import type { CardClient } from './card-world.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

/** What happens at Whop while nobody hears it: its deliveries stop after about a minute, and the service asks. */
let service: TestService;
let world: ReturnType<typeof subscriptionWorld>;
let whop: WhopSandboxClient;

beforeAll(async () => {
  service = await startTestService();
  world = subscriptionWorld(service);
  whop = createWhopSandboxClient(service.sandbox.url);
});
afterEach(() => whop.setFaults({}));
afterAll(() => service.stop());

const found = (): Promise<number> => service.metric('baisa_unheard_total', { provider: 'whop', outcome: 'applied' });

/** Whop does something, and none of its deliveries arrives. */
async function unheard(happens: () => Promise<unknown>): Promise<void> {
  await whop.setFaults({ dropDeliveries: true });
  await happens();
  await whop.setFaults({});
  await service.idle();
}

async function topUpAddress({ id, agency }: CardClient): Promise<{ orderId: string; checkoutId: string }> {
  const { orderId, url } = await agency.send('POST', '/v1/checkout-sessions', sessionAnswer, {
    idempotencyKey: `top-up of ${id}`,
    body: { customerId: id, kind: 'top_up', provider: 'whop', amount: { amount: '5.00', currency: 'USD' } },
  });
  return { orderId, checkoutId: whopCheckoutOf(url) };
}

async function planAddress(client: CardClient): Promise<string> {
  const planId = await world.plan(client, plans.starter);
  const { body } = await world.request(client, { planId, cycle: 'monthly', provider: 'whop' });
  return whopCheckoutOf(z.object({ url: z.string() }).parse(body).url);
}

it('a top-up that no event told of is credited once, and counted', async () => {
  const client = await world.client('Deaf');
  const { orderId, checkoutId } = await topUpAddress(client);
  const before = await found();
  await unheard(() => whop.pay(checkoutId, { card: cards.visa }));
  expect(await service.balance(client.id)).toBe('0.00');
  await service.sandbox.advanceClock('5m');
  expect(await service.balance(client.id)).toBe('5.00');
  expect((await service.order(orderId)).status).toBe('paid');
  await service.sandbox.advanceClock('5m');
  expect(await service.balance(client.id)).toBe('5.00');
  expect((await found()) - before).toBe(1);
});

it('a refund and a dispute that no event told of are booked once, and counted', async () => {
  const [refunded, disputed] = [await world.client('Refunded'), await world.client('Disputed')];
  const payments: string[] = [];
  for (const client of [refunded, disputed]) {
    const { paymentId } = await whop.pay((await topUpAddress(client)).checkoutId, { card: cards.visa });
    payments.push(paymentId ?? 'none');
  }
  await service.idle();
  const before = await found();
  await unheard(async () => {
    await whop.refundInDashboard(payments[0] ?? 'none', { amount: 2 });
    await whop.dispute(payments[1] ?? 'none', { kind: 'chargeback' });
  });
  for (const _round of [1, 2]) {
    await service.sandbox.advanceClock('5m');
    expect([await service.balance(refunded.id), await service.balance(disputed.id)]).toEqual(['3.00', '0.00']);
    expect((await found()) - before).toBe(2);
  }
});

it('a top-up that its event told of is not counted as found', async () => {
  const client = await world.client('Heard');
  const { checkoutId } = await topUpAddress(client);
  const before = await found();
  await whop.pay(checkoutId, { card: cards.visa });
  await service.idle();
  await service.sandbox.advanceClock('5m');
  expect(await service.balance(client.id)).toBe('5.00');
  expect(await found()).toBe(before);
});

it('a payment on a company of an agency’s own is found by that company’s key', async () => {
  const agency = await service.agency('Own');
  const { apiKey } = await whop.company('Own');
  const connected = await agency.api.call('POST', `/v1/agencies/${agency.id}/merchant-accounts`, {
    body: { provider: 'whop', credentials: { apiKey } },
  });
  expect(connected.status).toBe(201);
  const client = { id: await service.customer(agency.api), agency: agency.api, agencyId: agency.id };
  const { checkoutId } = await topUpAddress(client);
  await unheard(() => whop.pay(checkoutId, { card: cards.visa }));
  await service.sandbox.advanceClock('5m');
  expect(await service.balance(client.id)).toBe('5.00');
});

it('a subscription, its renewal and its end are found, too', async () => {
  const client = await world.client('Silent');
  const checkoutId = await planAddress(client);
  await unheard(() => whop.pay(checkoutId, { card: cards.visa }));
  expect((await client.agency.call('GET', `/v1/customers/${client.id}/subscription`)).status).toBe(404);
  await service.sandbox.advanceClock('5m');
  const { periodEnd } = await world.subscription(client);
  await unheard(() => service.sandbox.advanceClock('31d'));
  await service.sandbox.advanceClock('5m');
  const renewed = await world.subscription(client);
  expect(renewed).toMatchObject({ status: 'active' });
  expect((renewed.periodEnd ?? '') > (periodEnd ?? '')).toBe(true);
  await world.post(client, 'cancel');
  await service.idle();
  await unheard(() => service.sandbox.advanceClock('31d'));
  await service.sandbox.advanceClock('5m');
  expect((await world.subscription(client)).status).toBe('canceled');
});

it('what could not be asked is asked again, from where it stood', async () => {
  const client = await world.client('Away');
  const { checkoutId } = await topUpAddress(client);
  await unheard(() => whop.pay(checkoutId, { card: cards.visa }));
  await whop.setFaults({ api: { status: 500, method: 'GET', route: '/payments' } });
  await service.sandbox.advanceClock('5m');
  expect(await service.balance(client.id)).toBe('0.00');
  await whop.setFaults({});
  await service.sandbox.advanceClock('5m');
  expect(await service.balance(client.id)).toBe('5.00');
});
