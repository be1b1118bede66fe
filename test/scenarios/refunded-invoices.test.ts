import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { startTestService, type TestService } from '../support/service.ts';
import { reversalWorld } from './reversal-world.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

let service: TestService;
let world: ReturnType<typeof reversalWorld>;
let subscriptions: ReturnType<typeof subscriptionWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = reversalWorld(service);
  subscriptions = subscriptionWorld(service);
});
afterAll(async () => {
  await world.close();
  await service.stop();
});

const tax = { name: 'GST', percent: '5', inclusive: false };
const page = z.object({
  data: z.array(z.object({ id: z.string(), kind: z.string(), orderId: z.string().nullable() })),
});

/** A client with one paid month of Starter: 8.090 OMR, of which 0.385 are tax. */
async function subscriber() {
  const client = await subscriptions.client('Invoiced');
  const planId = await subscriptions.plan(client, { ...plans.starter, name: 'taxed', tax });
  await subscriptions.subscribe(client, { planId, cycle: 'monthly' });
  await service.sandbox.advanceClock('2s');
  const { data } = await client.agency.get(`/v1/customers/${client.id}/transactions?kind=invoice`, page);
  const orderId = data[0]?.orderId ?? '';
  const intents = await world.stripe().paymentIntents.list({ limit: 1 });
  return { client, customerId: client.id, orderId, paymentId: intents.data[0]?.id ?? '' };
}

const sold = { 'subscription_revenue OMR': '-7.705', 'tax_payable OMR': '-0.385' };

it('an invoice is refunded in the currency that was charged: revenue and its tax, in parts and in whole', async () => {
  const paid = await subscriber();
  expect(await world.books(paid.customerId)).toMatchObject(sold);
  expect(await world.ask(paid.orderId, '1.00')).toMatchObject({ status: 422, body: { code: 'refund_currency' } });
  expect(await world.ask(paid.orderId, '1.005', { currency: 'OMR' })).toMatchObject({
    status: 422,
    body: { code: 'not_chargeable' },
  });
  expect(await world.ask(paid.orderId, '4.04', { currency: 'OMR' })).toMatchObject({ status: 202 });
  await service.idle();
  expect(await world.order(paid.orderId)).toMatchObject({
    status: 'partially_refunded',
    amountRefunded: '4.040 OMR',
  });
  await service.sandbox.refundInDashboard(paid.paymentId);
  await service.idle();
  expect(await world.order(paid.orderId)).toMatchObject({ status: 'refunded', amountRefunded: '8.090 OMR' });
  const books = await world.books(paid.customerId);
  for (const account of Object.keys(sold)) expect(books).not.toHaveProperty(account);
  expect(await service.balance(paid.customerId)).toBe('0.00');
  await world.expectBooksOfProvider();
});

it('an invoice that is charged back stands: the loss is the seller’s, until it is won', async () => {
  const paid = await subscriber();
  const { id } = await service.sandbox.dispute(paid.paymentId, { kind: 'chargeback' });
  await service.idle();
  expect(await world.books(paid.customerId)).toMatchObject({ ...sold, 'dispute_losses OMR': '8.09' });
  await service.sandbox.moveDispute(id, 'win');
  await service.idle();
  const books = await world.books(paid.customerId);
  expect(books).toMatchObject(sold);
  expect(books).not.toHaveProperty('dispute_losses OMR');
  await world.expectBooksOfProvider();
});

it('a renewal’s refund that is heard of before its invoice is tried again until that is known', async () => {
  const paid = await subscriber();
  await world.forget();
  await world.lost(
    async () => {
      await service.sandbox.advanceClock('32d');
      const intents = await world.stripe().paymentIntents.list({ limit: 1 });
      await service.sandbox.refundInDashboard(intents.data[0]?.id ?? '');
    },
    (events) => events.toReversed(),
  );
  await service.sandbox.advanceClock('1h');
  const { data } = await paid.client.agency.get(`/v1/customers/${paid.customerId}/transactions`, page);
  expect(data.map(({ kind }) => kind).toSorted()).toEqual(['invoice', 'invoice', 'refund']);
  expect(await world.books(paid.customerId)).toMatchObject(sold);
  await world.expectBooksOfProvider();
});
