import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { cards } from '../sandbox-client.ts';
import { check, type Step, written } from './step.ts';
import {
  creditedTotal,
  orderIsPaid,
  readBalance,
  readOrder,
  readStatement,
  settled,
  startTopUp,
  type World,
} from './world.ts';

const copies = 3;

async function expectOneLinePerPayment(world: World): Promise<string> {
  await settled(world);
  const lines = await readStatement(world);
  check('the lines of the statement', lines.length, world.paid.length);
  check('the payments they name', new Set(lines.map(({ reference }) => reference)).size, world.paid.length);
  const balance = await readBalance(world);
  check('the balance', balance, creditedTotal(world));
  return `${lines.length} payments, ${lines.length} lines, balance ${written(balance)}`;
}

const eventsSchema = z.object({
  data: z.array(
    z.object({ id: z.string(), data: z.object({ object: z.object({ metadata: z.record(z.string(), z.string()) }) }) }),
  ),
});

/** How often the provider delivered the event that an order's payment succeeded. */
async function deliveriesOf(world: World, orderId: string): Promise<number> {
  const events = await world.sandbox.provider('/v1/events?limit=100&type=payment_intent.succeeded', eventsSchema);
  const event = events.data.find(({ data: { object } }) => object.metadata.baisa_order === orderId);
  const { data } = await world.sandbox.deliveries();
  return data.filter(({ eventId, status }) => eventId === event?.id && status === 'delivered').length;
}

export const deliverySteps: readonly Step[] = [
  {
    name: 'deliveries.duplicated',
    title: `Each webhook is delivered ${copies + 1} times, and the payment is credited once`,
    run: async (world) => {
      await world.sandbox.setFaults({ duplicateDeliveries: copies });
      const { orderId, sessionId } = await startTopUp(world, '12.34');
      await world.sandbox.pay(sessionId, { card: cards.mastercard });
      await orderIsPaid(world, orderId);
      const seen = await expectOneLinePerPayment(world);
      check('deliveries of its event', await deliveriesOf(world, orderId), copies + 1);
      await world.sandbox.setFaults({});
      return seen;
    },
  },
  {
    name: 'deliveries.reordered',
    title: 'Webhooks come an hour late and shuffled, and every payment is credited once',
    run: async (world) => {
      await world.sandbox.setFaults({ reorderDeliveries: true, delayDeliveriesMs: 3_600_000 });
      const started = [];
      for (const amount of ['1.00', '10.01', '25.00']) started.push(await startTopUp(world, amount));
      for (const { sessionId } of started) await world.sandbox.pay(sessionId, { card: cards.visa });
      await settled(world);
      for (const { orderId } of started) {
        check('an order that nothing was heard of', (await readOrder(world, orderId)).status, 'checkout');
      }
      await world.sandbox.advanceClock('2h');
      for (const { orderId } of started) await orderIsPaid(world, orderId);
      await world.sandbox.setFaults({});
      return expectOneLinePerPayment(world);
    },
  },
  {
    name: 'deliveries.forged',
    title: 'A webhook with a wrong signature is refused, and nothing of it is kept',
    run: async (world) => {
      const id = `evt_forged_${randomBytes(6).toString('hex')}`;
      const event = { id, object: 'event', type: 'payment_intent.succeeded', livemode: false, data: { object: {} } };
      const signature = `t=${Math.floor((await world.sandbox.now()).getTime() / 1000)},v1=${'0'.repeat(64)}`;
      const answer = await world.platform.call('POST', '/webhooks/stripe', {
        body: event,
        headers: { 'stripe-signature': signature },
      });
      check('the status', answer.status, 400);
      check('the event, looked up', (await world.platform.call('GET', `/v1/events/${id}`)).status, 404);
      return '400, and not in the inbox';
    },
  },
];
