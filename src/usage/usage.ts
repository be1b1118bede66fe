import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Scope } from '../tenancy/scope.ts';
import { createIngest, type Ingest } from './ingest.ts';
import { reportUsage, type UsageReport } from './report-usage.ts';
import {
  type EventsPage,
  type EventsQuery,
  explainUsage,
  type FeatureUsage,
  showUsage,
  type UsageQuery,
} from './show-usage.ts';
import { createVersions } from './terms.ts';

export interface UsageDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ledger: Ledger;
}

/** What clients use, and what it costs. Every call is limited to its scope. */
export interface Usage {
  readonly ingest: Ingest;
  show(scope: Scope, customerId: string, query: UsageQuery): Promise<readonly FeatureUsage[]>;
  explain(scope: Scope, customerId: string, query: EventsQuery): Promise<EventsPage>;
  report(scope: Scope, agencyId: string, period: string | undefined): Promise<UsageReport>;
}

export function createUsage(dependencies: UsageDependencies): Usage {
  const all = { ...dependencies, versions: createVersions() };
  return {
    ingest: createIngest(all),
    show: (scope, customerId, query) => showUsage(all, scope, customerId, query),
    explain: (scope, customerId, query) => explainUsage(all, scope, customerId, query),
    report: (scope, agencyId, period) => reportUsage(all, scope, agencyId, period),
  };
}
