import type { CustomerKey } from '../catalog/offer.store.ts';
import type { Clock } from '../clock.ts';
import { type Database, inTransaction, type Sql } from '../database/database.ts';
import type { Emit } from '../outgoing/emit.ts';
import type { Notify } from '../outgoing/notices.ts';
import { loadLive } from './subscription.store.ts';
import { dueTrials, lockActiveTrial, moveTrialQuota, saveTrial } from './trial.store.ts';
import { neverEnds, reminderDue, type Trial } from './trial.ts';

export interface TrialDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly notify: Notify;
}

/**
 * A plan takes over from the trial, whose minutes end with it. Called in the transaction that starts the subscription or grants it
 * its plan's own trial; where there is no trial, or none any more, it changes nothing.
 */
export async function convertTrial(sql: Sql, customer: CustomerKey, now: Date): Promise<void> {
  const trial = await lockActiveTrial(sql, customer);
  if (trial) await convert(sql, trial, now);
}

async function convert(sql: Sql, trial: Trial, now: Date): Promise<void> {
  await saveTrial(sql, { ...trial, status: 'converted', endedAt: now });
  await moveTrialQuota(sql, trial, now < trial.endsAt ? now : trial.endsAt);
}

export const sweepTrialsJobName = 'subscriptions.sweep_trials' as const;

const batchSize = 200;

/**
 * Reminds clients whose trial ends soon, and ends the trials whose time has come: each client in a transaction of its own, in which
 * the row is read again, so that two runs at once remind and end once.
 */
export async function sweepTrials(dependencies: TrialDependencies): Promise<void> {
  const { database, clock } = dependencies;
  for (;;) {
    const now = clock.now();
    const due = await dueTrials(database.pool, now, batchSize);
    for (const { agencyId, customerId } of due) {
      await inTransaction(database.pool, async (sql) => {
        const trial = await lockActiveTrial(sql, { agencyId, customerId });
        if (!trial) return;
        if (trial.endsAt <= now) await end(dependencies, sql, trial, now);
        else await remind(dependencies, sql, trial, now);
      });
    }
    if (due.length < batchSize) return;
  }
}

const dayOf = (time: Date): string => time.toISOString().slice(0, 10);

async function remind({ emit, notify }: TrialDependencies, sql: Sql, trial: Trial, now: Date): Promise<void> {
  const days = reminderDue(trial, now);
  if (days === null) return;
  const { agencyId, customerId, id, endsAt } = trial;
  await saveTrial(sql, { ...trial, remindedAt: now });
  const fact = `trial:${id}:${days}d`;
  await notify(sql, [{ kind: 'trial_ending', agencyId, customerId, fact, facts: { endsOn: dayOf(endsAt) } }]);
  await emit(sql, [{ type: 'trial.will_end', agencyId, fact, data: toldOf(trial) }]);
}

/** Of a client that lives on a plan there is nothing to end: the plan took over, whoever forgot to say so. */
async function end({ emit, notify }: TrialDependencies, sql: Sql, trial: Trial, now: Date): Promise<void> {
  const { agencyId, customerId, id, endsAt } = trial;
  if (await loadLive(sql, trial)) {
    await convert(sql, trial, now);
    return;
  }
  await saveTrial(sql, { ...trial, status: 'ended', endedAt: now });
  if (trial.end === 'continue') await moveTrialQuota(sql, trial, neverEnds);
  const fact = `trial:${id}:ended`;
  if (trial.end === 'pause') {
    await notify(sql, [{ kind: 'trial_ended', agencyId, customerId, fact, facts: { endedOn: dayOf(endsAt) } }]);
  }
  await emit(sql, [{ type: 'trial.ended', agencyId, fact, data: toldOf(trial) }]);
}

const toldOf = ({ id, customerId, endsAt, end: atEnd }: Trial) => ({
  trialId: id,
  customerId,
  endsAt: endsAt.toISOString(),
  end: atEnd,
});
