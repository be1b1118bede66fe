import { alone } from '../database/alone.ts';
import type { Database } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';

/** Sending of one sort. */
export interface Sending {
  /** The job that does it. */
  readonly name: string;
  /** Sends some of what is due: not more than what a job may take its time for. False: the next is for a later run. */
  some(): Promise<boolean>;
  /** Whether anything could be sent now. */
  isDue(): Promise<boolean>;
}

export interface Run {
  /**
   * One at a time in all processes, so that whoever is slow to answer holds one of the workers that every tenant's jobs share, and
   * never all of them.
   */
  job(): Promise<void>;
  /** Sends all that is due, after whoever is at it. */
  all(): Promise<void>;
}

export function createRun(
  { database, jobs }: { readonly database: Database; readonly jobs: Pick<Jobs, 'enqueue'> },
  { name, some, isDue }: Sending,
): Run {
  const run = async (wait: boolean): Promise<boolean> => {
    let goesOn = false;
    await alone(database.pool, name, { wait }, async () => {
      goesOn = await some();
    });
    // After the lock: a job that was woken in the meantime found it held, and left its deliveries to this one.
    return goesOn && (await isDue());
  };
  return {
    job: async () => {
      if (await run(false)) await jobs.enqueue(database.pool, { name, payload: {}, key: name });
    },
    all: async () => {
      while (await run(true));
    },
  };
}
