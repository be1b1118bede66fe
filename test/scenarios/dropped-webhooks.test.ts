import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { cards } from '../../src/commands/sandbox-client.ts';
import { until } from '../../src/commands/until.ts';
import { reportSchema } from '../../src/reconciliation/finding.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { agencyWorld } from './agency-world.ts';
import { type PaidOrder, reversalWorld } from './reversal-world.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

let service: TestService;
let world: ReturnType<typeof reversalWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = reversalWorld(service);
});
afterAll(async () => {
  await world.close();
  await service.stop();
});

const runAnswer = z.object({
  id: z.string(),
  status: z.string(),
  error: z.string().nullable(),
  reports: z.array(reportSchema),
  found: z.array(z.object({ class: z.string(), status: z.string(), count: z.number() })),
});

async function reconcile() {
  const { id } = await service.api.send('POST', '/v1/reconciliations', runAnswer, { body: {} });
  const run = await until(
    'a reconciliation that is over',
    () => service.api.get(`/v1/reconciliations/${id}`, runAnswer),
    ({ status }) => status === 'done' || status === 'failed',
  );
  expect(run.error).toBeNull();
  return run;
}

/** Of refunds that we were asked for: a payment that nobody told of yet cannot be refunded here. */
let asked = 0;

/** Of every ten payments: what becomes of the first ones. */
const fates: readonly ((paid: PaidOrder) => Promise<unknown>)[] = [
  ({ paymentId }) => service.sandbox.refundInDashboard(paymentId),
  ({ paymentId }) => service.sandbox.refundInDashboard(paymentId, { amount: 640 }),
  async ({ orderId }) => {
    if ((await world.ask(orderId, '2.00')).status === 202) asked += 1;
  },
  ({ paymentId }) => service.sandbox.dispute(paymentId, { kind: 'chargeback' }),
  async ({ paymentId }) => {
    const { id } = await service.sandbox.dispute(paymentId, { kind: 'chargeback' });
    await service.sandbox.moveDispute(id, 'win');
  },
];

it('makes the books equal to the provider’s in one run, account by account, when 5 % of all webhooks never came', async () => {
  const agencies = agencyWorld(service);
  const subscriptions = subscriptionWorld(service);
  const connected = await agencies.connect('Chaos', { country: 'US' });
  const own = connected.account.providerAccountId;
  const shared = await agencies.platformPlan('chaos shared', [connected]);
  const paying = await agencies.subscriber(connected, shared);
  const client = await subscriptions.client('Platform');
  const planId = await subscriptions.plan(client, plans.starter);

  await service.sandbox.setFaults({ dropDeliveries: 0.05, seed: 9 });
  const paid: PaidOrder[] = [];
  for (let index = 0; index < 60; index += 1) {
    const account = index % 10 === 9 ? own : service.accountId;
    const customerId = account === own ? paying : client.id;
    paid.push(await world.topUp(customerId, '5.00', { card: cards.visa }, account));
  }
  await subscriptions.subscribe(client, { planId, cycle: 'monthly' });
  for (const [index, payment] of paid.entries()) await fates[index % 10]?.(payment);
  await service.idle();
  await service.sandbox.advanceClock('26h');
  await service.sandbox.setFaults({});

  const before = await service.sandbox.deliveries();
  expect(before.counts.dropped).toBeGreaterThan(0);
  const first = await reconcile();
  expect(first.found.find((each) => each.class === 'missed_event')?.count).toBe(before.counts.dropped);
  expect(first.found.filter(({ status }) => status === 'raised')).toEqual([]);
  for (const account of [service.accountId, own]) await world.expectBooksOfProvider(account);
  for (const { unexplained } of first.reports) expect(Number(unexplained)).toBe(0);

  const credited = paid.filter(({ customerId }) => customerId === client.id).length * 5;
  // Six rounds: all of it back, 0.640 OMR of it, and one that a bank keeps.
  const share = (5 * 0.64) / 1.93;
  expect(Number(await service.balance(client.id))).toBeCloseTo(credited - 6 * (5 + share + 5) - 2 * asked, 3);
  expect(await subscriptions.subscription(client)).toMatchObject({ status: 'active' });
  for (const { orderId } of paid) expect((await service.order(orderId)).status).not.toBe('checkout');

  const second = await reconcile();
  expect(second.found).toEqual([]);
}, 120_000);
