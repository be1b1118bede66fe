import { z } from 'zod';
import { invalidField } from '../errors.ts';

/** The two query fields of every list: `z.strictObject({ ...pageQuery, ... })`. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'A whole number from 1 to 100.')
    .default('20')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= 100, 'A whole number from 1 to 100.'),
  after: z.string().min(1).max(500).optional(),
};

/** What a list answers. `next` is null on the last page, else what to send as `after`. */
export const pageAnswer = <Item extends z.ZodType>(item: Item) =>
  z.object({ data: z.array(item), next: z.string().nullable() });

/** Opaque to the client, so that a list may change what it orders by. */
export const encodeCursor = (position: string): string => Buffer.from(position, 'utf8').toString('base64url');

/** Throws `AppError` 422 for an `after` that no list of ours answered. */
export function decodeCursor(after: string | undefined): string | undefined {
  if (after === undefined) return undefined;
  const position = Buffer.from(after, 'base64url').toString('utf8');
  if (encodeCursor(position) !== after) throw invalidField('after', 'invalid_request', 'Not a cursor of this list.');
  return position;
}

/**
 * Cuts a page out of `limit + 1` rows: the one too many only proves that there is a next page.
 * `positionOf` names a row's place in the order of the list.
 */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  positionOf: (row: Row) => string,
): { data: Row[]; next: string | null } {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return { data, next: rows.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : null };
}
