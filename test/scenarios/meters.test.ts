import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestService, type TestService } from '../support/service.ts';
import { meterWorld } from './meter-world.ts';

let service: TestService;
let world: ReturnType<typeof meterWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = meterWorld(service);
});

afterAll(() => service.stop());

/** What the invoices of a client made of the books: every account's sum, by currency. */
async function books(client: { readonly id: string }): Promise<readonly string[]> {
  const database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
  const { rows } = await database.query<{ line: string }>(
    `SELECT concat_ws(' ', a.code, trim_scale(sum(e.amount)), e.currency) AS line
       FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id AND a.agency_id = e.agency_id
       JOIN ledger_transactions t ON t.id = e.transaction_id AND t.agency_id = e.agency_id
      WHERE t.customer_id = $1 AND t.code = 'invoice.settle' GROUP BY a.code, e.currency ORDER BY 1`,
    [client.id],
  );
  await database.end();
  return rows.map(({ line }) => line);
}

test('a month of calls: what goes beyond the included minutes is on the invoice at the period’s end, and paid', async () => {
  const client = await world.subscriber('Metered');
  await world.use(client, '1', '90');
  await service.sandbox.advanceClock('2d');
  expect(await world.metered(client)).toEqual([]);
  await world.use(client, '2', '30');
  await service.sandbox.advanceClock('1d');
  // 20 minutes of 0.20 USD are 4.00 USD, 1.540 OMR, 154 steps.
  expect(await world.metered(client)).toMatchObject([
    { counts: 'steps', target: '154', delivered: '154', waiting: '0' },
  ]);
  const third = { occurredAt: (await service.sandbox.now()).toISOString() };
  await world.use(client, '3', '30', third);
  await world.use(client, '3', '30', third);
  await service.sandbox.advanceClock('30d');
  expect(await world.latestInvoice(client)).toEqual({
    reason: 'subscription_cycle',
    status: 'paid',
    total: 11_550,
    asked: expect.arrayContaining([
      { amount: 3_850, quantity: 385 },
      { amount: 7_700, quantity: 1 },
    ]),
  });
  await service.idle();
  expect(await books(client)).toEqual([
    'clearing 19.25 OMR',
    'overage_revenue -3.85 OMR',
    'subscription_revenue -15.4 OMR',
  ]);
});

test('what is used in the last hour of a period is on its invoice; what comes after is on the next', async () => {
  const client = await world.subscriber('Late');
  const periodEnd = new Date((await world.subscription(client)).periodEnd ?? '');
  await world.use(client, '1', '110');
  await service.sandbox.moveClock(new Date(periodEnd.getTime() - 30 * 60_000));
  await world.use(client, '2', '10');
  await service.sandbox.moveClock(new Date(periodEnd.getTime() + 60_000));
  const late = new Date(periodEnd.getTime() - 60_000).toISOString();
  await world.use(client, '3', '10', { occurredAt: late });
  await service.sandbox.advanceClock('3h');
  // 20 minutes; and of the late ones nothing.
  expect(await world.latestInvoice(client)).toMatchObject({ status: 'paid', total: 7_700 + 1_540 });
  await service.sandbox.advanceClock('32d');
  expect(await world.latestInvoice(client)).toMatchObject({ status: 'paid', total: 7_700 + 770 });
});

test('lost calls, lost answers and doubled events change nothing of the invoice', async () => {
  const client = await world.subscriber('Lost');
  const route = '/v1/billing/meter_events';
  await world.use(client, '1', '120');
  await service.sandbox.setFaults({ duplicateDeliveries: 1, api: { cut: 'after', route, times: 3 } });
  await service.sandbox.advanceClock('1d');
  const second = { occurredAt: (await service.sandbox.now()).toISOString() };
  await world.use(client, '2', '10', second);
  await world.use(client, '2', '10', second);
  await service.sandbox.setFaults({ api: { cut: 'before', route, times: 9 } });
  await service.sandbox.advanceClock('1d');
  await world.use(client, '3', '5');
  await service.sandbox.setFaults({ api: { status: 500, storeResult: true, route, times: 4 } });
  await service.sandbox.advanceClock('1d');
  await world.use(client, '4', '15');
  await service.sandbox.setFaults({ api: { status: 429, route, times: 2 } });
  await service.sandbox.advanceClock('1d');
  await service.sandbox.setFaults({});
  await service.sandbox.advanceClock('2d');
  // 50 minutes are 10.00 USD, 3.850 OMR.
  expect(await world.metered(client)).toMatchObject([
    { target: '385', delivered: '385', waiting: '0', differences: [] },
  ]);
  await service.sandbox.advanceClock('28d');
  expect(await world.latestInvoice(client)).toMatchObject({ status: 'paid', total: 11_550 });
});

test('a correction within a day takes the event back; a later one is given back once the period is settled', async () => {
  const client = await world.subscriber('Corrected');
  await world.use(client, '1', '120');
  await service.sandbox.advanceClock('2h');
  expect(await world.metered(client)).toMatchObject([{ delivered: '154' }]);
  await world.use(client, 'back 1', '-10', { reverses: `${client.id} 1` });
  await service.sandbox.advanceClock('2h');
  expect(await world.metered(client)).toMatchObject([{ target: '77', delivered: '77', waiting: '0' }]);

  await service.sandbox.advanceClock('3d');
  await world.use(client, 'back 2', '-5', { reverses: `${client.id} 1` });
  await service.sandbox.advanceClock('3h');
  // 38.5 steps, half up; too late to be taken back.
  expect(await world.metered(client)).toMatchObject([{ target: '39', delivered: '77', credited: '0' }]);
  expect(await service.balance(client.id)).toBe('0.00');
  const [{ periodStart } = { periodStart: '' }] = await world.metered(client);
  await service.sandbox.advanceClock('36d');
  expect(await world.metered(client, { periodStart })).toMatchObject([
    { target: '39', delivered: '77', credited: '38' },
  ]);
  // 0.380 OMR at 0.385 per USD.
  expect(await service.balance(client.id)).toBe('0.987013');
});

test('what the provider refuses is told by its report, waits a day, and is made again', async () => {
  const client = await world.subscriber('Refused');
  const stripe = world.stripe();
  const meter = await world.meterOf(client);
  await stripe.billing.meters.deactivate(meter.id);
  await world.use(client, '1', '120');
  await service.sandbox.advanceClock('2h');
  await service.sandbox.advanceClock('5m');
  expect(await world.metered(client)).toMatchObject([{ target: '154', delivered: '0', refused: '154' }]);
  expect(await service.metric('baisa_alerts_open', { kind: 'usage_refused' })).toBe(1);
  await stripe.billing.meters.reactivate(meter.id);
  await service.sandbox.advanceClock('2d');
  expect(await world.metered(client)).toMatchObject([
    { target: '154', delivered: '154', refused: '154', differences: [] },
  ]);
  await service.sandbox.advanceClock('30d');
  expect(await world.latestInvoice(client)).toMatchObject({ status: 'paid', total: 7_700 + 1_540 });
});

test('what the provider counted otherwise is listed by day, and no longer once it agrees', async () => {
  const client = await world.subscriber('Compared');
  const stripe = world.stripe();
  await world.use(client, '1', '120');
  // At noon of a later day, whenever the test runs: an event can be taken back for 24 hours.
  const noon = new Date(await service.sandbox.now());
  noon.setUTCDate(noon.getUTCDate() + 2);
  noon.setUTCHours(12, 0, 0, 0);
  await service.sandbox.moveClock(noon);
  expect(await world.metered(client, { differing: true })).toEqual([]);
  const { customer } = await world.atProvider(client);
  const foreign = { event_name: (await world.meterOf(client)).event_name, identifier: 'somebody else' };
  await stripe.billing.meterEvents.create({
    ...foreign,
    payload: { stripe_customer_id: String(customer), value: '3' },
  });
  const day = (await service.sandbox.now()).toISOString().slice(0, 10);
  await service.sandbox.moveClock(new Date(new Date(day).getTime() + 86_400_000 + 3_600_000));
  expect(await world.metered(client, { differing: true })).toMatchObject([
    { differences: [{ day, sent: '0', counted: '3', resent: false }] },
  ]);
  await stripe.billing.meterEventAdjustments.create({
    event_name: foreign.event_name,
    type: 'cancel',
    cancel: { identifier: foreign.identifier },
  });
  await service.sandbox.advanceClock('1d');
  expect(await world.metered(client, { differing: true })).toEqual([]);
});
