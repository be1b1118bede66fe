import pg from 'pg';
import type { Database } from '../database/database.ts';
import type { PlanInAccount } from './link.store.ts';

/**
 * Runs `work` while no other process works on the same plan in the same account: two versions applied side by side would archive
 * each other's prices. The lock belongs to a connection of its own, for provider calls may not run inside a
 * transaction, and waiting on the pool for a second connection could stop everybody. PostgreSQL drops it with the process.
 */
export async function withPlanLock<Result>(
  database: Database,
  where: PlanInAccount,
  work: () => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: database.url, application_name: 'baisa-catalog' });
  const lost = new Promise<never>((_, reject) => client.on('error', reject));
  // Nobody may be listening when the connection breaks, which would end the process.
  lost.catch(() => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [
      `catalog:${where.agencyId}:${where.planId}:${where.merchantAccountId}`,
    ]);
    return await Promise.race([work(), lost]);
  } finally {
    await client.end();
  }
}
