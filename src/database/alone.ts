import type pg from 'pg';

/**
 * Runs `work` while nobody else on this database runs any of that name, and says whether it ran: with `wait` it waits for its turn,
 * without it leaves the work to whoever is at it. The lock is its connection's, so that a process that dies lets go of it; `work` runs outside
 * any transaction and may call others.
 */
export async function alone(
  pool: pg.Pool,
  name: string,
  { wait }: { readonly wait: boolean },
  work: () => Promise<void>,
): Promise<boolean> {
  const client = await pool.connect();
  const ask = async (call: string): Promise<boolean> =>
    (await client.query<{ done: boolean }>(`SELECT ${call} AS done`, [name])).rows[0]?.done === true;
  let broken = true;
  try {
    const held = wait
      ? await ask('pg_advisory_lock(hashtextextended($1, 0)) IS NOT NULL')
      : await ask('pg_try_advisory_lock(hashtextextended($1, 0))');
    if (held) {
      try {
        await work();
      } finally {
        broken = !(await ask('pg_advisory_unlock(hashtextextended($1, 0))').catch(() => false));
      }
    } else broken = false;
    return held;
  } finally {
    // One that may hold the lock still must not go back to the pool.
    client.release(broken);
  }
}
