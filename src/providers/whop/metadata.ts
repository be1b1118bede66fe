import { z } from 'zod';

/** What Whop has no field for, kept in the metadata of its objects. Never seen outside this adapter. */
export const keptKeys = {
  /** The id that we chose for a product: Whop gives its own. */
  object: 'baisa_object',
  lookupKey: 'baisa_lookup_key',
  taxBehavior: 'baisa_tax_behavior',
  /** Our id of a session in which somebody subscribes. */
  reference: 'baisa_reference',
  /** ISO 8601: Whop's checkouts do not end by themselves. */
  expiresAt: 'baisa_expires_at',
} as const;

const kept: ReadonlySet<string> = new Set(Object.values(keptKeys));

const record = z.record(z.string(), z.unknown());

/** Metadata as text: Whop takes numbers and booleans too, which are none of ours. */
export function textMetadata(metadata: unknown): Readonly<Record<string, string>> {
  const parsed = record.safeParse(metadata);
  if (!parsed.success) return {};
  return Object.fromEntries(
    Object.entries(parsed.data).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Without what only this adapter keeps there. */
export const ownMetadata = (metadata: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(textMetadata(metadata)).filter(([key]) => !kept.has(key)));
