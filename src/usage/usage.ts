import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { ScheduledJob } from '../delivery/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Scope } from '../tenancy/scope.ts';
import { createIngest, type Ingest } from './ingest.ts';
import { rateOutdated } from './rate-again.ts';
import { type ReportLine, type ReportQuery, reportLines, reportUsage, type UsageReport } from './report-usage.ts';
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
  readonly jobs: Readonly<Record<string, ScheduledJob>>;
  /** Rates what was used before its period was opened by that period's terms. */
  sweep(): Promise<void>;
  readonly ingest: Ingest;
  show(scope: Scope, customerId: string, query: UsageQuery): Promise<readonly FeatureUsage[]>;
  explain(scope: Scope, customerId: string, query: EventsQuery): Promise<EventsPage>;
  report(scope: Scope, agencyId: string, query: ReportQuery): Promise<UsageReport>;
  /** All lines of a report that `report` answered a page of. */
  reportLines(agencyId: string, month: string): AsyncIterable<ReportLine>;
}

export function createUsage(dependencies: UsageDependencies): Usage {
  const all = { ...dependencies, versions: createVersions() };
  const sweep = (): Promise<void> => rateOutdated(all);
  return {
    jobs: { 'usage.rate_outdated': { handle: sweep, cron: '* * * * *' } },
    sweep,
    ingest: createIngest(all),
    show: (scope, customerId, query) => showUsage(all, scope, customerId, query),
    explain: (scope, customerId, query) => explainUsage(all, scope, customerId, query),
    report: (scope, agencyId, query) => reportUsage(all, scope, agencyId, query),
    reportLines: (agencyId, month) => reportLines(all, agencyId, month),
  };
}
