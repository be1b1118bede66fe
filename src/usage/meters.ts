import { alone } from '../database/alone.ts';
import type { ScheduledJob } from '../delivery/jobs.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import type { Scope } from '../tenancy/scope.ts';
import { createApplyMeterErrors } from './apply-meter-errors.ts';
import { type CompareDependencies, compareMeters } from './compare-meters.ts';
import { type DeliverDependencies, deliverMeters } from './deliver-meters.ts';
import { selectNextFlush } from './meter.sql.ts';
import { lastFlushMs } from './meter-window.ts';
import { type MeterDependencies, reportMeters } from './report-meters.ts';
import { type MeteredQuery, showMeters } from './show-meters.ts';
import { createVersions } from './terms.ts';

type Dependencies = Omit<MeterDependencies, 'versions'> &
  DeliverDependencies &
  CompareDependencies & { readonly merchantAccounts: MerchantAccounts };

/** Overage that a provider invoices: what its meters are told of it, and what they counted. */
export interface Meters {
  readonly jobs: Readonly<Record<string, ScheduledJob>>;
  /** Tells meters all that is due, and again what came of taking back. */
  sweep(): Promise<void>;
  /** The same, and once on each UTC day the comparison: for a clock that is moved. */
  turn(): Promise<void>;
  /** Compares what was sent with what was counted, and sends again what may be. Answers how many days differ. */
  compare(): Promise<number>;
  /** When something is next to be told, for a clock that is moved. */
  nextDue(): Promise<Date | undefined>;
  readonly applyErrors: ReturnType<typeof createApplyMeterErrors>;
  show(scope: Scope, agencyId: string, query: MeteredQuery): ReturnType<typeof showMeters>;
}

export function createMeters(dependencies: Dependencies): Meters {
  const all = { ...dependencies, versions: createVersions() };
  const { database, clock } = dependencies;

  /** Who is at it already does the rest too, unless somebody waits for it to be done. */
  const run = (wait: boolean) =>
    alone(database.pool, 'usage.report_meters', { wait }, async () => {
      do await reportMeters(all);
      while ((await deliverMeters(all)) > 0);
    });
  const sweep = async (): Promise<void> => {
    await run(true);
  };
  const compare = async (): Promise<number> => {
    const differing = await compareMeters(all);
    // What is to be sent again is due at once.
    if (differing > 0) await sweep();
    return differing;
  };

  let turnedOn = '';
  const turn = async (): Promise<void> => {
    await sweep();
    const today = clock.now().toISOString().slice(0, 10);
    if (today === turnedOn) return;
    turnedOn = today;
    await compare();
  };

  return {
    jobs: {
      'usage.report_meters': {
        handle: async () => {
          await run(false);
        },
        cron: '*/5 * * * *',
      },
      'usage.compare_meters': {
        handle: async () => {
          await compare();
        },
        cron: '30 0 * * *',
      },
    },
    sweep,
    turn,
    compare,
    nextDue: async () => {
      const { rows } = await database.pool.query<{ due: Date | null }>(selectNextFlush, [clock.now(), lastFlushMs]);
      return rows[0]?.due ?? undefined;
    },
    applyErrors: createApplyMeterErrors(dependencies),
    show: (scope, agencyId, query) => showMeters(all, scope, agencyId, query),
  };
}
