import type Whop from '@whop/sdk';
import { z } from 'zod';
import type { Translation } from '../translation.ts';

/**
 * The envelope of every event (docs.whop.com/developer/guides/webhooks). Webhooks of newer versions name the account otherwise; both
 * names are read.
 */
const envelope = z
  .looseObject({
    type: z.string(),
    timestamp: z.iso.datetime({ offset: true }).transform((time) => new Date(time)),
    company_id: z.string().nullish(),
    account_id: z.string().nullish(),
    data: z.looseObject({}),
  })
  .transform(({ type, timestamp, company_id, account_id, data }) => ({
    type,
    occurredAt: timestamp,
    /** Null where the event does not say. */
    account: account_id ?? company_id ?? null,
    data,
  }));

export type WhopEvent = z.output<typeof envelope>;

/** Null for what is no event. */
export function readWhopEvent(body: string): WhopEvent | null {
  try {
    return envelope.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null;
  }
}

/** What a translator may know besides the event. */
export interface WhopContext {
  /** Whop's id of the account that the event came from, as its webhook's secret proves. */
  readonly accountId: string;
}

/** No card is saved or held at Whop, nothing is metered, and no fee has events of its own: those hints cannot come of it. */
export type WhopTranslation = Exclude<
  Translation,
  {
    kind:
      | 'setup_hint'
      | 'card_hint'
      | 'hold_hint'
      | 'subscription_setup_hint'
      | 'meter_hint'
      | 'late_failure_hint'
      | 'fee_return_hint';
  }
>;

/** Pure. Throws `SyntaxError` for data that is not what its type promises. */
export type WhopTranslator = (event: WhopEvent, context: WhopContext) => WhopTranslation;

export type WhopEventType = Whop.WebhookEvent;

/** Metadata as text; what somebody else keeps there in other forms is none of ours. */
const metadata = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((record): Readonly<Record<string, string>> | null =>
    record
      ? Object.fromEntries(
          Object.entries(record).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
        )
      : null,
  );

const payment = z.object({
  id: z.string(),
  metadata,
  failure_message: z.string().nullish(),
  last_payment_attempt: z.string().nullish(),
  membership: z.object({ id: z.string() }).nullish(),
});

export function paymentOf({ type, data }: WhopEvent): z.output<typeof payment> {
  const parsed = payment.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new SyntaxError(`the data of ${type} is no payment`);
}

const reversal = z.object({ id: z.string(), payment: z.object({ id: z.string() }).nullish() });

/** The payment that a refund or a dispute is of; null where it names none. */
export function paymentOfReversal({ type, data }: WhopEvent): string | null {
  const parsed = reversal.safeParse(data);
  if (parsed.success) return parsed.data.payment?.id ?? null;
  throw new SyntaxError(`the data of ${type} is no refund and no dispute`);
}

const membership = z.object({ id: z.string(), metadata });

export function membershipOf({ type, data }: WhopEvent): z.output<typeof membership> {
  const parsed = membership.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new SyntaxError(`the data of ${type} is no membership`);
}
