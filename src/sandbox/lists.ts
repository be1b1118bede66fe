import type Stripe from 'stripe';
import type { DocumentKind, DocumentTypes } from './document-types.ts';
import type { DocumentStore } from './documents.ts';
import { invalidRequest } from './failure.ts';

export interface ListRequest {
  readonly limit?: number | undefined;
  readonly starting_after?: string | undefined;
  readonly ending_before?: string | undefined;
  readonly created?:
    | number
    | {
        readonly gt?: number | undefined;
        readonly gte?: number | undefined;
        readonly lt?: number | undefined;
        readonly lte?: number | undefined;
      }
    | undefined;
}

export interface ListFilter {
  /** Links that a document must carry all of. */
  readonly all?: readonly string[];
  /** Links that a document must carry at least one of. */
  readonly any?: readonly string[] | undefined;
  readonly ids?: readonly string[] | undefined;
  /** A further SQL condition over `documents`, without parameters. */
  readonly where?: string | undefined;
  /** Line items are listed as they were given; everything else newest first. */
  readonly oldestFirst?: boolean;
}

const limitDefault = 10;

/**
 * One page, with cursors as in Stripe's API (api/pagination): `starting_after` goes on after an object, `ending_before`
 * comes back from one. Throws 400 `resource_missing` for a cursor that is not there.
 */
export async function listDocuments<Kind extends DocumentKind>(
  store: DocumentStore,
  kind: Kind,
  url: string,
  request: ListRequest,
  filter: ListFilter = {},
): Promise<Stripe.ApiList<DocumentTypes[Kind]>> {
  await store.flush();
  const limit = request.limit ?? limitDefault;
  const values: unknown[] = [store.accountId, kind];
  const conditions = ['account = $1', 'type = $2'];
  const where = (sql: (placeholder: string) => string, value: unknown): void => {
    values.push(value);
    conditions.push(sql(`$${values.length}`));
  };

  if (filter.all && filter.all.length > 0) where((p) => `links @> ${p}`, filter.all);
  if (filter.any) where((p) => `links && ${p}`, filter.any);
  if (filter.ids) where((p) => `id = ANY(${p})`, filter.ids);
  if (filter.where) conditions.push(filter.where);
  const created =
    typeof request.created === 'number' ? { gte: request.created, lte: request.created } : request.created;
  if (created?.gt !== undefined) where((p) => `created > ${p}`, created.gt);
  if (created?.gte !== undefined) where((p) => `created >= ${p}`, created.gte);
  if (created?.lt !== undefined) where((p) => `created < ${p}`, created.lt);
  if (created?.lte !== undefined) where((p) => `created <= ${p}`, created.lte);

  const backwards = request.ending_before !== undefined;
  const descending = (filter.oldestFirst ?? false) === backwards;
  if (request.starting_after !== undefined && backwards) {
    throw invalidRequest('You may only specify one of these parameters: starting_after, ending_before.');
  }
  const cursor = request.starting_after ?? request.ending_before;
  if (cursor !== undefined) {
    const seq = await sequenceOf(store, kind, cursor, backwards ? 'ending_before' : 'starting_after');
    where((p) => `seq ${descending ? '<' : '>'} ${p}`, seq);
  }

  values.push(limit + 1);
  const { rows } = await store.client.query<{ body: DocumentTypes[Kind] }>(
    `SELECT body FROM documents WHERE ${conditions.join(' AND ')}
     ORDER BY seq ${descending ? 'DESC' : 'ASC'} LIMIT $${values.length}`,
    values,
  );
  const page = rows.slice(0, limit).map((row) => row.body);
  if (backwards) page.reverse();
  return { object: 'list', data: page, has_more: rows.length > limit, url };
}

async function sequenceOf(store: DocumentStore, kind: DocumentKind, id: string, param: string): Promise<string> {
  const { rows } = await store.client.query<{ seq: string }>(
    'SELECT seq FROM documents WHERE account = $1 AND type = $2 AND id = $3',
    [store.accountId, kind, id],
  );
  const seq = rows[0]?.seq;
  if (seq === undefined) throw invalidRequest(`No such ${kind}: '${id}'`, { code: 'resource_missing', param });
  return seq;
}
