import { inTransaction } from '../database/database.ts';
import type { CardDependencies } from './dependencies.ts';
import { isOver } from './hold.ts';
import { purgeAttempts } from './limits.ts';
import {
  type CardVerification,
  findVerification,
  forgotten,
  raiseHoldAlert,
  touchVerification,
} from './verification.store.ts';
import { verifyCard } from './verify-card.ts';

/** A hold usually lives for a second: one that nobody heard of for longer has lost its job or its event. */
const quietMs = 5 * 60_000;

/** One whose client is asked by its bank may take its time; its event usually tells. */
const askedQuietMs = 60 * 60_000;

/** After this a person is told; a bank lets go of a hold by itself only after about a week. */
const alertAfterMs = 26 * 3_600_000;

const batchSize = 200;

/** The handler of `cards.sweep_holds`: takes each hold that is not over as far as it goes, one after the other. */
export async function sweepHolds(dependencies: CardDependencies): Promise<void> {
  const { database, clock } = dependencies;
  const now = clock.now();
  const quiet = {
    since: new Date(now.getTime() - quietMs),
    askedSince: new Date(now.getTime() - askedQuietMs),
    limit: batchSize,
  };
  for (let batch = [...(await forgotten(database.pool, quiet))]; batch.length > 0; ) {
    for (const verification of batch) await lookAfter(dependencies, verification, now);
    batch = batch.length < batchSize ? [] : [...(await forgotten(database.pool, quiet))];
  }
  await purgeAttempts(database.pool, clock);
}

async function lookAfter(dependencies: CardDependencies, { agencyId, id }: CardVerification, now: Date): Promise<void> {
  const { database, onFailure } = dependencies;
  try {
    await verifyCard(dependencies, { agencyId, holdId: id });
  } catch (error) {
    onFailure(id, error);
  }
  await inTransaction(database.pool, async (sql) => {
    const left = await findVerification(sql, agencyId, id, 'read');
    if (!left || isOver(left.status)) return;
    await touchVerification(sql, left, now);
    if (now.getTime() - left.requestedAt.getTime() >= alertAfterMs) await raiseHoldAlert(sql, left, now);
  });
}
