import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, day, startBillingHarness } from './billing-harness.ts';
import { failureOf } from './harness.ts';

let harness: BillingHarness;
let stripe: Stripe;

beforeAll(async () => {
  harness = await startBillingHarness();
  ({ stripe } = harness);
});

afterAll(() => harness.close());

const now = (): number => Math.floor(harness.clock.now().getTime() / 1000);

const meterOf = (event_name: string) =>
  stripe.billing.meters.create({
    event_name,
    display_name: event_name,
    default_aggregation: { formula: 'sum' },
    customer_mapping: { type: 'by_id', event_payload_key: 'stripe_customer_id' },
    value_settings: { event_payload_key: 'value' },
  });

const send = (event_name: string, customer: string, value: string, more: { identifier?: string; timestamp?: number }) =>
  stripe.billing.meterEvents.create({ event_name, payload: { stripe_customer_id: customer, value }, ...more });

const minute = (seconds: number): number => seconds - (seconds % 60);

const total = async (meter: string, customer: string): Promise<number> => {
  const { data } = await stripe.billing.meters.listEventSummaries(meter, {
    customer,
    start_time: minute(now()) - 30 * day,
    end_time: minute(now()) + 600,
  });
  return data.reduce((sum, { aggregated_value }) => sum + aggregated_value, 0);
};

test('an event counts once its minute is over, and not before', async () => {
  const meter = await meterOf('calls_late');
  const { id: customer } = await harness.customer();
  const event = await send('calls_late', customer, '2.5', { identifier: 'late:1', timestamp: now() - 60 });
  expect(event).toMatchObject({ object: 'billing.meter_event', identifier: 'late:1', event_name: 'calls_late' });
  await harness.advance('2m');
  await send('calls_late', customer, '1', { identifier: 'late:2', timestamp: now() - 60 });
  expect(await total(meter.id, customer)).toBe(2.5);
  await harness.advance('2m');
  expect(await total(meter.id, customer)).toBe(3.5);
});

test('the same identifier within a day is refused, and counts once', async () => {
  const meter = await meterOf('calls_twice');
  const { id: customer } = await harness.customer();
  await send('calls_twice', customer, '4', { identifier: 'twice:1' });
  const failure = await failureOf(send('calls_twice', customer, '4', { identifier: 'twice:1' }));
  expect(failure).toMatchObject({
    statusCode: 400,
    rawType: 'invalid_request_error',
    message: 'An event already exists with identifier twice:1.',
  });
  await harness.advance('2m');
  expect(await total(meter.id, customer)).toBe(4);
  await harness.advance('1d');
  await send('calls_twice', customer, '4', { identifier: 'twice:1' });
  await harness.advance('2m');
  expect(await total(meter.id, customer)).toBe(8);
});

test.each([
  ['36 days ago', -36 * day, 'timestamp_too_far_in_past'],
  ['six minutes ahead', 360, 'timestamp_in_future'],
])('a timestamp %s is refused at once', async (_, offset, code) => {
  const { id: customer } = await harness.customer();
  const failure = await failureOf(send('calls_any', customer, '1', { timestamp: now() + offset }));
  expect(failure).toMatchObject({ statusCode: 400, code, param: 'timestamp' });
});

test('a timestamp 34 days ago and one four minutes ahead are taken', async () => {
  const { id: customer } = await harness.customer();
  await meterOf('calls_edges');
  await expect(send('calls_edges', customer, '1', { timestamp: now() - 34 * day })).resolves.toBeDefined();
  await expect(send('calls_edges', customer, '1', { timestamp: now() + 240 })).resolves.toBeDefined();
});

test('an event can be canceled for a day after it was received, counted or not', async () => {
  const meter = await meterOf('calls_canceled');
  const { id: customer } = await harness.customer();
  const cancel = (identifier: string) =>
    stripe.billing.meterEventAdjustments.create({
      event_name: 'calls_canceled',
      type: 'cancel',
      cancel: { identifier },
    });
  await send('calls_canceled', customer, '3', { identifier: 'cancel:1' });
  await send('calls_canceled', customer, '5', { identifier: 'cancel:2' });
  expect(await cancel('cancel:1')).toMatchObject({ object: 'billing.meter_event_adjustment', status: 'complete' });
  await harness.advance('2m');
  expect(await total(meter.id, customer)).toBe(5);
  await cancel('cancel:2');
  expect(await total(meter.id, customer)).toBe(0);

  await send('calls_canceled', customer, '7', { identifier: 'cancel:3' });
  await harness.advance('25h');
  expect(await failureOf(cancel('cancel:3'))).toMatchObject({ statusCode: 400 });
  expect(await failureOf(cancel('cancel:none'))).toMatchObject({ statusCode: 400, code: 'resource_missing' });
  expect(await total(meter.id, customer)).toBe(7);
});

test('what is wrong with events is told by thin events, to endpoints that name them', async () => {
  const types = ['v1.billing.meter.error_report_triggered', 'v1.billing.meter.no_meter_found'];
  await harness.sandbox.ensureWebhookEndpoint({
    url: harness.receiver.url,
    secret: 'whsec_known',
    enabledEvents: ['*', ...types],
  });
  const meter = await meterOf('calls_wrong');
  const { id: customer } = await harness.customer();
  await send('calls_wrong', 'cus_missing', '1', { identifier: 'wrong:1' });
  await send('calls_wrong', customer, '-1', { identifier: 'wrong:2' });
  await send('calls_nowhere', customer, '1', { identifier: 'wrong:3' });
  await send('calls_wrong', customer, '6', { identifier: 'wrong:4' });
  await harness.advance('2m');
  expect(await total(meter.id, customer)).toBe(6);

  const notifications = harness.receiver.notifications.splice(0);
  expect(notifications.map(({ type }) => type).sort()).toEqual(types);
  expect(notifications).not.toContainEqual(expect.objectContaining({ data: expect.anything() }));
  const reports = await Promise.all(notifications.map(({ id }) => stripe.v2.core.events.retrieve(id)));
  const errors = reports.flatMap((report) =>
    'data' in report && 'reason' in report.data ? report.data.reason.error_types : [],
  );
  const found = errors.map(({ code, error_count, sample_errors }) => [
    code,
    error_count,
    ...sample_errors.map(({ request }) => request.identifier),
  ]);
  expect(found.sort()).toEqual([
    ['meter_event_customer_not_found', 1, 'wrong:1'],
    ['meter_event_invalid_value', 1, 'wrong:2'],
    ['no_meter', 1, 'wrong:3'],
  ]);
  expect(await failureOf(stripe.v2.core.events.retrieve('evt_missing'))).toMatchObject({ statusCode: 404 });
});

test('a metered line at the end of a period bills what its events counted', async () => {
  const meter = await meterOf('calls_billed');
  const price = await harness.price({
    recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
    unit_amount: 20,
  });
  const { id: customer } = await harness.customer();
  const { id } = await stripe.subscriptions.create({ customer, items: [{ price: price.id }] });
  await harness.advance('10d');
  await send('calls_billed', customer, '30', { identifier: 'billed:1' });
  await send('calls_billed', customer, '12', { identifier: 'billed:2', timestamp: now() - 5 * day });
  await harness.advance('25d');
  const [cycle] = (await stripe.invoices.list({ subscription: id, limit: 1 })).data;
  expect(cycle).toMatchObject({ billing_reason: 'subscription_cycle', total: 840, status: 'paid' });
});
