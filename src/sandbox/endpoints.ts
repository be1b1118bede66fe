import type Stripe from 'stripe';
import type { DocumentStore } from './documents.ts';

/** What a delivery needs to know of an endpoint and its document does not show. */
export interface EndpointSetting {
  readonly secret: string;
  readonly connect: boolean;
  readonly apiVersion: string;
}

/** Saves an endpoint as it is shown and as deliveries use it. Without `setting`, its secret and version stay. */
export async function saveEndpoint(
  store: DocumentStore,
  endpoint: Stripe.WebhookEndpoint,
  setting?: EndpointSetting,
): Promise<void> {
  store.save('webhook_endpoint', endpoint);
  const enabled = endpoint.status === 'enabled';
  if (!setting) {
    await store.client.query('UPDATE endpoints SET url = $2, enabled = $3, enabled_events = $4 WHERE id = $1', [
      endpoint.id,
      endpoint.url,
      enabled,
      endpoint.enabled_events,
    ]);
    return;
  }
  await store.client.query(
    `INSERT INTO endpoints (account, id, url, secret, connect, enabled, enabled_events, api_version)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (id) DO UPDATE SET url = excluded.url, secret = excluded.secret, connect = excluded.connect,
       enabled = excluded.enabled, enabled_events = excluded.enabled_events, api_version = excluded.api_version`,
    [
      store.accountId,
      endpoint.id,
      endpoint.url,
      setting.secret,
      setting.connect,
      enabled,
      endpoint.enabled_events,
      setting.apiVersion,
    ],
  );
}

/** The endpoint of this account that delivers to `url`, if there is one. */
export async function findEndpointByUrl(
  store: DocumentStore,
  url: string,
  connect: boolean,
): Promise<Stripe.WebhookEndpoint | undefined> {
  const { rows } = await store.client.query<{ id: string }>(
    'SELECT id FROM endpoints WHERE account = $1 AND url = $2 AND connect = $3 ORDER BY id LIMIT 1',
    [store.accountId, url, connect],
  );
  const id = rows[0]?.id;
  return id === undefined ? undefined : store.find('webhook_endpoint', id);
}

export async function removeEndpoint(store: DocumentStore, id: string): Promise<void> {
  await store.remove('webhook_endpoint', id);
  await store.client.query('DELETE FROM endpoints WHERE id = $1', [id]);
}
