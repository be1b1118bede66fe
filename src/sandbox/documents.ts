import type { PoolClient } from 'pg';
import { linksOf } from './document-links.ts';
import type { DocumentKind, DocumentTypes } from './document-types.ts';
import { resourceMissing } from './failure.ts';

interface Known<Kind extends DocumentKind> {
  readonly kind: Kind;
  /** Null: known not to be there. */
  readonly body: DocumentTypes[Kind] | null;
}

const isOf = <Kind extends DocumentKind>(known: Known<DocumentKind> | undefined, kind: Kind): known is Known<Kind> =>
  known?.kind === kind;

interface Dirty {
  readonly type: DocumentKind;
  readonly id: string;
  readonly created: number;
  readonly links: readonly string[];
  readonly body: object;
}

/**
 * One account's documents inside one database transaction. Writes gather and go out together in `flush`, so a payment's
 * dozen of objects costs one statement. Bodies are values: change one by saving a copy.
 */
export class DocumentStore {
  readonly client: PoolClient;
  readonly accountId: string;
  readonly #dirty = new Map<string, Dirty>();
  /** What the call wrote, or loaded together for a batch, as it is now. */
  readonly #known = new Map<string, Known<DocumentKind>>();

  constructor(client: PoolClient, accountId: string) {
    this.client = client;
    this.accountId = accountId;
  }

  /**
   * Reads and locks many at once, in the order of their ids, so that a batch does not read one by one: what was loaded is
   * answered from memory from then on, with the call's own changes.
   */
  async load<Kind extends DocumentKind>(kind: Kind, ids: Iterable<string>): Promise<readonly DocumentTypes[Kind][]> {
    const wanted = [...new Set(ids)];
    const missing = wanted.filter((id) => !this.#known.has(`${kind} ${id}`));
    if (missing.length > 0) {
      const { rows } = await this.client.query<{ id: string; body: DocumentTypes[Kind] }>(
        'SELECT id, body FROM documents WHERE account = $1 AND type = $2 AND id = ANY($3) ORDER BY id FOR UPDATE',
        [this.accountId, kind, missing],
      );
      for (const id of missing) this.#known.set(`${kind} ${id}`, { kind, body: null });
      for (const { id, body } of rows) this.#known.set(`${kind} ${id}`, { kind, body });
    }
    return wanted.map((id) => this.#recall(kind, id)).filter((body) => body !== null && body !== undefined);
  }

  #recall<Kind extends DocumentKind>(kind: Kind, id: string): DocumentTypes[Kind] | null | undefined {
    const known = this.#known.get(`${kind} ${id}`);
    return isOf(known, kind) ? known.body : undefined;
  }

  /** The document, or undefined. What the call itself wrote or loaded is answered from memory. */
  async find<Kind extends DocumentKind>(kind: Kind, id: string): Promise<DocumentTypes[Kind] | undefined> {
    const known = this.#recall(kind, id);
    if (known !== undefined) return known ?? undefined;
    const { rows } = await this.client.query<{ body: DocumentTypes[Kind] }>(
      'SELECT body FROM documents WHERE account = $1 AND type = $2 AND id = $3',
      [this.accountId, kind, id],
    );
    return rows[0]?.body;
  }

  /** Like `find`; throws 404 `resource_missing` that names `param`. */
  async get<Kind extends DocumentKind>(kind: Kind, id: string, param: string): Promise<DocumentTypes[Kind]> {
    const body = await this.find(kind, id);
    if (!body) throw resourceMissing(kind, id, param);
    return body;
  }

  /** Like `get`, and no other call changes the document until this one is over. */
  async lock<Kind extends DocumentKind>(kind: Kind, id: string, param: string): Promise<DocumentTypes[Kind]> {
    const known = this.#recall(kind, id);
    if (known) return known;
    const { rows } = await this.client.query<{ body: DocumentTypes[Kind] }>(
      'SELECT body FROM documents WHERE account = $1 AND type = $2 AND id = $3 FOR UPDATE',
      [this.accountId, kind, id],
    );
    const body = rows[0]?.body;
    if (!body) throw resourceMissing(kind, id, param);
    return body;
  }

  /** Makes the calls that use this name wait for each other until this one is over. */
  async serialize(name: string): Promise<void> {
    await this.client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`${this.accountId} ${name}`]);
  }

  /** Creates or replaces. `belongsTo` adds links that the body itself does not show (`session:cs_...`). */
  save<Kind extends DocumentKind>(
    kind: Kind,
    body: DocumentTypes[Kind] & { readonly id: string; readonly created?: number },
    belongsTo: readonly string[] = [],
  ): void {
    const own = linksOf[kind]?.(body) ?? [];
    const name = `${kind} ${body.id}`;
    this.#known.set(name, { kind, body });
    this.#dirty.set(name, {
      type: kind,
      id: body.id,
      created: body.created ?? 0,
      links: [...own, ...belongsTo],
      body,
    });
  }

  /** Whether something was saved and waits for `flush`. */
  get hasChanges(): boolean {
    return this.#dirty.size > 0;
  }

  async remove(kind: DocumentKind, id: string): Promise<void> {
    await this.flush();
    this.#known.set(`${kind} ${id}`, { kind, body: null });
    await this.client.query('DELETE FROM documents WHERE account = $1 AND type = $2 AND id = $3', [
      this.accountId,
      kind,
      id,
    ]);
  }

  /** Documents that carry all of these links, oldest first. */
  async linked<Kind extends DocumentKind>(kind: Kind, links: readonly string[]): Promise<DocumentTypes[Kind][]> {
    await this.flush();
    const { rows } = await this.client.query<{ body: DocumentTypes[Kind] }>(
      'SELECT body FROM documents WHERE account = $1 AND type = $2 AND links @> $3 ORDER BY seq',
      [this.accountId, kind, links],
    );
    return rows.map((row) => row.body);
  }

  async flush(): Promise<void> {
    if (this.#dirty.size === 0) return;
    const documents = JSON.stringify([...this.#dirty.values()]);
    this.#dirty.clear();
    await this.client.query(
      `INSERT INTO documents (account, type, id, created, links, body)
       SELECT $1, type, id, created, links, body
       FROM ROWS FROM (jsonb_to_recordset($2::jsonb) AS (type text, id text, created bigint, links text[], body jsonb))
         WITH ORDINALITY AS row (type, id, created, links, body, position)
       ORDER BY position
       ON CONFLICT (account, type, id) DO UPDATE SET links = excluded.links, body = excluded.body`,
      [this.accountId, documents],
    );
  }
}
