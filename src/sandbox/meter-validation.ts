import type Stripe from 'stripe';
import type { Call } from './call.ts';
import type { MeterErrors } from './thin-events.ts';

/** What is received within a minute is looked at when the minute is over, and reported together. */
const windowMs = 60_000;

/** A report shows some of what was wrong, not all of it. */
const samplesMax = 10;

interface PendingEvent {
  readonly id: string;
  readonly identifier: string;
  readonly event_name: string;
  readonly payload: Readonly<Record<string, string>>;
  readonly at: Date;
}

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly meterId: string | null;
  readonly identifier: string;
}

interface Counted {
  readonly event: PendingEvent;
  readonly meter: string;
  readonly customer: string;
  readonly value: string;
}

/** To be called with an event that was taken: it counts, or is reported, once its minute is over. */
export function scheduleValidation(call: Call): void {
  const dueAt = new Date((Math.floor(call.now.getTime() / windowMs) + 1) * windowMs);
  call.schedule({ kind: 'meter_validation', objectId: dueAt.toISOString(), dueAt, detail: '' });
}

/** Counts what is valid of the events that wait, and tells of the rest. */
export async function validateMeterEvents(call: Call): Promise<void> {
  const { rows } = await call.store.client.query<PendingEvent>(
    `SELECT id, identifier, event_name, payload, at FROM meter_events
     WHERE account = $1 AND state = 'pending' AND received_at < $2 ORDER BY id FOR UPDATE`,
    [call.account.id, call.now],
  );
  if (rows.length === 0) return;
  const counted: Counted[] = [];
  const problems: Problem[] = [];
  for (const event of rows) {
    const found = await look(call, event);
    if ('code' in found) problems.push(found);
    else counted.push(found);
  }
  const refused = new Set(problems.map(({ identifier }) => identifier));
  await call.store.client.query(
    `UPDATE meter_events SET state = CASE WHEN identifier = ANY($3) THEN 'refused' ELSE 'counted' END
     WHERE account = $1 AND id = ANY($2::bigint[])`,
    [call.account.id, rows.map(({ id }) => id), [...refused]],
  );
  await call.store.client.query(
    `INSERT INTO meter_usage (account, meter, customer, used_at, value, event_id)
     SELECT $1, * FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::numeric[], $6::bigint[])`,
    [
      call.account.id,
      counted.map(({ meter }) => meter),
      counted.map(({ customer }) => customer),
      counted.map(({ event }) => event.at),
      counted.map(({ value }) => value),
      counted.map(({ event }) => event.id),
    ],
  );
  report(call, problems);
}

async function look(call: Call, event: PendingEvent): Promise<Counted | Problem> {
  const meters = await call.store.linked('billing.meter', [`event_name:${event.event_name}`]);
  const meter = meters.find(({ status }) => status === 'active') ?? meters[0];
  const problem = (code: string, message: string): Problem => ({
    code,
    message,
    meterId: meter?.id ?? null,
    identifier: event.identifier,
  });
  if (!meter) return problem('no_meter', `No meter has the event name ${event.event_name}.`);
  if (meter.status !== 'active') return problem('archived_meter', `The meter ${meter.id} is deactivated.`);
  const customer = event.payload[meter.customer_mapping.event_payload_key];
  if (!customer) return problem('meter_event_no_customer_defined', 'The payload names no customer.');
  if (!(await call.store.find('customer', customer))) {
    return problem('meter_event_customer_not_found', `No such customer: ${customer}`);
  }
  const value = event.payload[meter.value_settings.event_payload_key] ?? '';
  if (!/^\d+(\.\d+)?$/.test(value)) return problem('meter_event_invalid_value', `Not a value: ${value}`);
  if (!/^\d{1,15}(\.\d{1,12})?$/.test(value)) {
    return problem('meter_event_value_too_many_digits', `Too many digits: ${value}`);
  }
  return { event, meter: meter.id, customer, value };
}

function report(call: Call, problems: readonly Problem[]): void {
  for (const [meterId, ofMeter] of Map.groupBy(problems, (problem) => problem.meterId)) {
    call.emitThin(
      meterId === null ? 'v1.billing.meter.no_meter_found' : 'v1.billing.meter.error_report_triggered',
      reportOf(call, ofMeter),
      meterId,
    );
  }
}

function reportOf(call: Call, problems: readonly Problem[]): MeterErrors {
  const types: Stripe.V2.Core.Events.V1BillingMeterErrorReportTriggeredEvent.Data.Reason.ErrorType[] = [
    ...Map.groupBy(problems, ({ code }) => code),
  ].map(([code, same]) => ({
    code,
    error_count: same.length,
    sample_errors: same
      .slice(0, samplesMax)
      .map(({ message, identifier }) => ({ error_message: message, request: { identifier } })),
  }));
  return {
    developer_message_summary: `There is ${problems.length} invalid event`,
    reason: { error_count: problems.length, error_types: types },
    validation_start: new Date(call.now.getTime() - windowMs).toISOString(),
    validation_end: call.now.toISOString(),
  };
}
