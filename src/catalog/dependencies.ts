import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import type { OperationDependencies } from '../providers/operation.ts';
import type { Providers } from '../providers/port.ts';
import type { PlanUse } from './plan-use.ts';

export interface CatalogDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly operations: OperationDependencies;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  /** The rooms that keep something alive on a plan. */
  readonly planUses: readonly PlanUse[];
}

/** The job that carries one plan to one account. Its payload is `PlanInAccount`. */
export const publishJobName = 'catalog.publish' as const;

/** The job that looks for what was changed at the providers. */
export const driftJobName = 'catalog.check_drift' as const;
