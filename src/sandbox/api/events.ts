import type Stripe from 'stripe';
import type { Call } from '../call.ts';
import { invalidRequest } from '../failure.ts';
import { listDocuments } from '../lists.ts';
import { created, flag, list, paging, parameters, type Rules, text } from '../parameters.ts';
import { type Route, route } from '../route.ts';

const eventList = parameters({
  ...paging,
  created: created.optional(),
  delivery_success: flag.optional(),
  type: text.optional(),
  types: list(text).optional(),
} satisfies Rules<Stripe.EventListParams>);

const undelivered = `EXISTS (SELECT FROM deliveries WHERE event_id = documents.id AND deliveries.status <> 'delivered')`;

/** `pending_webhooks` is what has not been answered with 2xx by now, so it is counted at each read. */
async function withPending(call: Call, events: readonly Stripe.EventBase[]): Promise<Stripe.EventBase[]> {
  const { rows } = await call.store.client.query<{ event_id: string; pending: number }>(
    `SELECT event_id, count(DISTINCT endpoint_id)::int AS pending FROM deliveries
     WHERE event_id = ANY($1) AND status <> 'delivered' GROUP BY event_id`,
    [events.map((event) => event.id)],
  );
  const pending = new Map(rows.map((row) => [row.event_id, row.pending]));
  return events.map((event) => ({ ...event, pending_webhooks: pending.get(event.id) ?? 0 }));
}

async function retrieveEvent(call: Call, id: string): Promise<Stripe.EventBase> {
  const event = await call.store.get('event', id, 'id');
  const [counted] = await withPending(call, [event]);
  return counted ?? event;
}

export const eventRoutes: readonly Route[] = [
  route('GET', '/v1/events/:id', parameters({}), (call, _params, id) => retrieveEvent(call, id)),
  route('GET', '/v1/events', eventList, async (call, params) => {
    if (params.type !== undefined && params.types !== undefined) {
      throw invalidRequest('You may only specify one of these parameters: type, types.');
    }
    const types = params.types ?? (params.type === undefined ? undefined : [params.type]);
    const page = await listDocuments(call.store, 'event', '/v1/events', params, {
      any: types?.map((type) => `type:${type}`),
      where:
        params.delivery_success === undefined
          ? undefined
          : params.delivery_success
            ? `NOT ${undelivered}`
            : undelivered,
    });
    return { ...page, data: await withPending(call, page.data) };
  }),
];
