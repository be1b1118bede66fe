import type { Pool } from 'pg';
import type { Wakeups } from '../delivery/wakeups.ts';
import { errorMessage } from '../errors.ts';

/** How each part that a request needs is: `ok`, or what it answered. Redis is named only where there is one. */
export function readinessOf(sql: Pool, wakeups: Pick<Wakeups, 'state'>): () => Promise<Record<string, string>> {
  return async () => {
    const database = await sql.query('SELECT 1').then(
      () => 'ok',
      (error: unknown) => errorMessage(error),
    );
    const redis = wakeups.state();
    return { database, ...(redis === undefined ? {} : { redis }) };
  };
}
