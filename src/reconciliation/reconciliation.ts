import { z } from 'zod';
import type { ScheduledJob } from '../delivery/jobs.ts';
import { notFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { type AccountReport, findingClasses, reportSchema } from './finding.ts';
import { type ReconciliationDependencies, runUnfinished } from './reconcile.ts';

export const runJobName = 'reconciliation.run' as const;
const scheduleJobName = 'reconciliation.schedule' as const;

/** Findings that a run answers; the rest are counted. */
const findingsShown = 200;

export interface ReconciliationView {
  readonly id: string;
  readonly status: 'waiting' | 'running' | 'done' | 'failed';
  readonly error: string | null;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
  readonly reports: readonly AccountReport[];
  /** How many this run found, by class and what became of them. */
  readonly found: readonly { readonly class: string; readonly status: string; readonly count: number }[];
  readonly findings: readonly {
    readonly merchantAccountId: string;
    readonly class: (typeof findingClasses)[number];
    readonly subject: string;
    readonly status: 'repaired' | 'raised' | 'resolved';
    readonly detail: Readonly<Record<string, string>>;
    readonly foundAt: Date;
  }[];
}

/** A run as lists show it. */
export interface ReconciliationSummary
  extends Pick<ReconciliationView, 'id' | 'status' | 'error' | 'createdAt' | 'endedAt'> {
  /** Null: every account. */
  readonly merchantAccountId: string | null;
  /** What it found that nothing could repair. */
  readonly raised: number;
}

const statusSchema = z.enum(['waiting', 'running', 'done', 'failed']);
const findingStatusSchema = z.enum(['repaired', 'raised', 'resolved']);
const detailSchema = z.record(z.string(), z.string());

/** The room's use cases and jobs. */
export function createReconciliation(dependencies: ReconciliationDependencies) {
  const { database, clock, jobs } = dependencies;
  const { prisma } = database;
  const enqueueRun = () => jobs.enqueue(database.pool, { name: runJobName, payload: {}, key: runJobName });
  const start = async (merchantAccountId: string | null): Promise<string> => {
    if (merchantAccountId !== null && !(await dependencies.merchantAccounts.byId(merchantAccountId))) {
      throw notFound('merchant account');
    }
    const id = newId('reconciliation');
    await prisma.reconciliationRun.create({
      data: { id, status: 'waiting', merchantAccountId, createdAt: clock.now() },
    });
    await enqueueRun();
    return id;
  };
  const find = async (id: string): Promise<ReconciliationView> => {
    const run = await prisma.reconciliationRun.findUnique({ where: { id } });
    if (!run) throw notFound('reconciliation');
    const found = await prisma.reconciliationFinding.groupBy({
      by: ['class', 'status'],
      where: { runId: id },
      _count: true,
      orderBy: [{ class: 'asc' }, { status: 'asc' }],
    });
    const findings = await prisma.reconciliationFinding.findMany({
      where: { runId: id },
      orderBy: [{ class: 'asc' }, { subject: 'asc' }],
      take: findingsShown,
    });
    return {
      id,
      status: statusSchema.parse(run.status),
      error: run.error,
      createdAt: run.createdAt,
      endedAt: run.endedAt,
      reports: z.array(reportSchema).parse(run.reports),
      found: found.map(({ _count: count, ...each }) => ({ ...each, count })),
      findings: findings.map((finding) => ({
        merchantAccountId: finding.merchantAccountId,
        class: z.enum(findingClasses).parse(finding.class),
        subject: finding.subject,
        status: findingStatusSchema.parse(finding.status),
        detail: detailSchema.parse(finding.detail),
        foundAt: finding.foundAt,
      })),
    };
  };
  const list = async (page: {
    limit: number;
    after?: string | undefined;
  }): Promise<readonly ReconciliationSummary[]> => {
    const runs = await prisma.reconciliationRun.findMany({
      ...(page.after === undefined ? {} : { where: { id: { lt: page.after } } }),
      orderBy: { id: 'desc' },
      take: page.limit,
    });
    const raised = await prisma.reconciliationFinding.groupBy({
      by: ['runId'],
      where: { runId: { in: runs.map(({ id }) => id) }, status: 'raised' },
      _count: true,
    });
    const counts = new Map(raised.map(({ runId, _count }) => [runId, _count]));
    return runs.map(({ reports: _, ...run }) => ({
      ...run,
      status: statusSchema.parse(run.status),
      raised: counts.get(run.id) ?? 0,
    }));
  };
  return {
    /** Newest first. */
    list,
    /** Throws 404. */
    start: async (merchantAccountId: string | null): Promise<ReconciliationView> =>
      find(await start(merchantAccountId)),
    /** Throws 404. */
    find,
    jobs: {
      [runJobName]: { handle: () => runUnfinished(dependencies) },
      [scheduleJobName]: {
        handle: async () => {
          // Runs that are slow never queue up: one that has not ended is run, by whoever is at it or anew.
          if ((await prisma.reconciliationRun.count({ where: { endedAt: null } })) === 0) await start(null);
          else await enqueueRun();
        },
        cron: '35 * * * *',
      },
    } satisfies Record<string, ScheduledJob>,
  };
}

export type Reconciliation = ReturnType<typeof createReconciliation>;
