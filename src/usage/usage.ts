import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { createIngest, type Ingest } from './ingest.ts';
import { createVersions } from './terms.ts';

export interface UsageDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ledger: Ledger;
}

/** What clients use, and what it costs. Every call is limited to its scope. */
export interface Usage {
  readonly ingest: Ingest;
}

export function createUsage(dependencies: UsageDependencies): Usage {
  const all = { ...dependencies, versions: createVersions() };
  return {
    ingest: createIngest(all),
  };
}
