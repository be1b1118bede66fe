import { z } from 'zod';

/** What the bench's processes say to each other. */

export const eventSeries = z.object({
  /** Distinguishes the ids of this series from others'. */
  name: z.string(),
  count: z.number().int().positive(),
  agencyId: z.string(),
  /** Order ids are `<orderPrefix><index>`. */
  orderPrefix: z.string(),
  /** Minor units, and the lower-case code. */
  amount: z.number().int(),
  currency: z.string(),
  secret: z.string(),
});
export type EventSeries = z.output<typeof eventSeries>;

export const loadRequest = z.object({
  origin: z.string(),
  series: eventSeries,
  connections: z.number().int().positive(),
  /** Null: as fast as the connections allow. */
  perSecond: z.number().positive().nullable(),
});
export const loadAnswer = z.object({ seconds: z.number(), accepted: z.number(), latenciesMs: z.array(z.number()) });
export type LoadAnswer = z.output<typeof loadAnswer>;

export const baselineRequest = z.object({
  databaseUrl: z.string(),
  series: eventSeries,
  inFlight: z.number().int().positive(),
});
export const baselineAnswer = z.object({ seconds: z.number() });
export type BaselineAnswer = z.output<typeof baselineAnswer>;

export const receiverRequest = z.object({ databaseUrl: z.string(), secret: z.string() });
export const receiverAnswer = z.object({ origin: z.string() });
export type ReceiverAnswer = z.output<typeof receiverAnswer>;

export const serviceRequest = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('start'), databaseUrl: z.string(), dataDir: z.string() }),
  z.object({ ask: z.literal('settle') }),
]);
export const serviceAnswer = z.object({ origin: z.string(), secret: z.string() });
export type ServiceAnswer = z.output<typeof serviceAnswer>;
