import { createHash } from 'node:crypto';
import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { invalidRequest } from '../failure.ts';
import { newStripeId } from '../identifiers.ts';
import { scheduleValidation } from '../meter-validation.ts';
import { usageOf } from '../metered-usage.ts';
import { integer, paging, parameters, type Rules, text } from '../parameters.ts';
import { type Route, route } from '../route.ts';
import { fetchThinEvent } from '../thin-events.ts';

/** api/billing/meter-event/create: within the past 35 calendar days, or up to 5 minutes in the future. */
const pastSeconds = 35 * 86_400;
const futureSeconds = 300;

/** Identifiers are unique within a rolling period of at least a day: exactly a day here, the least that can be relied on. */
const uniqueMs = 86_400_000;

/** Events can be canceled for a day after they were received (api/billing/meter-event-adjustment). */
const cancelableMs = 86_400_000;

const upTo100 = text.refine((value) => value.length <= 100, 'must be at most 100 characters');

const eventCreate = parameters({
  event_name: upTo100,
  payload: z.record(z.string().max(100), z.string().max(100)),
  identifier: upTo100.optional(),
  timestamp: integer.optional(),
} satisfies Rules<Stripe.Billing.MeterEventCreateParams>);

const adjustmentCreate = parameters({
  event_name: upTo100,
  type: z.literal('cancel'),
  cancel: z.strictObject({
    identifier: upTo100,
  } satisfies Rules<Stripe.Billing.MeterEventAdjustmentCreateParams.Cancel>),
} satisfies Rules<Stripe.Billing.MeterEventAdjustmentCreateParams>);

const summaryList = parameters({
  ...paging,
  customer: text,
  start_time: integer,
  end_time: integer,
  value_grouping_window: z.enum(['day', 'hour']).optional(),
} satisfies Rules<Stripe.Billing.MeterListEventSummariesParams>);

function requireTimestamp(call: Call, timestamp: number): void {
  const refuse = (message: string, code: string) => invalidRequest(message, { code, param: 'timestamp' });
  if (timestamp < call.nowSeconds - pastSeconds) {
    throw refuse('The timestamp must be within the past 35 calendar days.', 'timestamp_too_far_in_past');
  }
  if (timestamp > call.nowSeconds + futureSeconds) {
    throw refuse('The timestamp must not be more than 5 minutes in the future.', 'timestamp_in_future');
  }
}

/** Taken, and looked at later: who it is for and whether it counts is told by nobody but a report of errors. */
async function createEvent(
  call: Call,
  {
    event_name,
    payload,
    identifier = newStripeId('mtrevt'),
    timestamp = call.nowSeconds,
  }: z.output<typeof eventCreate>,
): Promise<Stripe.Billing.MeterEvent> {
  requireTimestamp(call, timestamp);
  const { client } = call.store;
  await call.store.serialize(`meter_event ${identifier}`);
  const { rowCount } = await client.query(
    'SELECT FROM meter_events WHERE account = $1 AND identifier = $2 AND received_at > $3 LIMIT 1',
    [call.account.id, identifier, new Date(call.now.getTime() - uniqueMs)],
  );
  if (rowCount) throw invalidRequest(`An event already exists with identifier ${identifier}.`);
  await client.query(
    `INSERT INTO meter_events (account, identifier, event_name, payload, at, received_at)
     VALUES ($1, $2, $3, $4, to_timestamp($5), $6)`,
    [call.account.id, identifier, event_name, JSON.stringify(payload), timestamp, call.now],
  );
  scheduleValidation(call);
  return {
    object: 'billing.meter_event',
    created: call.nowSeconds,
    event_name,
    identifier,
    livemode: false,
    payload,
    timestamp,
  };
}

interface CancelableRow {
  readonly id: string;
  readonly event_name: string;
  readonly received_at: Date;
}

async function adjust(
  call: Call,
  { event_name, cancel }: z.output<typeof adjustmentCreate>,
): Promise<Stripe.Billing.MeterEventAdjustment> {
  const { client } = call.store;
  const { rows } = await client.query<CancelableRow>(
    `SELECT id, event_name, received_at FROM meter_events WHERE account = $1 AND identifier = $2
     ORDER BY id DESC LIMIT 1 FOR UPDATE`,
    [call.account.id, cancel.identifier],
  );
  const event = rows[0];
  if (event?.event_name !== event_name) {
    throw invalidRequest(`No event exists with identifier ${cancel.identifier}.`, {
      code: 'resource_missing',
      param: 'cancel[identifier]',
    });
  }
  if (event.received_at.getTime() <= call.now.getTime() - cancelableMs) {
    throw invalidRequest('Events can only be canceled within 24 hours of being received.', {
      param: 'cancel[identifier]',
    });
  }
  await client.query(`UPDATE meter_events SET state = 'canceled' WHERE id = $1`, [event.id]);
  await client.query('DELETE FROM meter_usage WHERE event_id = $1', [event.id]);
  return {
    object: 'billing.meter_event_adjustment',
    cancel: { identifier: cancel.identifier },
    event_name,
    livemode: false,
    status: 'complete',
    type: 'cancel',
  };
}

const secondsOf = { minute: 60, hour: 3600, day: 86_400 } as const;

async function listSummaries(
  call: Call,
  params: z.output<typeof summaryList>,
  meterId: string,
): Promise<Stripe.ApiList<Stripe.Billing.MeterEventSummary>> {
  await call.store.get('billing.meter', meterId, 'id');
  await call.store.get('customer', params.customer, 'customer');
  const { start_time: start, end_time: end, value_grouping_window: window } = params;
  const grain = secondsOf[window ?? 'minute'];
  for (const [name, time] of [
    ['start_time', start],
    ['end_time', end],
  ] as const) {
    if (time % grain !== 0) {
      throw invalidRequest(`${name} must be aligned with ${window ?? 'minute'} boundaries.`, { param: name });
    }
  }
  if (end <= start) throw invalidRequest('end_time must be after start_time.', { param: 'end_time' });
  const found: Stripe.Billing.MeterEventSummary[] = [];
  for (let at = window === undefined ? start : end - grain; at >= start; at -= grain) {
    const period = { start: at, end: window === undefined ? end : at + grain };
    const value = await usageOf(call, { meter: meterId, customer: params.customer, period });
    if (window === undefined || !value.isZero())
      found.push(summaryOf(meterId, params.customer, period, value.toNumber()));
  }
  const from = params.starting_after === undefined ? 0 : found.findIndex(({ id }) => id === params.starting_after) + 1;
  const until = from + (params.limit ?? 10);
  return {
    object: 'list',
    data: found.slice(from, until),
    has_more: until < found.length,
    url: `/v1/billing/meters/${meterId}/event_summaries`,
  };
}

const summaryOf = (
  meter: string,
  customer: string,
  { start, end }: { readonly start: number; readonly end: number },
  value: number,
): Stripe.Billing.MeterEventSummary => ({
  id: `mtrusg_test_${createHash('sha256').update(`${meter} ${customer} ${start} ${end}`).digest('hex').slice(0, 24)}`,
  object: 'billing.meter_event_summary',
  aggregated_value: value,
  end_time: end,
  livemode: false,
  meter,
  start_time: start,
});

export const meterEventRoutes: readonly Route[] = [
  route('POST', '/v1/billing/meter_events', eventCreate, createEvent),
  route('POST', '/v1/billing/meter_event_adjustments', adjustmentCreate, adjust),
  route('GET', '/v1/billing/meters/:id/event_summaries', summaryList, listSummaries),
  route('GET', '/v2/core/events/:id', parameters({}), (call, _params, id) => fetchThinEvent(call, id)),
];
