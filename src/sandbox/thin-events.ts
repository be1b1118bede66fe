import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { newStripeId } from './identifiers.ts';

export type MeterErrors = Extract<Stripe.V2.Core.Event, { type: 'v1.billing.meter.error_report_triggered' }>['data'];

export type ThinEventType = 'v1.billing.meter.error_report_triggered' | 'v1.billing.meter.no_meter_found';

/** An event whose delivery says only that it happened; the rest is had by fetching it. */
export interface ThinEvent {
  readonly object: 'v2.core.event';
  readonly id: string;
  readonly created: string;
  readonly livemode: boolean;
  readonly type: ThinEventType;
  readonly related_object: { readonly id: string; readonly type: string; readonly url: string } | null;
  readonly data: MeterErrors;
}

export const buildThinEvent = ({
  type,
  data,
  meterId,
  now,
}: {
  readonly type: ThinEventType;
  readonly data: MeterErrors;
  readonly meterId: string | null;
  readonly now: Date;
}): ThinEvent => ({
  object: 'v2.core.event',
  id: newStripeId('evt_test'),
  created: now.toISOString(),
  livemode: false,
  type,
  related_object:
    meterId === null ? null : { id: meterId, type: 'billing.meter', url: `/v1/billing/meters/${meterId}` },
  data,
});

export const isThin = (event: Stripe.EventBase | ThinEvent): event is ThinEvent => event.object === 'v2.core.event';

/** What is delivered: `context` names the account where it is not the endpoint's own. */
export const notificationOf = ({ data, ...event }: ThinEvent, accountId: string | null): object => ({
  ...event,
  ...(accountId === null ? {} : { context: accountId }),
});

/** The whole event. Throws 404. */
export async function fetchThinEvent(call: Call, id: string): Promise<ThinEvent> {
  return (await call.store.get('thin_event', id, 'id')).event;
}
