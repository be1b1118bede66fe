import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { invalidRequest } from '../failure.ts';
import { newStripeId } from '../identifiers.ts';
import { listDocuments } from '../lists.ts';
import { paging, parameters, type Rules, text } from '../parameters.ts';
import { type Route, route } from '../route.ts';

const upTo = (length: number) => text.refine((value) => value.length <= length, `must be at most ${length} characters`);

const displayName = upTo(250);

const meterCreate = parameters({
  default_aggregation: z.strictObject({
    formula: z.enum(['count', 'last', 'sum']),
  } satisfies Rules<Stripe.Billing.MeterCreateParams.DefaultAggregation>),
  display_name: displayName,
  event_name: upTo(100),
  customer_mapping: z
    .strictObject({
      event_payload_key: upTo(100),
      type: z.literal('by_id'),
    } satisfies Rules<Stripe.Billing.MeterCreateParams.CustomerMapping>)
    .optional(),
  event_time_window: z.enum(['day', 'hour']).optional(),
  value_settings: z
    .strictObject({
      event_payload_key: upTo(100),
    } satisfies Rules<Stripe.Billing.MeterCreateParams.ValueSettings>)
    .optional(),
} satisfies Rules<Stripe.Billing.MeterCreateParams>);

/** Nothing else of a meter changes (api/billing/meter/update). */
const meterUpdate = parameters({
  display_name: displayName.optional(),
} satisfies Rules<Stripe.Billing.MeterUpdateParams>);

const meterList = parameters({
  ...paging,
  status: z.enum(['active', 'inactive']).optional(),
} satisfies Rules<Stripe.Billing.MeterListParams>);

async function createMeter(call: Call, params: z.output<typeof meterCreate>): Promise<Stripe.Billing.Meter> {
  await call.store.serialize('meters');
  const [existing] = await call.store.linked('billing.meter', [`event_name:${params.event_name}`]);
  if (existing) {
    throw invalidRequest(`A meter (\`${existing.id}\`) with the event name '${params.event_name}' already exists.`, {
      code: 'resource_already_exists',
      param: 'event_name',
    });
  }
  const meter: Stripe.Billing.Meter = {
    id: newStripeId('mtr_test'),
    object: 'billing.meter',
    created: call.nowSeconds,
    customer_mapping: params.customer_mapping ?? { event_payload_key: 'stripe_customer_id', type: 'by_id' },
    default_aggregation: params.default_aggregation,
    display_name: params.display_name,
    event_name: params.event_name,
    event_time_window: params.event_time_window ?? null,
    livemode: false,
    status: 'active',
    status_transitions: { deactivated_at: null },
    updated: call.nowSeconds,
    value_settings: params.value_settings ?? { event_payload_key: 'value' },
  };
  call.store.save('billing.meter', meter);
  call.emit('billing.meter.created', meter, meter.id);
  return meter;
}

async function renameMeter(
  call: Call,
  params: z.output<typeof meterUpdate>,
  id: string,
): Promise<Stripe.Billing.Meter> {
  const meter = await call.store.lock('billing.meter', id, 'id');
  const renamed: Stripe.Billing.Meter = {
    ...meter,
    display_name: params.display_name ?? meter.display_name,
    updated: call.nowSeconds,
  };
  call.store.save('billing.meter', renamed);
  call.emit('billing.meter.updated', renamed, id);
  return renamed;
}

async function switchMeter(call: Call, id: string, status: 'active' | 'inactive'): Promise<Stripe.Billing.Meter> {
  const meter = await call.store.lock('billing.meter', id, 'id');
  if (meter.status === status) throw invalidRequest(`The meter is already ${status}.`, { param: 'id' });
  const switched: Stripe.Billing.Meter = {
    ...meter,
    status,
    status_transitions: { deactivated_at: status === 'inactive' ? call.nowSeconds : null },
    updated: call.nowSeconds,
  };
  call.store.save('billing.meter', switched);
  call.emit(status === 'active' ? 'billing.meter.reactivated' : 'billing.meter.deactivated', switched, id);
  return switched;
}

/** Throws 404 for a meter that is not there and 400 for a deactivated one, which no new price may use. */
export async function requireActiveMeter(call: Call, id: string, param: string): Promise<void> {
  const meter = await call.store.lock('billing.meter', id, param);
  if (meter.status !== 'active') {
    throw invalidRequest(`The meter \`${id}\` is inactive. Reactivate it before you attach it to a price.`, { param });
  }
}

export const meterRoutes: readonly Route[] = [
  route('POST', '/v1/billing/meters', meterCreate, createMeter),
  route('GET', '/v1/billing/meters/:id', parameters({}), (call, _params, id) =>
    call.store.get('billing.meter', id, 'id'),
  ),
  route('POST', '/v1/billing/meters/:id', meterUpdate, renameMeter),
  route('POST', '/v1/billing/meters/:id/deactivate', parameters({}), (call, _params, id) =>
    switchMeter(call, id, 'inactive'),
  ),
  route('POST', '/v1/billing/meters/:id/reactivate', parameters({}), (call, _params, id) =>
    switchMeter(call, id, 'active'),
  ),
  route('GET', '/v1/billing/meters', meterList, (call, params) =>
    listDocuments(call.store, 'billing.meter', '/v1/billing/meters', params, {
      all: params.status === undefined ? [] : [`status:${params.status}`],
    }),
  ),
];
