import { inTransaction } from '../database/database.ts';
import { enqueueEvaluation, eventPatienceMs, type RefillDependencies } from './dependencies.ts';
import { enqueueCharge } from './evaluate-refill.ts';
import { clientsDue, findInFlight, longInFlight, monthOf } from './refill.store.ts';

/**
 * The handler of `refill.sweep`: wakes what waited for time to pass. Cards whose rest is over, clients whose month has turned, and
 * charges whose outcome never came.
 */
export async function sweepRefills(dependencies: RefillDependencies): Promise<void> {
  const { database, clock } = dependencies;
  const { pool } = database;
  const now = clock.now();
  const monthStart = new Date(`${monthOf(now)}-01T00:00:00.000Z`);
  for (const client of await clientsDue(pool, now, monthStart)) {
    await inTransaction(pool, (sql) => enqueueEvaluation(dependencies, sql, client));
  }
  for (const client of await longInFlight(pool, new Date(now.getTime() - eventPatienceMs))) {
    await inTransaction(pool, async (sql) => {
      const refill = await findInFlight(sql, client);
      if (refill) await enqueueCharge(dependencies, sql, refill);
    });
  }
}
