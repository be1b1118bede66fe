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

/** What the meters were told of the client's periods that began in a month: that of its present one, unless given. */
const lines = async (client: CardClient, { differing = false, periodStart = '' } = {}) => {
  const began = periodStart || ((await world.subscription(client)).periodStart ?? '');
  const query = `period=${began.slice(0, 7)}&differing=${differing}`;
  const { data } = await client.agency.get(`/v1/agencies/${client.agencyId}/usage/meters?${query}`, metered);
  return data.filter(({ customerId }) => customerId === client.id);
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

test('what is used in the last hour of a period is on its invoice; what comes after is on the next', async () => {
  const client = await subscriber('Late');
  const periodEnd = new Date((await world.subscription(client)).periodEnd ?? '');
  await use(client, '1', '110');
  await service.sandbox.moveClock(new Date(periodEnd.getTime() - 30 * 60_000));
  await use(client, '2', '10');
  await service.sandbox.moveClock(new Date(periodEnd.getTime() + 60_000));
  const late = new Date(periodEnd.getTime() - 60_000).toISOString();
  await use(client, '3', '10', { occurredAt: late });
  await service.sandbox.advanceClock('3h');
  // 20 minutes; and of the late ones nothing.
  expect(await latestInvoice(client)).toMatchObject({ status: 'paid', total: 7_700 + 1_540 });
  await service.sandbox.advanceClock('32d');
  expect(await latestInvoice(client)).toMatchObject({ status: 'paid', total: 7_700 + 770 });
});

test('lost calls, lost answers and doubled events change nothing of the invoice', async () => {
  const client = await subscriber('Lost');
  const route = '/v1/billing/meter_events';
  await use(client, '1', '120');
  await service.sandbox.setFaults({ duplicateDeliveries: 1, api: { cut: 'after', route, times: 3 } });
  await service.sandbox.advanceClock('1d');
  await use(client, '2', '10');
  await use(client, '2', '10');
  await service.sandbox.setFaults({ api: { cut: 'before', route, times: 9 } });
  await service.sandbox.advanceClock('1d');
  await use(client, '3', '5');
  await service.sandbox.setFaults({ api: { status: 500, storeResult: true, route, times: 4 } });
  await service.sandbox.advanceClock('1d');
  await use(client, '4', '15');
  await service.sandbox.setFaults({ api: { status: 429, route, times: 2 } });
  await service.sandbox.advanceClock('1d');
  await service.sandbox.setFaults({});
  await service.sandbox.advanceClock('2d');
  // 50 minutes are 10.00 USD, 3.850 OMR.
  expect(await lines(client)).toMatchObject([{ target: '385', delivered: '385', waiting: '0', differences: [] }]);
  await service.sandbox.advanceClock('28d');
  expect(await latestInvoice(client)).toMatchObject({ status: 'paid', total: 11_550 });
});

test('a correction within a day takes the event back; a later one is given back once the period is settled', async () => {
  const client = await subscriber('Corrected');
  await use(client, '1', '120');
  await service.sandbox.advanceClock('2h');
  expect(await lines(client)).toMatchObject([{ delivered: '154' }]);
  await use(client, 'back 1', '-10', { reverses: `${client.id} 1` });
  await service.sandbox.advanceClock('2h');
  expect(await lines(client)).toMatchObject([{ target: '77', delivered: '77', waiting: '0' }]);

  await service.sandbox.advanceClock('3d');
  await use(client, 'back 2', '-5', { reverses: `${client.id} 1` });
  await service.sandbox.advanceClock('3h');
  // 38.5 steps, half up; too late to be taken back.
  expect(await lines(client)).toMatchObject([{ target: '39', delivered: '77', credited: '0' }]);
  expect(await service.balance(client.id)).toBe('0.00');
  const [{ periodStart } = { periodStart: '' }] = await lines(client);
  await service.sandbox.advanceClock('36d');
  expect(await lines(client, { periodStart })).toMatchObject([{ target: '39', delivered: '77', credited: '38' }]);
  // 0.380 OMR at 0.385 per USD.
  expect(await service.balance(client.id)).toBe('0.987013');
});

test('what the provider refuses is told by its report, waits a day, and is made again', async () => {
  const client = await subscriber('Refused');
  const stripe = world.stripe();
  const { data } = await stripe.billing.meters.list({ limit: 100 });
  const meter = data.find(({ event_name }) => event_name.includes(client.agencyId));
  if (!meter) throw new Error('the agency has no meter');
  await stripe.billing.meters.deactivate(meter.id);
  await use(client, '1', '120');
  await service.sandbox.advanceClock('2h');
  await service.sandbox.advanceClock('5m');
  expect(await lines(client)).toMatchObject([{ target: '154', delivered: '0', refused: '154' }]);
  expect(await service.metric('baisa_alerts_open', { kind: 'usage_refused' })).toBe(1);
  await stripe.billing.meters.reactivate(meter.id);
  await service.sandbox.advanceClock('2d');
  expect(await lines(client)).toMatchObject([{ target: '154', delivered: '154', refused: '154', differences: [] }]);
  await service.sandbox.advanceClock('30d');
  expect(await latestInvoice(client)).toMatchObject({ status: 'paid', total: 7_700 + 1_540 });
});

test('what the provider counted otherwise is listed by day, and no longer once it agrees', async () => {
  const client = await subscriber('Compared');
  const stripe = world.stripe();
  await use(client, '1', '120');
  await service.sandbox.advanceClock('2d');
  expect(await lines(client, { differing: true })).toEqual([]);
  const customer = (await stripe.subscriptions.list({ limit: 100 })).data.find(
    ({ metadata }) => metadata.baisa_customer === client.id,
  )?.customer;
  const meter = (await stripe.billing.meters.list({ limit: 100 })).data.find(({ event_name }) =>
    event_name.includes(client.agencyId),
  );
  const foreign = { event_name: meter?.event_name ?? '', identifier: 'somebody else' };
  await stripe.billing.meterEvents.create({
    ...foreign,
    payload: { stripe_customer_id: String(customer), value: '3' },
  });
  const day = (await service.sandbox.now()).toISOString().slice(0, 10);
  await service.sandbox.moveClock(new Date(new Date(day).getTime() + 86_400_000 + 3_600_000));
  expect(await lines(client, { differing: true })).toMatchObject([
    { differences: [{ day, sent: '0', counted: '3', resent: false }] },
  ]);
  await stripe.billing.meterEventAdjustments.create({
    event_name: foreign.event_name,
    type: 'cancel',
    cancel: { identifier: foreign.identifier },
  });
  await service.sandbox.advanceClock('1d');
  expect(await lines(client, { differing: true })).toEqual([]);
});
