import { createHash } from 'node:crypto';
import pg from 'pg';

/** So many texts are named at most: what is written anew for each call would otherwise fill the server's memory. */
const namesMax = 1_000;

const names = new Map<string, string>();

/**
 * The name under which a connection keeps the plan of a statement, so that PostgreSQL parses and plans it once and not
 * at every call. The same text has the same name in every process, for poolers that share connections between them.
 * Empty, which is no name, where too many texts have names already.
 */
export function statementName(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= namesMax) return '';
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 24);
  names.set(text, name);
  return name;
}

/** What PostgreSQL says of a kept plan after a migration changed what it reads: a new connection plans anew. */
export const planIsOutdated = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === '0A000' && error.message.includes('cached plan');

/** A connection that prepares each statement with parameters once. Those without run as they are: they may be several. */
class PreparingClient extends pg.Client {}

const query = pg.Client.prototype.query;

// Defined and not overridden: the many forms of `query` stay as the library types them.
Object.defineProperty(PreparingClient.prototype, 'query', {
  value(this: pg.Client, statement: unknown, ...rest: unknown[]) {
    const named =
      typeof statement === 'string' && Array.isArray(rest[0]) && rest[0].length > 0
        ? { text: statement, name: statementName(statement) }
        : statement;
    return Reflect.apply(query, this, [named, ...rest]);
  },
});

/**
 * A pool of at most `max` connections, each of which keeps the plans of what it runs. `onBroken` is told of a connection that broke, in use, idle or
 * already let go of: without a listener it would end the process.
 */
export function createPool(connectionString: string, max: number, onBroken: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({ connectionString, max, application_name: 'baisa', Client: PreparingClient });
  pool.on('error', onBroken);
  // One in use fails its query as well. One that the pool lets go of has not ended yet.
  pool.on('connect', (client) => client.on('error', onBroken));
  return pool;
}
