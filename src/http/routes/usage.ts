import { z } from 'zod';
import type { Meters } from '../../usage/meters.ts';
import type { Usage } from '../../usage/usage.ts';
import { readEvent, usageEventSchema } from '../../usage/usage-event.ts';
import { defineRoute, type Route } from '../route.ts';

export interface UsageRouteDependencies {
  readonly usage: Usage;
  readonly meters: Pick<Meters, 'show'>;
}

const resultAnswer = z
  .object({
    id: z.string().nullable().meta({ description: 'As it was sent; null where none could be read.' }),
    status: z.enum(['accepted', 'duplicate', 'rejected']),
    code: z.string().nullable().meta({ description: 'Why it was rejected.', example: 'unknown_feature' }),
    message: z.string().nullable(),
  })
  .meta({ id: 'UsageResult' });

const { $schema: _, ...eventShape } = z.toJSONSchema(usageEventSchema, { io: 'input' });
/** Read one by one later, so that what is wrong with an event is said of it alone; the document shows what each should be. */
const oneEvent = z.looseObject({}).meta(eventShape);
const manyEvents = z.array(z.unknown().meta(eventShape));

const tag = 'Usage';

/** What clients used. */
export function createUsageRoutes({ usage }: UsageRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/usage',
      summary: 'Record usage: one event, or up to 1,000',
      description:
        'Durable, rated and drawn before the answer, which tells of each event in its place whether it was `accepted`, is a `duplicate`, ' +
        'or was `rejected` and why: the others are recorded all the same. An `id` names one event of an agency for ever. Late events ' +
        'count in the period of their `occurredAt`. A correction is an event with a quantity below zero that names what it `reverses`. ' +
        'CloudEvents 1.0 (`application/cloudevents+json`, `application/cloudevents-batch+json`) are taken too: `subject` is the client, ' +
        '`type` the feature and `time` when it occurred, where `data` does not name them; their identity is `source` and `id`.',
      tag,
      roles: ['platform', 'agency'],
      // Each event carries its own id.
      idempotency: 'none',
      body: z.union([manyEvents, oneEvent]),
      responses: { 200: z.object({ data: z.array(resultAnswer) }).meta({ id: 'UsageResults' }) },
      handle: async ({ scope, body }) => {
        const sent: readonly unknown[] = Array.isArray(body) ? body : [body];
        return { status: 200, body: { data: [...(await usage.ingest(scope, sent.map(readEvent)))] } };
      },
    }),
  ];
}
