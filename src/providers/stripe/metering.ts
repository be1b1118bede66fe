import { Decimal } from 'decimal.js';
import type Stripe from 'stripe';
import { ProviderError } from '../errors.ts';
import type { MeterDelivery, MeterErrorReport, MeterEvent, MeteringPort } from '../meter-ports.ts';
import type { AccountRef, WriteOptions } from '../port.ts';
import { on, pageSize, type StripeCalls, writeOn } from './stripe-calls.ts';

/** Our meters are made with these; see `meters.ts`. */
const payloadOf = (event: MeterEvent) => ({ stripe_customer_id: event.providerCustomerId, value: event.value });

const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1000);

/** The sentence is all that a repeated identifier is known by: the answer has no code of its own (seen: langfuse#16292). */
const saysItIsThere = /already exists with identifier/i;

const isThere = ({ detail }: ProviderError): boolean => detail.status === 400 && saysItIsThere.test(detail.message);

const reasonOf = ({ kind, detail }: ProviderError) => ({ code: detail.code ?? kind, message: detail.message });

/** Of what we send; a sum of binary fractions has others. */
const decimals = 6;

/** Events of one customer and meter wait for each other; so many customers and meters are sent to side by side. */
const lanesMax = 8;

const reportTypes: ReadonlySet<string> = new Set([
  'v1.billing.meter.error_report_triggered',
  'v1.billing.meter.no_meter_found',
]);

type ErrorReported = Extract<
  Stripe.V2.Core.Event,
  { type: 'v1.billing.meter.error_report_triggered' | 'v1.billing.meter.no_meter_found' }
>;

const isReport = (event: Stripe.V2.Core.Event): event is ErrorReported => reportTypes.has(event.type);

export function createMetering(stripe: Stripe, calls: StripeCalls): MeteringPort {
  const { billing } = stripe;

  const sendOne = async (account: AccountRef, event: MeterEvent, options: WriteOptions): Promise<MeterDelivery> => {
    const params = {
      event_name: event.eventName,
      identifier: event.identifier,
      timestamp: secondsOf(event.at),
      payload: payloadOf(event),
    } satisfies Stripe.Billing.MeterEventCreateParams;
    try {
      await calls.write('billing.meter_event', () => billing.meterEvents.create(params, writeOn(account, options)));
      return { outcome: 'delivered' };
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      if (isThere(error)) return { outcome: 'already' };
      if (error.kind === 'invalid') return { outcome: 'refused', ...reasonOf(error) };
      return { outcome: 'later', mayHaveRun: error.kind === 'indeterminate', ...reasonOf(error) };
    }
  };

  return {
    async send(account, events, keyOf) {
      const answers = new Map<MeterEvent, MeterDelivery>();
      const lanes = [...Map.groupBy(events, (event) => `${event.providerCustomerId} ${event.eventName}`).values()];
      const work = async (): Promise<void> => {
        for (let lane = lanes.shift(); lane; lane = lanes.shift()) {
          for (const event of lane) answers.set(event, await sendOne(account, event, keyOf(event)));
        }
      };
      await Promise.all(Array.from({ length: Math.min(lanesMax, lanes.length) }, work));
      return events.map((event) => {
        const answer = answers.get(event);
        if (!answer) throw new Error(`nothing was said of ${event.identifier}`);
        return answer;
      });
    },

    async cancel(account, { eventName, identifier }, options) {
      const params = {
        event_name: eventName,
        type: 'cancel',
        cancel: { identifier },
      } satisfies Stripe.Billing.MeterEventAdjustmentCreateParams;
      try {
        await calls.write('billing.meter_event_adjustment', () =>
          billing.meterEventAdjustments.create(params, writeOn(account, options)),
        );
        return { outcome: 'canceled' };
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        return { outcome: error.kind === 'invalid' ? 'late' : 'later', ...reasonOf(error) };
      }
    },

    async summaries(account, meterId, providerCustomerId, { from, until }) {
      const params = {
        customer: providerCustomerId,
        start_time: secondsOf(from),
        end_time: secondsOf(until),
        value_grouping_window: 'day',
        limit: pageSize,
      } satisfies Stripe.Billing.MeterListEventSummariesParams;
      const days = await calls.list(() => billing.meters.listEventSummaries(meterId, params, on(account)));
      return days.map((day) => ({
        day: new Date(day.start_time * 1000),
        value: new Decimal(day.aggregated_value).toDecimalPlaces(decimals),
      }));
    },

    async readErrors(account, eventId): Promise<MeterErrorReport> {
      // Calls of the second version take the account as their context, and never both.
      const options = account.platform ? {} : { stripeContext: account.id };
      const event = await calls.readPlain(
        () => stripe.v2.core.events.retrieve(eventId, {}, options),
        ({ object }) => object === 'v2.core.event',
      );
      if (!isReport(event)) return { errors: [] };
      return {
        errors: event.data.reason.error_types.map(({ code, error_count: count, sample_errors: samples }) => ({
          code,
          count,
          samples: samples.map(({ error_message: message, request: { identifier } }) => ({ identifier, message })),
        })),
      };
    },
  };
}
