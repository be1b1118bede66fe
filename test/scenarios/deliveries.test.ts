import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cards } from '../../src/commands/sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { eventOf, eventsOf, withLostDeliveries } from './provider-events.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});
afterEach(() => service.sandbox.setFaults({}));
afterAll(() => service.stop());

const newCustomer = async (): Promise<string> => service.customer((await service.agency('Deliveries')).api);

async function expectOneCredit(customerId: string, orderId: string): Promise<void> {
  await service.idle();
  expect((await service.order(orderId)).status).toBe('paid');
  expect(await service.balance(customerId)).toBe('5.00');
  expect((await service.ledger(customerId)).map(({ code, balanceAfter }) => [code, balanceAfter.toString()])).toEqual([
    ['topup.settle', '5.00 USD'],
  ]);
}

/** Every order of the items. */
function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
  );
}

describe('a top-up is credited once', () => {
  it('when its deliveries come as they should', async () => {
    const customer = await newCustomer();
    const { orderId, sessionId } = await service.startTopUp(customer);
    await service.sandbox.pay(sessionId, { card: cards.visa });
    await expectOneCredit(customer, orderId);
  });

  it('when each event is delivered four times', async () => {
    await service.sandbox.setFaults({ duplicateDeliveries: 3 });
    const customer = await newCustomer();
    const { orderId, sessionId } = await service.startTopUp(customer);
    await service.sandbox.pay(sessionId, { card: cards.visa });
    await expectOneCredit(customer, orderId);
    const paid = await eventOf(service, orderId, 'payment_intent.succeeded');
    const copies = (await service.sandbox.deliveries()).data.filter(({ eventId }) => eventId === paid.id);
    expect(copies.map(({ status }) => status)).toEqual(Array(4).fill('delivered'));
  });

  it('when its deliveries are late and out of order', async () => {
    await service.sandbox.setFaults({ delayDeliveriesMs: 7_200_000, reorderDeliveries: true, seed: 7 });
    const customer = await newCustomer();
    const { orderId, sessionId } = await service.startTopUp(customer);
    await service.sandbox.pay(sessionId, { card: cards.visa });
    await service.idle();
    expect(await service.balance(customer)).toBe('0.00');
    await service.sandbox.advanceClock('3h');
    await expectOneCredit(customer, orderId);
  });

  it.each(permutations(['payment_intent.payment_failed', 'payment_intent.succeeded', 'checkout.session.completed']))(
    'when its events come as %s, %s, %s, each of them twice',
    async (...order) => {
      const customer = await newCustomer();
      const { orderId, sessionId } = await service.startTopUp(customer);
      await withLostDeliveries(service, async () => {
        await service.sandbox.pay(sessionId, { card: cards.declined });
        await service.sandbox.pay(sessionId, { card: cards.visa });
      });
      for (const type of order) {
        const event = await eventOf(service, orderId, type);
        // The second under an id of its own, so that the inbox takes it for news and the ledger has to tell.
        for (const id of [event.id, `${event.id}_again`]) {
          expect((await service.deliver(JSON.stringify({ ...event, id }))).status).toBe(200);
        }
        await service.idle();
      }
      await expectOneCredit(customer, orderId);
      expect((await service.order(orderId)).attempts).toMatchObject([{ outcome: 'declined', code: 'card_declined' }]);
    },
  );

  it('when all its deliveries are lost and its events are sent again', async () => {
    const customer = await newCustomer();
    const { orderId, sessionId } = await service.startTopUp(customer);
    await withLostDeliveries(service, () => service.sandbox.pay(sessionId, { card: cards.visa }));
    await service.idle();
    expect((await service.order(orderId)).status).toBe('checkout');
    for (const event of await eventsOf(service, orderId)) await service.deliver(JSON.stringify(event));
    await expectOneCredit(customer, orderId);
  });

  it('when an event of it that was applied is replayed', async () => {
    const customer = await newCustomer();
    const { orderId, sessionId } = await service.startTopUp(customer);
    await service.sandbox.pay(sessionId, { card: cards.visa });
    await expectOneCredit(customer, orderId);
    for (const { id } of await eventsOf(service, orderId)) {
      expect((await service.api.call('POST', `/v1/events/${id}/replay`)).status).toBe(202);
    }
    await expectOneCredit(customer, orderId);
  });
});

describe('the provider is asked', () => {
  it('again, when it was away while an event needed it', async () => {
    const customer = await newCustomer();
    const { orderId, sessionId } = await service.startTopUp(customer);
    await withLostDeliveries(service, () => service.sandbox.pay(sessionId, { card: cards.visa }));
    const event = await eventOf(service, orderId, 'payment_intent.succeeded');
    await service.sandbox.setFaults({ api: { status: 500, route: '/v1/payment_intents' } });
    await service.deliver(JSON.stringify({ ...event, api_version: '2025-01-27.acacia' }));
    await expect
      .poll(() => service.event(event.id), { timeout: 20_000 })
      .toMatchObject({ status: 'received', reason: expect.any(String) });
    await service.sandbox.setFaults({});
    await service.sandbox.advanceClock('1h');
    await expectOneCredit(customer, orderId);
  });
});
