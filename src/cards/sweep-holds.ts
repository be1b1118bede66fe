import { inTransaction } from '../database/database.ts';
import type { CardDependencies } from './dependencies.ts';
import { isOver } from './hold.ts';
import { purgeAttempts } from './limits.ts';
import { findVerification, forgottenSince, raiseHoldAlert } from './verification.store.ts';
import { verifyCard } from './verify-card.ts';

/** A hold usually lives for a second: one that nobody heard of for longer has lost its job, its event or its client. */
const quietMs = 5 * 60_000;

/** After this a person is told; a bank lets go of a hold by itself only after about a week. */
const alertAfterMs = 26 * 3_600_000;

/** The handler of `cards.sweep_holds`: takes each hold that is not over as far as it goes, one after the other. */
export async function sweepHolds(dependencies: CardDependencies): Promise<void> {
  const { database, clock, onFailure } = dependencies;
  const now = clock.now();
  for (const { agencyId, id } of await forgottenSince(database.pool, new Date(now.getTime() - quietMs))) {
    try {
      await verifyCard(dependencies, { agencyId, holdId: id });
    } catch (error) {
      onFailure(id, error);
    }
    await inTransaction(database.pool, async (sql) => {
      const left = await findVerification(sql, agencyId, id, 'read');
      if (!left || isOver(left.status) || now.getTime() - left.requestedAt.getTime() < alertAfterMs) return;
      await raiseHoldAlert(sql, left, now);
    });
  }
  await purgeAttempts(database.pool, clock);
}
