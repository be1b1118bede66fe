import { hash } from 'node:crypto';
import { Decimal } from 'decimal.js';
import { z } from 'zod';

/** Something that a client used, as whoever counted it tells us. */
export interface UsageEvent {
  /** Unique in the agency: the same again is a duplicate. */
  readonly id: string;
  readonly customerId: string;
  readonly feature: string;
  /** In the feature's unit; below zero only where it reverses. */
  readonly quantity: Decimal;
  /** The end of the call. */
  readonly occurredAt: Date;
  /** The call that the gate let in. */
  readonly sessionId: string | null;
  /** The event that it takes back, in part or whole. */
  readonly reverses: string | null;
}

/** What became of an event that was delivered. */
export interface EventResult {
  /** As it was sent; null where none could be read. */
  readonly id: string | null;
  readonly status: 'accepted' | 'duplicate' | 'rejected';
  readonly code: string | null;
  readonly message: string | null;
}

export const accepted = (id: string): EventResult => ({ id, status: 'accepted', code: null, message: null });
export const duplicate = (id: string): EventResult => ({ id, status: 'duplicate', code: null, message: null });

/** Why an event is rejected: what to do about it. */
export const rejections = {
  unknown_customer: 'There is no such client.',
  unknown_feature: 'There is no such feature: add it by POST /v1/features, or use one that GET /v1/features lists.',
  negative_quantity: 'A quantity is below zero only where the event reverses another: name it in `reverses`.',
  reversal_not_negative: 'A reversal takes back: its quantity is below zero.',
  occurred_in_future: 'occurredAt lies in the future: send the event once it has happened.',
  before_customer: 'occurredAt lies before the client existed.',
  reversed_event_unknown:
    'The event that it reverses is not there, or is another client’s or feature’s: send that one first.',
  reversal_exceeds_event: 'More would be taken back than the event has left.',
  cost_too_large: 'One event may cost less than 1,000,000,000 USD: check its quantity and the price of its plan.',
  event_id_conflict: 'This id was used before for another event: an id names one event for ever.',
} as const satisfies Record<string, string>;
export type Rejection = keyof typeof rejections;

export const rejected = (id: string | null, code: Rejection): EventResult => ({
  id,
  status: 'rejected',
  code,
  message: rejections[code],
});

/** Far less in one event than `NUMERIC(20,6)` holds: a period's totals have to hold the sum of many. */
const quantityPattern = /^-?\d{1,9}(\.\d{1,6})?$/;

/** PostgreSQL keeps neither NUL nor half of a surrogate pair; one such text would fail the others of its batch. */
const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine(
      (written) => written.isWellFormed() && !/\p{Cc}/u.test(written),
      'Write text without control characters or broken surrogate pairs.',
    );

/** One event in our own form. */
export const usageEventSchema = z.strictObject({
  id: text(200),
  customerId: text(100),
  feature: text(60),
  quantity: z
    .string({ error: 'Write the quantity in quotes, such as "1.5": a bare number would lose digits.' })
    .regex(quantityPattern, 'Write a decimal number in quotes with at most 9 digits and 6 decimals, such as "1.5".'),
  occurredAt: z.iso.datetime({ offset: true }),
  sessionId: text(100).optional(),
  reverses: text(200).optional(),
});
/** CloudEvents 1.0 in JSON (github.com/cloudevents/spec, formats/json-format.md). Attributes of extensions pass unread. */
const cloudEventSchema = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(100),
  source: z.string().min(1).max(90),
  type: z.string().min(1).max(200),
  subject: z.string().max(100).optional(),
  time: z.iso.datetime({ offset: true }),
  data: z.strictObject({
    customerId: usageEventSchema.shape.customerId.optional(),
    feature: usageEventSchema.shape.feature.optional(),
    quantity: usageEventSchema.shape.quantity,
    sessionId: usageEventSchema.shape.sessionId,
    reverses: usageEventSchema.shape.reverses,
  }),
});

const isCloudEvent = z.looseObject({ specversion: z.string() });
const named = z.looseObject({ id: z.string().min(1).max(200) });

/** CloudEvents are unique by source and id together. */
const idFrom = (source: string, id: string): string => `${source}#${id}`;

/** An event as it was delivered: its id as the sender knows it, and what it says or why nothing could be made of it. */
export interface Delivered {
  readonly sentId: string | null;
  readonly read: UsageEvent | { readonly refused: string };
}

/**
 * Reads one event, in our own form or as a CloudEvent: its subject is the client where the data name none, its type the feature, its
 * time when it occurred. Never throws: what is wrong is said of this event alone.
 */
export function readEvent(sent: unknown): Delivered {
  const sentId = named.safeParse(sent).data?.id ?? null;
  if (!isCloudEvent.safeParse(sent).success) return { sentId, read: eventOf(sent) };
  const { data: cloud, error } = cloudEventSchema.safeParse(sent);
  if (!cloud) return { sentId, read: refusalOf(error) };
  const { source, id, time, data } = cloud;
  return {
    sentId,
    read: eventOf({
      ...data,
      id: idFrom(source, id),
      customerId: data.customerId ?? cloud.subject,
      feature: data.feature ?? cloud.type,
      occurredAt: time,
      ...(data.reverses === undefined ? {} : { reverses: idFrom(source, data.reverses) }),
    }),
  };
}

function eventOf(sent: unknown): Delivered['read'] {
  const { data, error } = usageEventSchema.safeParse(sent);
  if (!data) return refusalOf(error);
  return {
    id: data.id,
    customerId: data.customerId,
    feature: data.feature,
    quantity: new Decimal(data.quantity),
    occurredAt: new Date(data.occurredAt),
    sessionId: data.sessionId ?? null,
    reverses: data.reverses ?? null,
  };
}

const refusalOf = ({ issues: [first] }: z.ZodError): { readonly refused: string } => ({
  refused: first ? `${first.path.join('.')}: ${first.message}` : 'Not an event.',
});

/** Equal for two events that say the same. */
export const contentHashOf = (event: UsageEvent): string =>
  hash(
    'sha256',
    JSON.stringify([
      event.customerId,
      event.feature,
      event.quantity.toFixed(),
      event.occurredAt.toISOString(),
      event.sessionId,
      event.reverses,
    ]),
    'base64url',
  );
