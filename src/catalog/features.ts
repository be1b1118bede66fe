import { z } from 'zod';
import { aggregations } from './plan-document.ts';

/** Something that a plan grants: consumed (`usage`) or held from month to month (`recurring`). */
export const featureSchema = z.strictObject({
  id: z
    .string()
    .max(60)
    .regex(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/, 'Use lower-case words joined by underscores, such as sms_segments.'),
  name: z.string().trim().min(1).max(100),
  unit: z.string().trim().min(1).max(40),
  kind: z.enum(['usage', 'recurring']),
  /** How the events of a period add up: minutes sum; storage is its peak; seats are what they were last. */
  aggregation: z.enum(aggregations),
});
export type Feature = z.output<typeof featureSchema>;

/** Every agency has these; an agency's own stand beside them and may not take their ids. */
export const builtInFeatures: readonly Feature[] = [
  { id: 'call_minutes', name: 'Call minutes', unit: 'minute', kind: 'usage', aggregation: 'sum' },
  { id: 'messages', name: 'Messages (all channels but WhatsApp)', unit: 'message', kind: 'usage', aggregation: 'sum' },
  {
    id: 'whatsapp_conversations',
    name: 'WhatsApp conversations',
    unit: 'conversation',
    kind: 'usage',
    aggregation: 'sum',
  },
  { id: 'tokens', name: 'Tokens', unit: 'token', kind: 'usage', aggregation: 'sum' },
  { id: 'storage', name: 'Storage', unit: 'gigabyte', kind: 'usage', aggregation: 'max' },
  { id: 'concurrency', name: 'Concurrent calls', unit: 'slot', kind: 'recurring', aggregation: 'max' },
  { id: 'phone_numbers', name: 'Phone numbers', unit: 'number', kind: 'recurring', aggregation: 'last' },
  { id: 'seats', name: 'Seats', unit: 'seat', kind: 'recurring', aggregation: 'last' },
  { id: 'team_members', name: 'Team members', unit: 'member', kind: 'recurring', aggregation: 'last' },
];

const builtInIds: ReadonlySet<string> = new Set(builtInFeatures.map(({ id }) => id));

export const isBuiltInFeature = (id: string): boolean => builtInIds.has(id);

export type FeatureRegistry = ReadonlyMap<string, Feature>;

/** The built-in features and an agency's own, by id. */
export const featureRegistry = (own: readonly Feature[]): FeatureRegistry =>
  new Map([...builtInFeatures, ...own].map((feature) => [feature.id, feature]));
