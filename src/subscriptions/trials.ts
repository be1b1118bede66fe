import { findClient } from '../catalog/offer.store.ts';
import type { ScheduledJob } from '../delivery/jobs.ts';
import { AppError } from '../errors.ts';
import type { OnCustomerCreated } from '../tenancy/create-customer.ts';
import type { Scope } from '../tenancy/scope.ts';
import { sweepTrials, sweepTrialsJobName, type TrialDependencies } from './end-trial.ts';
import { startTrial } from './start-trial.ts';
import { loadTrial } from './trial.store.ts';
import type { Trial } from './trial.ts';

/** The trials that new clients of agencies start on. A plan's own trial is its provider's, see plan-trial.ts. */
export interface Trials {
  readonly onCustomerCreated: OnCustomerCreated;
  /** Throws `AppError` 404 for a client that is not there for the scope, 404 `no_trial` where it never had one. */
  find(scope: Scope, customerId: string): Promise<Trial>;
  readonly jobs: Readonly<Record<string, ScheduledJob>>;
  /** What falls due by the clock. */
  sweep(): Promise<void>;
}

export function createTrials(dependencies: TrialDependencies): Trials {
  const { pool } = dependencies.database;
  const sweep = () => sweepTrials(dependencies);
  return {
    onCustomerCreated: startTrial(dependencies),
    find: async (scope, customerId) => {
      const trial = await loadTrial(pool, await findClient(pool, scope, customerId, 'none'));
      if (!trial) throw new AppError(404, 'no_trial', 'This client never had a trial of its agency’s.');
      return trial;
    },
    jobs: { [sweepTrialsJobName]: { handle: sweep, cron: '*/5 * * * *' } },
    sweep,
  };
}
