import type Whop from '@whop/sdk';
import { z } from 'zod';
import type { WhopCall } from '../call.ts';
import { newWebhookSecret, newWhopId } from '../ids.ts';
import { listQuery, parameters, requiredQuery, type WhopRoute } from '../route.ts';

/** Those that a webhook of this sandbox can be made for; it sends the first six kinds. */
const events = [
  'payment.succeeded',
  'payment.failed',
  'membership.activated',
  'membership.deactivated',
  'membership.cancel_at_period_end_changed',
  'payout_account.status_updated',
  'payment.pending',
  'refund.created',
  'refund.updated',
  'dispute.created',
  'dispute.updated',
  'verification.succeeded',
  'identity_profile.approved',
  'identity_profile.rejected',
  'identity_profile.needs_action',
  'identity_profile.updated',
] as const satisfies readonly Whop.WebhookEvent[];

export const endpointSchema = z.strictObject({
  url: z.url(),
  resource_id: z.string(),
  api_version: z.literal('v1'),
  enabled: z.boolean().optional(),
  events: z.array(z.enum(events)).min(1),
});

export type WhopEndpoint = z.output<typeof endpointSchema>;

export async function saveWebhook(
  call: WhopCall,
  given: WhopEndpoint,
  secret: string,
): Promise<Whop.WebhookCreateResponse> {
  const made: Whop.WebhookCreateResponse = {
    id: newWhopId('hook'),
    api_version: given.api_version,
    child_resource_events: false,
    created_at: call.isoNow,
    enabled: given.enabled ?? true,
    events: given.events,
    resource_id: given.resource_id,
    testable_events: [],
    url: given.url,
    webhook_secret: secret,
  };
  await call.save('webhook', given.resource_id, made);
  return made;
}

/** All but the secret, which only the creation answers. */
const listItem = ({
  webhook_secret: _,
  resource_id: __,
  testable_events: ___,
  ...webhook
}: Whop.WebhookCreateResponse) => webhook satisfies Whop.WebhookListResponse;

export const webhookRoutes: readonly WhopRoute[] = [
  {
    method: 'POST',
    path: '/webhooks',
    run: async (call, { body }) => {
      const given = parameters(endpointSchema, body);
      await call.requireReach(given.resource_id);
      return saveWebhook(call, given, newWebhookSecret());
    },
  },
  {
    method: 'GET',
    path: '/webhooks',
    run: async (call, { query }) => {
      const account = await call.requireReach(requiredQuery(query, 'company_id'));
      const page = await call.page('webhook', account, listQuery(query, ['company_id']));
      return { ...page, data: page.data.map(listItem) };
    },
  },
  {
    method: 'DELETE',
    path: '/webhooks/:id',
    run: async (call, { id }) => {
      await call.get('webhook', id);
      await call.remove('webhook', id);
      return true;
    },
  },
];
