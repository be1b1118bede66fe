import { describe, expect, test } from 'vitest';
import type { MeterEvent, MeteringPort } from '../../../src/providers/meter-ports.ts';
import { createRateLimiter, limitedMetering } from '../../../src/providers/rate-limit.ts';
import { need } from '../../contract/provider/contract-run.ts';
import { answering, cutting, listOf, nockedStripe, refusal } from './stripe-nock.ts';
import { connected, platform } from './stripe-support.ts';

const metering = need(nockedStripe().metering, 'metering');

const at = new Date('2026-11-21T10:00:00.500Z');
const event: MeterEvent = {
  identifier: 'cus_1:mtr_1:1795255200:1',
  eventName: 'baisa_u_agc_1_call_minutes',
  providerCustomerId: 'cus_9',
  value: '12.5',
  at,
};
const keyOf = ({ identifier }: MeterEvent) => ({ idempotencyKey: `meter:${identifier}:1` });
const taken = { object: 'billing.meter_event', identifier: event.identifier };
const send = async (port: MeteringPort = metering) => (await port.send(connected, [event], keyOf))[0];

describe('a meter event on the wire', () => {
  test('is one form, under its identifier and the key of its attempt', async () => {
    const sent = answering('POST', '/v1/billing/meter_events', taken);
    expect(await send()).toEqual({ outcome: 'delivered' });
    expect(sent[0]?.form).toEqual({
      event_name: 'baisa_u_agc_1_call_minutes',
      identifier: 'cus_1:mtr_1:1795255200:1',
      timestamp: '1795255200',
      'payload[stripe_customer_id]': 'cus_9',
      'payload[value]': '12.5',
    });
    expect(sent[0]?.headers).toMatchObject({
      'stripe-account': 'acct_agency',
      'idempotency-key': 'meter:cus_1:mtr_1:1795255200:1:1',
    });
  });

  test('that is there already counts as delivered, and is told apart', async () => {
    const message = `An event already exists with identifier ${event.identifier}.`;
    answering('POST', '/v1/billing/meter_events', { error: { type: 'invalid_request_error', message } }, 400);
    expect(await send()).toEqual({ outcome: 'already' });
  });

  test('that Stripe will never take is refused with its code', async () => {
    answering('POST', '/v1/billing/meter_events', refusal('timestamp_too_far_in_past'), 400);
    expect(await send()).toMatchObject({ outcome: 'refused', code: 'timestamp_too_far_in_past' });
  });

  test.each([
    ['429', 429, 'rate_limit', false],
    ['a lost permission', 403, 'account_invalid', false],
    ['500', 500, 'unknown', true],
  ])('goes again later after %s', async (_, status, code, mayHaveRun) => {
    answering('POST', '/v1/billing/meter_events', refusal(code), status);
    expect(await send()).toMatchObject({ outcome: 'later', mayHaveRun });
  });

  test('may have been taken where the connection ended without an answer', async () => {
    cutting('POST', '/v1/billing/meter_events');
    expect(await send()).toMatchObject({ outcome: 'later', mayHaveRun: true });
  });

  test('goes at the account’s pace, its answer in its place', async () => {
    answering('POST', '/v1/billing/meter_events', taken);
    answering('POST', '/v1/billing/meter_events', refusal('timestamp_in_future'), 400);
    const limited = limitedMetering(metering, createRateLimiter({ perSecond: 1000, perEndpointSecond: 1000 }));
    const second = { ...event, identifier: 'cus_1:mtr_1:1795255200:2' };
    const answers = await limited.send(connected, [event, second], keyOf);
    expect(answers.map(({ outcome }) => outcome)).toEqual(['delivered', 'refused']);
  });
});

describe('taking an event back', () => {
  test('names the meter and the event', async () => {
    const sent = answering('POST', '/v1/billing/meter_event_adjustments', { object: 'billing.meter_event_adjustment' });
    const once = { idempotencyKey: 'meter:cancel:1' };
    expect(await metering.cancel(platform, event, once)).toEqual({ outcome: 'canceled' });
    expect(sent[0]?.form).toEqual({
      event_name: event.eventName,
      type: 'cancel',
      'cancel[identifier]': event.identifier,
    });
    expect(sent[0]?.headers).not.toHaveProperty('stripe-account');
  });

  test.each([
    [400, 'late'],
    [500, 'later'],
  ])('that is answered with %i is %s', async (status, outcome) => {
    answering('POST', '/v1/billing/meter_event_adjustments', refusal('resource_missing'), status);
    const once = { idempotencyKey: 'meter:cancel:1' };
    expect(await metering.cancel(connected, event, once)).toMatchObject({ outcome });
  });
});

test('what was counted is asked for by UTC days', async () => {
  const summary = { object: 'billing.meter_event_summary', start_time: 1795219200, aggregated_value: 0.1 + 0.2 };
  const sent = answering('GET', '/v1/billing/meters/mtr_1/event_summaries', listOf({ id: 'mtrusg_1', ...summary }));
  const span = { from: new Date('2026-11-21T00:00:00Z'), until: new Date('2026-11-22T00:00:00Z') };
  const days = await metering.summaries(connected, 'mtr_1', 'cus_9', span);
  expect(days.map(({ day, value }) => [day.toISOString(), value.toFixed()])).toEqual([
    ['2026-11-21T00:00:00.000Z', '0.3'],
  ]);
  expect(sent[0]?.form).toEqual({
    customer: 'cus_9',
    start_time: '1795219200',
    end_time: '1795305600',
    value_grouping_window: 'day',
    limit: '100',
  });
});

describe('a report of errors', () => {
  const report = {
    object: 'v2.core.event',
    id: 'evt_1',
    type: 'v1.billing.meter.error_report_triggered',
    related_object: { id: 'mtr_1', type: 'billing.meter', url: '/v1/billing/meters/mtr_1' },
    data: {
      reason: {
        error_count: 3,
        error_types: [
          {
            code: 'archived_meter',
            error_count: 3,
            sample_errors: [{ error_message: 'The meter is off.', request: { identifier: event.identifier } }],
          },
        ],
      },
    },
  };

  test('is fetched with the account as its context', async () => {
    const sent = answering('GET', '/v2/core/events/evt_1', report);
    expect(await metering.readErrors(connected, 'evt_1')).toEqual({
      errors: [
        {
          code: 'archived_meter',
          count: 3,
          samples: [{ identifier: event.identifier, message: 'The meter is off.' }],
        },
      ],
    });
    expect(sent[0]?.headers).toMatchObject({ 'stripe-context': 'acct_agency' });
    expect(sent[0]?.headers).not.toHaveProperty('stripe-account');
  });

  test('that is no event is an outage and not an empty report', async () => {
    answering('GET', '/v2/core/events/evt_3', { message: 'not found' }, 404);
    await expect(metering.readErrors(platform, 'evt_3')).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('that tells of something else has no errors', async () => {
    answering('GET', '/v2/core/events/evt_2', { ...report, type: 'v1.billing.meter.updated', data: undefined });
    expect(await metering.readErrors(platform, 'evt_2')).toEqual({ errors: [] });
  });
});
