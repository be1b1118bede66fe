import type Whop from '@whop/sdk';
import type { AccountRef } from '../port.ts';
import { pageSize, refused, type WhopCalls } from './whop-calls.ts';

/**
 * Has Whop tell of an account at an address. The secret is in the answer of the creation only, so that what told there before is
 * removed: its secret may be lost. `v1` is the envelope of Standard Webhooks.
 */
export async function listenAt(
  calls: WhopCalls,
  account: AccountRef,
  url: string,
  eventTypes: readonly string[],
): Promise<{ readonly secret: string }> {
  const there = await calls.list(account, (whop) => whop.webhooks.list({ company_id: account.id, first: pageSize }));
  for (const webhook of there) {
    if (webhook.url === url) await calls.write(account, (whop) => whop.webhooks.delete(webhook.id));
  }
  const params = {
    url,
    resource_id: account.id,
    api_version: 'v1',
    enabled: true,
    events: eventTypes.map(knownEvent),
  } satisfies Whop.WebhookCreateParams;
  const made = await calls.write(account, (whop) => whop.webhooks.create(params));
  return { secret: made.webhook_secret };
}

/** What can be subscribed to here; another name would be a mistake of ours. */
const subscribable = [
  'payment.succeeded',
  'payment.failed',
  'payment.pending',
  'refund.created',
  'refund.updated',
  'dispute.created',
  'dispute.updated',
  'membership.activated',
  'membership.deactivated',
  'membership.cancel_at_period_end_changed',
  'payout_account.status_updated',
  'verification.succeeded',
  'identity_profile.approved',
  'identity_profile.rejected',
  'identity_profile.needs_action',
  'identity_profile.updated',
] as const satisfies readonly Whop.WebhookEvent[];

function knownEvent(type: string): (typeof subscribable)[number] {
  const found = subscribable.find((name) => name === type);
  if (!found) throw refused('unknown_event', `${type} is not heard`);
  return found;
}
