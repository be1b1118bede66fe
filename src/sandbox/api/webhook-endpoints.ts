import Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { clientIdOf } from '../connections.ts';
import { removeEndpoint, saveEndpoint } from '../endpoints.ts';
import { invalidRequest } from '../failure.ts';
import { newStripeId, newWebhookSecret } from '../identifiers.ts';
import { listDocuments } from '../lists.ts';
import {
  emptyable,
  flag,
  list,
  mergeMetadata,
  metadata,
  paging,
  parameters,
  type Rules,
  text,
  webAddress,
} from '../parameters.ts';
import { type Route, route } from '../route.ts';

const endpointCreate = parameters({
  api_version: z.literal(Stripe.API_VERSION).optional(),
  connect: flag.optional(),
  description: emptyable(text).optional(),
  enabled_events: list(text),
  metadata: emptyable(metadata).optional(),
  url: webAddress,
} satisfies Rules<Stripe.WebhookEndpointCreateParams>);

const endpointUpdate = parameters({
  description: emptyable(text).optional(),
  disabled: flag.optional(),
  enabled_events: list(text).optional(),
  metadata: emptyable(metadata).optional(),
  url: webAddress.optional(),
} satisfies Rules<Stripe.WebhookEndpointUpdateParams>);

/** docs.stripe.com/webhooks: at most 16 endpoints per account. */
const endpointsMax = 16;

export const buildEndpoint = (
  call: Call,
  setting: {
    readonly url: string;
    readonly enabledEvents: readonly string[];
    readonly connect: boolean;
    readonly apiVersion: string | null;
    readonly description: string | null;
    readonly metadata: Stripe.Metadata;
  },
): Stripe.WebhookEndpoint => ({
  id: newStripeId('we'),
  object: 'webhook_endpoint',
  api_version: setting.apiVersion,
  application: setting.connect ? clientIdOf(call.account.id) : null,
  created: call.nowSeconds,
  description: setting.description,
  enabled_events: [...setting.enabledEvents],
  livemode: false,
  metadata: setting.metadata,
  status: 'enabled',
  url: setting.url,
});

/** The secret is in this answer and in no other. */
async function createEndpoint(call: Call, params: z.output<typeof endpointCreate>): Promise<Stripe.WebhookEndpoint> {
  if ((await call.store.linked('webhook_endpoint', [])).length >= endpointsMax) {
    throw invalidRequest(`You have reached the maximum of ${endpointsMax} test webhook endpoints.`);
  }
  const secret = newWebhookSecret();
  const connect = params.connect ?? false;
  const endpoint = buildEndpoint(call, {
    url: params.url,
    enabledEvents: params.enabled_events,
    connect,
    apiVersion: params.api_version ?? null,
    description: params.description ?? null,
    metadata: mergeMetadata({}, params.metadata),
  });
  await saveEndpoint(call.store, endpoint, {
    secret,
    connect,
    apiVersion: params.api_version ?? Stripe.API_VERSION,
  });
  return { ...endpoint, secret };
}

async function updateEndpoint(
  call: Call,
  params: z.output<typeof endpointUpdate>,
  id: string,
): Promise<Stripe.WebhookEndpoint> {
  const endpoint = await call.store.lock('webhook_endpoint', id, 'id');
  const updated: Stripe.WebhookEndpoint = {
    ...endpoint,
    description: params.description === undefined ? endpoint.description : params.description,
    enabled_events: params.enabled_events ?? endpoint.enabled_events,
    metadata: mergeMetadata(endpoint.metadata, params.metadata),
    status: params.disabled === undefined ? endpoint.status : params.disabled ? 'disabled' : 'enabled',
    url: params.url ?? endpoint.url,
  };
  await saveEndpoint(call.store, updated);
  return updated;
}

async function deleteEndpoint(call: Call, id: string): Promise<Stripe.DeletedWebhookEndpoint> {
  await call.store.lock('webhook_endpoint', id, 'id');
  await removeEndpoint(call.store, id);
  return { id, object: 'webhook_endpoint', deleted: true };
}

const collection = '/v1/webhook_endpoints';

export const webhookEndpointRoutes: readonly Route[] = [
  route('POST', collection, endpointCreate, createEndpoint),
  route('GET', `${collection}/:id`, parameters({}), (call, _params, id) =>
    call.store.get('webhook_endpoint', id, 'id'),
  ),
  route('POST', `${collection}/:id`, endpointUpdate, updateEndpoint),
  route('DELETE', `${collection}/:id`, parameters({}), (call, _params, id) => deleteEndpoint(call, id)),
  route('GET', collection, parameters({ ...paging }), (call, params) =>
    listDocuments(call.store, 'webhook_endpoint', collection, params),
  ),
];
