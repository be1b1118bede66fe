import Stripe from 'stripe';
import { ProviderError } from '../errors.ts';
import type { WebhookEndpoint, WebhookEndpointsPort } from '../port.ts';
import { pageSize, type StripeCalls } from './stripe-calls.ts';

type EnabledEvent = Stripe.WebhookEndpointCreateParams.EnabledEvent;

/** Stripe does not give back whether an endpoint hears connected accounts, so it is written on it. */
const scopeMetadataKey = 'baisa_scope';

const connectByScope: ReadonlyMap<string | undefined, boolean> = new Map([
  ['connect', true],
  ['account', false],
]);

/** Whether a text has the form of an event type; Stripe itself refuses those it does not know. */
const isEventType = (type: string): type is EnabledEvent => /^[a-z_]+(\.[a-z_]+)+$/.test(type);

function toEnabledEvents(types: readonly string[]): EnabledEvent[] {
  const unknown = types.find((type) => !isEventType(type));
  if (unknown === undefined) return types.filter(isEventType);
  throw new ProviderError({ kind: 'invalid', code: 'event_type', message: `Stripe has no event type "${unknown}"` });
}

const toEndpoint = (endpoint: Stripe.WebhookEndpoint): WebhookEndpoint => ({
  id: endpoint.id,
  url: endpoint.url,
  eventTypes: endpoint.enabled_events,
  apiVersion: endpoint.api_version,
  enabled: endpoint.status === 'enabled',
  connect: connectByScope.get(endpoint.metadata[scopeMetadataKey]) ?? null,
});

/** Endpoints are the platform's own, those for connected accounts too, so that no call names an account. */
export const createWebhookEndpoints = (stripe: Stripe, calls: StripeCalls): WebhookEndpointsPort => ({
  async list() {
    return (await calls.list(() => stripe.webhookEndpoints.list({ limit: pageSize }))).map(toEndpoint);
  },

  async create(endpoint, options) {
    const params = {
      url: endpoint.url,
      enabled_events: toEnabledEvents(endpoint.eventTypes),
      // Payloads follow the endpoint's version, which can never be changed afterwards, and not the SDK's.
      api_version: Stripe.API_VERSION,
      connect: endpoint.connect,
      metadata: { [scopeMetadataKey]: endpoint.connect ? 'connect' : 'account' },
    } satisfies Stripe.WebhookEndpointCreateParams;
    const made = await calls.write('webhook_endpoint', () =>
      stripe.webhookEndpoints.create(params, { idempotencyKey: options.idempotencyKey }),
    );
    if (made.secret === undefined) {
      throw new ProviderError({
        kind: 'invalid',
        code: 'secret_missing',
        message: `Stripe: ${made.id} came without its secret; delete it there and create it again`,
      });
    }
    return { endpoint: toEndpoint(made), secret: made.secret };
  },

  async update(id, change, options) {
    const params = {
      enabled_events: toEnabledEvents(change.eventTypes),
      disabled: !change.enabled,
    } satisfies Stripe.WebhookEndpointUpdateParams;
    return toEndpoint(
      await calls.write('webhook_endpoint', () =>
        stripe.webhookEndpoints.update(id, params, { idempotencyKey: options.idempotencyKey }),
      ),
    );
  },
});
