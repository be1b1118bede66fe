import Stripe from 'stripe';
import { z } from 'zod';

/**
 * The thin events that are heard, whose delivery says only that something happened. They come from event destinations, never from
 * the endpoints that `router.ts` subscribes.
 */
export const notificationTypes = [
  'v1.billing.meter.error_report_triggered',
  'v1.billing.meter.no_meter_found',
] as const satisfies readonly Stripe.V2.Core.EventNotification['type'][];

const heard: ReadonlySet<string> = new Set(notificationTypes);

export const isNotificationType = (type: string): boolean => heard.has(type);

const notificationSchema = z.object({
  object: z.literal('v2.core.event'),
  id: z.string(),
  type: z.string(),
  livemode: z.boolean(),
  created: z.iso.datetime({ offset: true }),
  context: z.string().nullish(),
});

export interface Notification {
  readonly id: string;
  readonly type: string;
  readonly livemode: boolean;
  readonly occurredAt: Date;
  /** The connected account that it is of; undefined for the endpoint's own. */
  readonly account: string | undefined;
}

const toleranceSeconds = 300;

/** The notification of a body signed with any of the route's secrets; null when none fits, or the body is none. */
export function verifyNotification(
  body: Buffer,
  signature: string | undefined,
  secrets: readonly string[],
  now: Date,
): Notification | null {
  if (!signature || !body.includes('"v2.core.event"')) return null;
  const text = body.toString('utf8');
  if (!secrets.some((secret) => isSigned(text, signature, secret, now))) return null;
  const parsed = notificationSchema.safeParse(parse(text));
  if (!parsed.success) return null;
  const { id, type, livemode, created, context } = parsed.data;
  // A context may lead through an organization: `org_1/acct_2`.
  return { id, type, livemode, occurredAt: new Date(created), account: context?.split('/').at(-1) };
}

function isSigned(text: string, signature: string, secret: string, now: Date): boolean {
  try {
    Stripe.webhooks.signature?.verifyHeader(text, signature, secret, toleranceSeconds, undefined, now.getTime());
    return Stripe.webhooks.signature !== undefined;
  } catch {
    // Another secret may fit. Why it did not is not told: it would help only a forger.
    return false;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
