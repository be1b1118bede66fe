import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestService, type TestService } from '../support/service.ts';
import { agencyWorld } from './agency-world.ts';
import type { CardClient } from './card-world.ts';
import { meteredPlan, meterWorld } from './meter-world.ts';

let service: TestService;
let world: ReturnType<typeof meterWorld>;
let agencies: ReturnType<typeof agencyWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = meterWorld(service);
  agencies = agencyWorld(service);
});

afterAll(() => service.stop());

/** A client of an agency that charges USD on its own account, with a tax on top. */
async function american(name: string) {
  const agency = await agencies.connect(name, { country: 'US' });
  const client: CardClient = { id: await service.customer(agency.api), agency: agency.api, agencyId: agency.id };
  const tax = { name: 'GST', percent: '5', inclusive: false };
  const planId = await world.plan(client, { ...meteredPlan, tax });
  await world.subscribe(client, { planId, cycle: 'monthly' });
  return { client, on: { stripeAccount: agency.account.providerAccountId } };
}

test('where totals need not be chargeable steps the meter counts units, on the agency’s own account, and tax goes on top', async () => {
  const { client, on } = await american('Denver');
  await world.use(client, '1', '150.5');
  await service.sandbox.advanceClock('3d');
  expect(await world.metered(client)).toMatchObject([{ counts: 'units', target: '50.5', delivered: '50.5' }]);
  await world.use(client, 'back', '-10.5', { reverses: `${client.id} 1` });
  const [{ periodStart } = { periodStart: '' }] = await world.metered(client);
  await service.sandbox.advanceClock('32d');
  // 20.00 and 50.5 minutes of 0.20, and 5 % of both.
  expect(await world.latestInvoice(client, on)).toMatchObject({ status: 'paid', total: 3_161 });
  await service.sandbox.advanceClock('4d');
  // 10.5 minutes of 0.21 came back too late to be taken off the invoice.
  expect(await world.metered(client, { periodStart })).toMatchObject([{ target: '40', credited: '10.5' }]);
  expect(await service.balance(client.id)).toBe('2.205');
});

test('a report of errors about a connected account finds the events of that account', async () => {
  const { client, on } = await american('Tulsa');
  const stripe = world.stripe();
  const [meter] = (await stripe.billing.meters.list({}, on)).data;
  await stripe.billing.meters.deactivate(meter?.id ?? '', {}, on);
  await world.use(client, '1', '120');
  await service.sandbox.advanceClock('1h');
  await service.sandbox.advanceClock('5m');
  expect(await world.metered(client)).toMatchObject([{ delivered: '0', refused: '20' }]);
  await stripe.billing.meters.reactivate(meter?.id ?? '', {}, on);
  await service.sandbox.advanceClock('2d');
  expect(await world.metered(client)).toMatchObject([{ delivered: '20', refused: '20', differences: [] }]);
});

test('overage of a yearly plan is invoiced month by month', async () => {
  const client = await world.client('Yearly');
  const planId = await world.plan(client, { ...meteredPlan, cycles: { monthly: '20.00', yearly: '200.00' } });
  await world.subscribe(client, { planId, cycle: 'yearly' });
  await world.use(client, '1', '120');
  await service.sandbox.advanceClock('33d');
  expect(await world.latestInvoice(client)).toMatchObject({ status: 'paid', total: 1_540 });
  await world.use(client, '2', '110');
  await service.sandbox.advanceClock('31d');
  expect(await world.latestInvoice(client)).toMatchObject({ status: 'paid', total: 770 });
});

test('what is used of a subscription that has ended is told as unbillable, and is not sent', async () => {
  const client = await world.subscriber('Ended');
  await world.use(client, '1', '120');
  await service.sandbox.advanceClock('1d');
  const used = (await service.sandbox.now()).toISOString();
  const periodStart = (await world.subscription(client)).periodStart ?? '';
  await world.stripe().subscriptions.cancel((await world.atProvider(client)).id);
  await service.sandbox.advanceClock('1h');
  await world.use(client, '2', '10', { occurredAt: used });
  await service.sandbox.advanceClock('1h');
  expect(await world.metered(client, { periodStart })).toMatchObject([
    { target: '231', delivered: '154', unbillable: '77', waiting: '0' },
  ]);
  expect(await service.metric('baisa_alerts_open', { kind: 'usage_unbillable' })).toBeGreaterThan(0);
});

test('a correction just after the invoice was made is given back, for the invoice does not become less', async () => {
  const client = await world.subscriber('Corrected');
  const { periodStart, periodEnd } = await world.subscription(client);
  const end = new Date(periodEnd ?? '').getTime();
  await service.sandbox.moveClock(new Date(end - 3_600_000));
  await world.use(client, '1', '120');
  await service.sandbox.moveClock(new Date(end + 60_000));
  await world.use(client, 'back', '-10', { reverses: `${client.id} 1` });
  await service.sandbox.advanceClock('3h');
  expect(await world.latestInvoice(client)).toMatchObject({ status: 'paid', total: 7_700 + 1_540 });
  await service.sandbox.advanceClock('5d');
  const lines = await world.metered(client, { periodStart: periodStart ?? '' });
  expect(lines).toMatchObject([{ target: '77', delivered: '154', credited: '77' }]);
  expect(await service.balance(client.id)).toBe('2.00');
});

test('what comes after a change to a plan that does not invoice it is told as unbillable', async () => {
  const client = await world.subscriber('Changed');
  const { usage, ...rest } = meteredPlan;
  const drawn = usage.map(({ collect: _, ...line }) => line);
  const planId = await world.plan(client, { ...rest, name: 'drawn', usage: drawn });
  const { periodStart, periodEnd } = await world.subscription(client);
  expect(await world.change(client, { planId, cycle: 'monthly' })).toMatchObject({ status: 200 });
  await service.idle();
  const end = new Date(periodEnd ?? '').getTime();
  await service.sandbox.moveClock(new Date(end - 3_600_000));
  await world.use(client, '1', '120');
  await service.sandbox.moveClock(new Date(end + 3 * 3_600_000));
  expect(await world.subscription(client)).toMatchObject({ planId });
  await world.use(client, '2', '10', { occurredAt: new Date(end - 600_000).toISOString() });
  await service.sandbox.advanceClock('1h');
  const lines = await world.metered(client, { periodStart: periodStart ?? '' });
  expect(lines).toMatchObject([{ target: '231', delivered: '154', unbillable: '77' }]);
});

test('what the provider lost is sent again as long as it knows identifiers, and counted once', async () => {
  const client = await world.subscriber('Resent');
  const day = (await service.sandbox.now()).toISOString().slice(0, 10);
  await service.sandbox.moveClock(new Date(`${day}T23:59:00Z`));
  await service.sandbox.advanceClock('12h');
  await world.use(client, '1', '120');
  await service.sandbox.advanceClock('1h');
  await service.sandbox.advanceClock('5m');
  const name = new URL(service.databaseUrl);
  name.pathname = `${name.pathname}_sandbox`;
  const sandbox = new pg.Client({ connectionString: name.href });
  await sandbox.connect();
  const { id } = await world.meterOf(client);
  const lost = await sandbox.query(
    `WITH usage AS (DELETE FROM meter_usage WHERE meter = $1 RETURNING event_id)
     DELETE FROM meter_events WHERE id IN (SELECT event_id FROM usage)`,
    [id],
  );
  await sandbox.end();
  expect(lost.rowCount).toBe(1);
  await service.sandbox.advanceClock('12h');
  await service.sandbox.advanceClock('5m');
  expect(await world.metered(client, { differing: true })).toMatchObject([
    { delivered: '154', differences: [{ sent: '154', counted: '0', resent: true }] },
  ]);
  await service.sandbox.advanceClock('1d');
  expect(await world.metered(client)).toMatchObject([{ delivered: '154', waiting: '0', differences: [] }]);
  await service.sandbox.advanceClock('32d');
  expect(await world.latestInvoice(client)).toMatchObject({ status: 'paid', total: 7_700 + 1_540 });
});
