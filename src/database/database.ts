import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.ts';
import { createPool, planIsOutdated, statementName } from './pool.ts';

// Amounts come back from raw SQL as strings, never as floats; counts fit a number.
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} does not fit a number`);
  return value;
});

/** One pool, two ways in: Prisma for ordinary reads and writes, plain SQL for the set-wise hot paths. */
export interface Database {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;
  close(): Promise<void>;
}

/** Anything that runs SQL: the pool, or a client inside a transaction. */
export type Sql = Pick<pg.Pool | pg.PoolClient, 'query'>;

/** How long a server may take to answer at the start, in milliseconds. */
const connectPatienceMs = 10_000;

export interface DatabaseOptions {
  /** Connections of the pool. */
  readonly poolSize?: number;
  /** Told of a connection that broke while idle; the pool replaces it. */
  readonly onIdleError?: (error: Error) => void;
}

export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const pool = createPool(url, options.poolSize ?? 20, (error) => options.onIdleError?.(error));
  const prisma = new PrismaClient({
    adapter: new PrismaPg(pool, { statementNameGenerator: ({ sql }) => statementName(sql) }),
  });
  return {
    url,
    pool,
    prisma,
    close: async () => {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

/** Connects once and leaves. Rejects with what PostgreSQL, or the lack of one, answered. */
export async function tryConnection(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectPatienceMs });
  try {
    await client.connect();
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** PostgreSQL ended one transaction for the sake of another: `serialization_failure`, `deadlock_detected`. Begun anew, it may go through. */
const yielded: ReadonlySet<string> = new Set(['40001', '40P01']);

/** Tries of a transaction that keeps losing to others. */
const triesMax = 4;

const hasYielded = (error: unknown): boolean => error instanceof pg.DatabaseError && yielded.has(error.code ?? '');

/**
 * Runs `work` in one transaction on one connection of the pool; commits when it resolves, rolls back when it throws. Where the database gave it
 * up for the sake of another transaction, `work` runs again, a few times at most: it changes nothing but the database.
 */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await tryTransaction(pool, work);
    } catch (error) {
      if (tries === triesMax || !hasYielded(error)) throw error;
    }
  }
}

async function tryTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    // A connection that cannot roll back is in an unknown state and must not go back to the pool.
    const broken = await client.query('ROLLBACK').then(
      () => false,
      () => true,
    );
    client.release(broken || planIsOutdated(error));
    throw error;
  }
}
