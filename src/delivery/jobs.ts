import { setTimeout } from 'node:timers/promises';
import {
  type CronItem,
  parseCronItems,
  type Runner,
  run,
  runMigrations,
  Logger as WorkerLogger,
} from 'graphile-worker';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Sql } from '../database/database.ts';

export interface Job {
  readonly name: string;
  readonly payload: Record<string, unknown>;
  /** Two waiting jobs of one key are one job, with the later payload. */
  readonly key?: string;
  readonly runAt?: Date;
  /** Tries before it is left for a person; each waits longer than the one before. */
  readonly attemptsMax?: number;
}

/** Every handler can run twice: a job whose worker died runs again. */
export type JobHandler = (payload: unknown) => Promise<void>;

export interface ScheduledJob {
  readonly handle: JobHandler;
  /** A crontab pattern, for a job that also runs by itself. It only wakes a room: what is due there are rows. */
  readonly cron?: string;
}

export interface Jobs {
  /** In the caller's transaction: the job exists if, and only if, the fact that caused it does. */
  enqueue(sql: Sql, job: Job): Promise<void>;
}

export const jobs: Jobs = {
  enqueue: async (sql, { name, payload, key, runAt, attemptsMax }) => {
    await sql.query({
      name: 'jobs-add',
      text: `SELECT graphile_worker.add_job($1, payload := $2::json, job_key := $3, run_at := $4, max_attempts := $5)`,
      values: [name, JSON.stringify(payload), key ?? null, runAt ?? null, attemptsMax ?? 25],
    });
  },
};

/** Of the keys those that have a job: one that waits, for another try too, or is under way. What was given up is not among them. */
export async function waitingKeys(sql: Sql, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await sql.query<{ key: string }>(
    'SELECT key FROM graphile_worker.jobs WHERE key = ANY ($1) AND attempts < max_attempts',
    [keys],
  );
  return new Set(rows.map(({ key }) => key));
}

export interface JobRunnerOptions {
  readonly pool: pg.Pool;
  /** Job name -> job: all that can be enqueued. */
  readonly jobs: Readonly<Record<string, ScheduledJob>>;
  readonly log: Logger;
  /** Jobs under way at once. */
  readonly concurrency?: number;
  /** Called after each, whether it ended well or not. */
  readonly onCompleted?: () => void;
}

export interface JobRunner {
  /** Resolves when no job is due or under way. */
  idle(): Promise<void>;
  /** How many jobs ended here so far, well or not. */
  completed(): number;
  stop(): Promise<void>;
}

const workerLogger = (log: Logger): WorkerLogger =>
  new WorkerLogger(() => (level, message, meta) => {
    const write = { error: 'error', warning: 'warn', info: 'debug', debug: 'trace' } as const;
    log[write[level]]({ job: meta?.job }, message);
  });

/** Creates or updates the queue's own schema. Run before anything enqueues. */
export const migrateJobs = (pool: pg.Pool, log: Logger): Promise<void> =>
  runMigrations({ pgPool: pool, logger: workerLogger(log) });

/**
 * Gives back the jobs that a process had in hand when it died; else they would wait for four hours, and whoever waits for quiet with
 * them. Only where no other process can be at work.
 */
export async function releaseJobs(pool: pg.Pool): Promise<void> {
  await pool.query(
    `SELECT graphile_worker.force_unlock_workers(array_agg(DISTINCT locked_by))
       FROM graphile_worker._private_jobs WHERE locked_by IS NOT NULL`,
  );
}

/**
 * A run that still waits for a worker is the next one too: schedules never queue up behind what is slow. Its key is its own, for
 * one that was enqueued may have been put off, and the schedule is what runs it then.
 */
export const schedulesOf = (scheduled: JobRunnerOptions['jobs']): CronItem[] =>
  Object.entries(scheduled).flatMap(([task, { cron }]) =>
    cron === undefined
      ? []
      : [
          {
            task,
            match: cron,
            options: { backfillPeriod: 0, jobKey: `cron:${task}`, jobKeyMode: 'preserve_run_at' },
          },
        ],
  );

export async function startJobRunner(options: JobRunnerOptions): Promise<JobRunner> {
  const { pool, log } = options;
  const known = Object.entries(options.jobs);
  const runner: Runner = await run({
    pgPool: pool,
    logger: workerLogger(log),
    concurrency: options.concurrency ?? 4,
    // The service stops in its own order; see main.
    noHandleSignals: true,
    pollInterval: 1_000,
    taskList: Object.fromEntries(known.map(([name, { handle }]) => [name, (payload: unknown) => handle(payload)])),
    parsedCronItems: parseCronItems(schedulesOf(options.jobs)),
  });
  let completed = 0;
  runner.events.on('job:complete', () => {
    completed += 1;
    options.onCompleted?.();
  });
  return {
    completed: () => completed,
    idle: () => untilIdle(pool),
    stop: () => runner.stop(),
  };
}

const dueJobs = `
SELECT count(*) AS due FROM graphile_worker._private_jobs
 WHERE (run_at <= now() AND attempts < max_attempts) OR locked_at IS NOT NULL`;

/** Asks again and again: the queue tells that a job ended before its row is gone. Only rehearsals wait for quiet. */
async function untilIdle(pool: pg.Pool): Promise<void> {
  for (;;) {
    const found = await pool.query<{ due: number }>(dueJobs);
    if ((found.rows[0]?.due ?? 0) === 0) return;
    await setTimeout(10);
  }
}
