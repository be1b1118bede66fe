import { z } from 'zod';
import type { InboxEvent, PrismaClient } from '../../database/generated/client.ts';
import type { ClaimedEvent, Inbox } from '../../delivery/inbox.ts';
import { conflict, errorMessage, notFound } from '../../errors.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime } from '../schemas.ts';

export interface EventRouteDependencies {
  readonly prisma: PrismaClient;
  readonly inbox: Inbox;
  /** Tells the worker that something may be due. */
  readonly wakeInbox: () => void;
  /** What an event's own words mean to us, without asking its provider; left out: nobody knows. Throws for what cannot be read. */
  readonly readEvent?: (event: ClaimedEvent) => unknown;
}

const statuses = z.enum(['received', 'done', 'ignored', 'parked']).meta({
  description:
    '`received`: waiting or being worked on. `done`: applied. `ignored`: genuine, but nothing of ours. `parked`: not applied; a person has to look.',
});

const eventAnswer = z
  .object({
    id: id('inboxEvent'),
    provider: z.string(),
    account: z.string(),
    eventId: z.string().meta({ description: 'The provider’s own id of the event.' }),
    type: z.string(),
    status: statuses,
    reason: z
      .string()
      .nullable()
      .meta({ description: 'A stable code, a colon, a sentence.', example: 'amount_mismatch: …' }),
    attempts: z.number().int(),
    occurredAt: isoTime,
    receivedAt: isoTime,
    dueAt: isoTime.meta({ description: 'When it is tried again, while it is `received`.' }),
    handledAt: isoTime.nullable(),
  })
  .meta({ id: 'Event' });

const eventJson = (event: InboxEvent) => ({
  id: event.id,
  provider: event.provider,
  account: event.account,
  eventId: event.eventId,
  type: event.type,
  status: statuses.parse(event.status),
  reason: event.reason,
  attempts: event.attempts,
  occurredAt: event.occurredAt.toISOString(),
  receivedAt: event.receivedAt.toISOString(),
  dueAt: event.dueAt.toISOString(),
  handledAt: event.handledAt?.toISOString() ?? null,
});

const detailAnswer = eventAnswer
  .extend({
    payload: z.unknown(),
    translation: z.unknown().meta({
      description:
        'What its own words mean to us: a fact; a hint, whose object is read at the provider when it is applied; or why nothing is made of it.',
    }),
  })
  .meta({ id: 'EventWithPayload' });

function translationOf(read: EventRouteDependencies['readEvent'], event: ClaimedEvent): unknown {
  try {
    return read?.(event) ?? null;
  } catch (error) {
    return { kind: 'unreadable', reason: errorMessage(error) };
  }
}

const params = z.strictObject({ id: z.string().min(1).max(255) });
const tag = 'Events';

/** The inbox: what providers told us and what became of it. */
export function createEventRoutes({ prisma, inbox, wakeInbox, readEvent }: EventRouteDependencies): Route[] {
  /** By our id, or by the provider's own, which is what an operator has at hand. */
  const find = async (given: string): Promise<InboxEvent> => {
    const event = await prisma.inboxEvent.findFirst({ where: { OR: [{ id: given }, { eventId: given }] } });
    if (!event) throw notFound('event');
    return event;
  };
  return [
    defineRoute({
      method: 'get',
      path: '/v1/events',
      summary: 'List what providers told us, newest first',
      tag,
      roles: ['platform'],
      query: z.strictObject({ ...pageQuery, status: statuses.optional(), type: z.string().max(100).optional() }),
      responses: { 200: pageAnswer(eventAnswer) },
      handle: async ({ query: { limit, after, status, type } }) => {
        const before = decodeCursor(after);
        const events = await prisma.inboxEvent.findMany({
          where: {
            ...(status === undefined ? {} : { status }),
            ...(type === undefined ? {} : { type }),
            ...(before === undefined ? {} : { id: { lt: before } }),
          },
          orderBy: { id: 'desc' },
          take: limit + 1,
        });
        const page = pageOf(events, limit, (event) => event.id);
        return { status: 200, body: { data: page.data.map(eventJson), next: page.next } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/events/:id',
      summary: 'Read an event with its payload',
      tag,
      roles: ['platform'],
      params,
      responses: { 200: detailAnswer },
      handle: async ({ params }) => {
        const event = await find(params.id);
        const stored = await prisma.inboxPayload.findUniqueOrThrow({ where: { id: event.id } });
        const payload: unknown = JSON.parse(Buffer.from(stored.payload).toString('utf8'));
        const translation = translationOf(readEvent, { ...event, payload: Buffer.from(stored.payload) });
        return { status: 200, body: { ...eventJson(event), payload, translation } };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/events/:id/replay',
      summary: 'Apply an event again',
      description:
        'Harmless for what was applied: the fact is posted once. Useful for what was parked, once its cause is gone.',
      tag,
      roles: ['platform'],
      params,
      responses: { 202: eventAnswer },
      handle: async ({ params }) => {
        const event = await find(params.id);
        if (!(await inbox.replay(event.id)))
          throw conflict('event_in_progress', 'The event is being worked on right now.');
        wakeInbox();
        return { status: 202, body: eventJson(await find(event.id)) };
      },
    }),
  ];
}
