import { z } from 'zod';
import type { OutgoingDelivery, WebhookEndpoint } from '../../database/generated/client.ts';
import { eventTypeNames } from '../../outgoing/event-types.ts';
import type { Outgoing } from '../../outgoing/outgoing.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime, line, webUrl } from '../schemas.ts';

export interface WebhookEndpointRouteDependencies {
  readonly outgoing: Outgoing;
}

const endpointAnswer = z
  .object({
    id: id('webhookEndpoint'),
    agencyId: id('agency'),
    url: z.string(),
    description: z.string().nullable(),
    eventTypes: z.array(z.string()),
    disabledAt: isoTime.nullable(),
    disabledReason: z.string().nullable(),
    createdAt: isoTime,
  })
  .meta({ id: 'WebhookEndpoint' });

const withSecret = endpointAnswer
  .extend({ secret: z.string().meta({ description: 'Shown here and nowhere else, ever.', example: 'whsec_...' }) })
  .meta({ id: 'NewWebhookEndpoint' });

const endpointJson = (endpoint: WebhookEndpoint) => ({
  id: endpoint.id,
  agencyId: endpoint.agencyId,
  url: endpoint.url,
  description: endpoint.description,
  eventTypes: endpoint.eventTypes,
  disabledAt: endpoint.disabledAt?.toISOString() ?? null,
  disabledReason: endpoint.disabledReason,
  createdAt: endpoint.createdAt.toISOString(),
});

const deliveryAnswer = z
  .object({
    id: id('outgoingDelivery').meta({ description: 'Sent as `webhook-id`, the same at every try.' }),
    type: z.string(),
    status: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.int(),
    nextAttemptAt: isoTime.nullable(),
    responseStatus: z.int().nullable(),
    error: z.string().nullable(),
    body: z.string().meta({ description: 'What is sent: JSON of type, timestamp and data.' }),
    createdAt: isoTime,
    deliveredAt: isoTime.nullable(),
  })
  .meta({ id: 'OutgoingDelivery' });

const deliveryJson = (delivery: OutgoingDelivery) => {
  const status = deliveryAnswer.shape.status.parse(delivery.status);
  return {
    id: delivery.id,
    type: delivery.type,
    status,
    attempts: delivery.attempts,
    nextAttemptAt: status === 'pending' ? delivery.dueAt.toISOString() : null,
    responseStatus: delivery.responseStatus,
    error: delivery.lastError,
    body: delivery.body,
    createdAt: delivery.createdAt.toISOString(),
    deliveredAt: delivery.deliveredAt?.toISOString() ?? null,
  };
};

const params = z.strictObject({ id: id('webhookEndpoint') });
const roles = ['platform', 'agency'] as const;
const tag = 'Outgoing webhooks';

/** Events to an agency's own systems, signed by the Standard Webhooks scheme. */
export function createWebhookEndpointRoutes({ outgoing }: WebhookEndpointRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/webhook-endpoints',
      summary: 'Hear of events',
      description:
        'Each event is posted as JSON `{ type, timestamp, data }` with the headers of the Standard Webhooks scheme, and tried again ' +
        'for a day until a 2xx answers. Verify it with the secret, which is in this answer and nowhere else. Types: ' +
        `${eventTypeNames.map((name) => `\`${name}\``).join(', ')}.`,
      tag,
      roles,
      carriesSecret: true,
      body: z.strictObject({
        agencyId: id('agency').optional(),
        url: webUrl,
        eventTypes: z.array(z.string().min(1).max(100)).min(1).max(100).default(['*']),
        description: line(200).optional(),
      }),
      responses: { 201: withSecret },
      handle: async ({ scope, body, request }) => {
        const { endpoint, secret } = await outgoing.createEndpoint(scope, {
          agencyId: body.agencyId,
          url: body.url,
          eventTypes: body.eventTypes,
          description: body.description,
          requestId: request.idempotency?.requestId,
        });
        return { status: 201, body: { ...endpointJson(endpoint), secret } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/webhook-endpoints',
      summary: 'List webhook endpoints, newest first',
      tag,
      roles,
      query: z.strictObject(pageQuery),
      responses: { 200: pageAnswer(endpointAnswer) },
      handle: async ({ scope, query: { limit, after } }) => {
        const rows = await outgoing.listEndpoints(scope, { limit: limit + 1, after: decodeCursor(after) });
        const page = pageOf(rows, limit, (endpoint) => endpoint.id);
        return { status: 200, body: { data: page.data.map(endpointJson), next: page.next } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/webhook-endpoints/:id',
      summary: 'Read a webhook endpoint',
      tag,
      roles,
      params,
      responses: { 200: endpointAnswer },
      handle: async ({ scope, params }) => ({
        status: 200,
        body: endpointJson(await outgoing.findEndpoint(scope, params.id)),
      }),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/webhook-endpoints/:id',
      summary: 'Hear no more',
      tag,
      roles,
      params,
      responses: { 204: z.undefined() },
      handle: async ({ scope, params }) => {
        await outgoing.deleteEndpoint(scope, params.id);
        return { status: 204, body: undefined };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/webhook-endpoints/:id/rotate-secret',
      summary: 'Make a new secret',
      description: 'For a day both sign, each with a signature of its own in one header.',
      tag,
      roles,
      carriesSecret: true,
      params,
      responses: { 200: withSecret },
      handle: async ({ scope, params }) => {
        const { endpoint, secret } = await outgoing.rotateSecret(scope, params.id);
        return { status: 200, body: { ...endpointJson(endpoint), secret } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/webhook-endpoints/:id/deliveries',
      summary: 'What was sent, newest first',
      tag,
      roles,
      params,
      query: z.strictObject(pageQuery),
      responses: { 200: pageAnswer(deliveryAnswer) },
      handle: async ({ scope, params, query: { limit, after } }) => {
        const page = { limit: limit + 1, after: decodeCursor(after) };
        const rows = await outgoing.listDeliveries(scope, params.id, page);
        const { data, next } = pageOf(rows, limit, (delivery) => delivery.id);
        return { status: 200, body: { data: data.map(deliveryJson), next } };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/webhook-endpoints/:id/deliveries/:deliveryId/redeliver',
      summary: 'Send a delivery once more',
      tag,
      roles,
      params: params.extend({ deliveryId: id('outgoingDelivery') }),
      responses: { 200: deliveryAnswer },
      handle: async ({ scope, params }) => ({
        status: 200,
        body: deliveryJson(await outgoing.redeliver(scope, { endpointId: params.id, deliveryId: params.deliveryId })),
      }),
    }),
  ];
}
