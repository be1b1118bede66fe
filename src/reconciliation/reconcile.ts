import type { Clock } from '../clock.ts';
import { alone } from '../database/alone.ts';
import type { Database } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import { errorMessage } from '../errors.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import type { Providers } from '../providers/port.ts';
import type { BackfillDependencies } from './backfill-events.ts';
import type { CompareDependencies } from './compare-books.ts';
import type { AskAccount } from './compare-payments.ts';
import type { AccountReport, Finding } from './finding.ts';
import type { OwnDependencies } from './look-after-own.ts';
import { reconcileAccount } from './reconcile-account.ts';
import { failedReport } from './report.ts';

export interface ReconciliationDependencies
  extends Omit<BackfillDependencies, 'onFound'>,
    Omit<OwnDependencies, 'onFound' | 'database'>,
    Omit<CompareDependencies, 'onFound' | 'onInOrder' | 'database'> {
  readonly database: Database;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  /** For accounts whose provider shows no balance. */
  readonly askAccount: AskAccount;
  /** Told of each finding, once. */
  readonly onFinding: (finding: Pick<Finding, 'class' | 'status'>) => void;
  /** Told of an account that could not be compared now; the next run tries it again, from the same moment on. */
  readonly onFailure: (account: MerchantAccount, error: unknown) => void;
}

/** What the wiring gives: where events that never came are put, and who asks where there are none. */
export type Backfill = Pick<
  ReconciliationDependencies,
  'inbox' | 'eventTypes' | 'eventsHandled' | 'onFinding' | 'askAccount'
>;

const lockName = 'reconciliation';

/**
 * Runs what was asked for and has not ended, oldest first, one at a time on however many replicas. Where another process is at it, that one runs
 * these too, and no worker is held up by waiting. A run that a dead process left begins anew.
 */
export async function runUnfinished(dependencies: ReconciliationDependencies): Promise<void> {
  const { database } = dependencies;
  const next = () =>
    database.prisma.reconciliationRun.findFirst({
      where: { endedAt: null },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    });
  const runAll = async (): Promise<void> => {
    for (let run = await next(); run; run = await next()) await runOne(dependencies, run);
  };
  // What was asked for while the last one ended, and found the lock still held, is there once it is free.
  while (await next()) {
    if (!(await alone(database.pool, lockName, { wait: false }, runAll))) return;
  }
}

interface AskedRun {
  readonly id: string;
  readonly merchantAccountId: string | null;
}

async function runOne(dependencies: ReconciliationDependencies, { id, merchantAccountId }: AskedRun): Promise<void> {
  const { database, clock, providers, onFailure } = dependencies;
  const { reconciliationRun } = database.prisma;
  await reconciliationRun.update({ where: { id }, data: { status: 'running' } });
  try {
    const reports: AccountReport[] = [];
    for (const account of await accountsOf(dependencies, merchantAccountId)) {
      try {
        reports.push(...(await reconcileAccount(dependencies, id, account)));
      } catch (error) {
        // One that does not answer says nothing of the others.
        onFailure(account, error);
        reports.push(failedReport(account, providers[account.provider], clock.now(), error));
      }
    }
    await reconciliationRun.update({ where: { id }, data: { status: 'done', reports, endedAt: clock.now() } });
  } catch (error) {
    const data = { status: 'failed', error: errorMessage(error), endedAt: clock.now() };
    await reconciliationRun.update({ where: { id }, data });
  }
}

async function accountsOf(
  { database, merchantAccounts }: ReconciliationDependencies,
  merchantAccountId: string | null,
): Promise<readonly MerchantAccount[]> {
  const rows = await database.prisma.merchantAccount.findMany({
    where: {
      ...(merchantAccountId === null ? {} : { id: merchantAccountId }),
      status: { notIn: ['onboarding', 'disconnected'] },
    },
    orderBy: { id: 'asc' },
    select: { id: true },
  });
  const accounts = await Promise.all(rows.map(({ id }) => merchantAccounts.byId(id)));
  return accounts.filter((account) => account !== null);
}
