import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { startTestService, type TestService } from '../support/service.ts';
import type { CardClient } from './card-world.ts';
import { subscriptionWorld } from './subscription-world.ts';

let service: TestService;
let world: ReturnType<typeof subscriptionWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = subscriptionWorld(service);
});

afterAll(() => service.stop());

const plan = {
  name: 'metered',
  displayName: 'Metered',
  type: 'usage_based',
  pricingModel: 'fixed',
  cycles: { monthly: '20.00' },
  currency: 'USD',
  usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' }],
};

const metered = z.object({
  data: z.array(
    z.object({
      customerId: z.string(),
      counts: z.string(),
      target: z.string(),
      delivered: z.string(),
      waiting: z.string(),
      refused: z.string(),
      unbillable: z.string(),
      credited: z.string(),
      periodStart: z.string(),
      differences: z.array(z.object({ day: z.string(), sent: z.string(), counted: z.string(), resent: z.boolean() })),
    }),
  ),
});

const use = async (client: CardClient, id: string, quantity: string, more: object = {}) => {
  const { body } = await client.agency.call('POST', '/v1/usage', {
    body: {
      id: `${client.id} ${id}`,
      customerId: client.id,
      feature: 'call_minutes',
      quantity,
      occurredAt: (await service.sandbox.now()).toISOString(),
      ...more,
    },
  });
  return body;
};

const lines = async ({ agency, agencyId, id }: CardClient, query = '') => {
  const { data } = await agency.get(`/v1/agencies/${agencyId}/usage/meters${query}`, metered);
  return data.filter(({ customerId }) => customerId === id);
};

/** The latest invoice of the client's subscription at the provider: its total in baisa, and what its lines ask. */
async function latestInvoice(client: CardClient) {
  const stripe = world.stripe();
  const { data } = await stripe.subscriptions.list({ limit: 100 });
  const subscription = data.find(({ metadata }) => metadata.baisa_customer === client.id);
  if (!subscription) throw new Error('the client has no subscription at the provider');
  const [invoice] = (await stripe.invoices.list({ subscription: subscription.id, limit: 1 })).data;
  if (!invoice) throw new Error('the subscription has no invoice');
  return {
    reason: invoice.billing_reason,
    status: invoice.status,
    total: invoice.total,
    asked: invoice.lines.data.map(({ amount, quantity }) => ({ amount, quantity })),
  };
}

async function subscriber(name: string): Promise<CardClient> {
  const client = await world.client(name);
  const planId = await world.plan(client, plan);
  await world.subscribe(client, { planId, cycle: 'monthly' });
  return client;
}

test('a month of calls: what goes beyond the included minutes is on the invoice at the period’s end, and paid', async () => {
  const client = await subscriber('Metered');
  await use(client, '1', '90');
  await service.sandbox.advanceClock('2d');
  expect(await lines(client)).toEqual([]);
  await use(client, '2', '30');
  await service.sandbox.advanceClock('1d');
  // 20 minutes of 0.20 USD are 4.00 USD, 1.540 OMR, 154 steps.
  expect(await lines(client)).toMatchObject([{ counts: 'steps', target: '154', delivered: '154', waiting: '0' }]);
  await use(client, '3', '30');
  await use(client, '3', '30');
  await service.sandbox.advanceClock('30d');
  expect(await latestInvoice(client)).toEqual({
    reason: 'subscription_cycle',
    status: 'paid',
    total: 11_550,
    asked: expect.arrayContaining([
      { amount: 3_850, quantity: 385 },
      { amount: 7_700, quantity: 1 },
    ]),
  });
});
