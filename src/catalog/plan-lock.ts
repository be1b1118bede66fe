import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** Exclusive work by name, across every process on the database. */
export interface PlanLocks {
  /** Runs `work` while nobody else holds `name`. Throws, with the work left to itself, when the lock's connection is lost. */
  hold<Result>(name: string, work: () => Promise<Result>): Promise<Result>;
}

/** How often another process's lock is asked for again: it is held for as long as a provider takes. */
const retryMs = 100;

/** One connection that holds every advisory lock of this process, for as long as there is one. */
class LockSession {
  readonly #client: pg.Client;
  /** One query at a time: the driver takes no second one while the first is under way. */
  #last: Promise<unknown> = Promise.resolve();
  readonly lost: Promise<never>;
  users = 0;
  isLost = false;

  constructor(url: string) {
    this.#client = new pg.Client({ connectionString: url, application_name: 'baisa-catalog' });
    this.lost = new Promise<never>((_, reject) =>
      this.#client.on('error', (error) => {
        this.isLost = true;
        reject(error);
      }),
    );
    // Nobody may be listening when the connection breaks, which would end the process.
    this.lost.catch(() => undefined);
    this.#last = this.#client.connect();
  }

  async acquire(name: string): Promise<void> {
    while (!(await this.#ask('pg_try_advisory_lock', name))) await delay(retryMs);
  }

  async release(name: string): Promise<void> {
    if (!this.isLost) await this.#ask('pg_advisory_unlock', name);
  }

  async end(): Promise<void> {
    await this.#client.end();
  }

  async #ask(lockFunction: 'pg_try_advisory_lock' | 'pg_advisory_unlock', name: string): Promise<boolean> {
    const asked = this.#last.then(() =>
      this.#client.query<{ done: boolean }>(`SELECT ${lockFunction}(hashtextextended($1, 0)) AS done`, [name]),
    );
    this.#last = asked.catch(() => undefined);
    return (await asked).rows[0]?.done === true;
  }
}

/**
 * Locks of their own connection, for provider calls may not run inside a transaction, and waiting on the pool for a second
 * connection could stop everybody. All locks of a process share it, so that fifty accounts at once take one connection and
 * not fifty. PostgreSQL drops them with the process.
 */
export function createPlanLocks(url: string): PlanLocks {
  const queues = new Map<string, Promise<void>>();
  let session: LockSession | undefined;

  const inSession = async <Result>(work: (held: LockSession) => Promise<Result>): Promise<Result> => {
    if (session === undefined || session.isLost) session = new LockSession(url);
    const held = session;
    held.users += 1;
    try {
      return await work(held);
    } finally {
      held.users -= 1;
      if (held.users === 0) {
        if (session === held) session = undefined;
        await held.end();
      }
    }
  };

  const locked = <Result>(name: string, work: () => Promise<Result>): Promise<Result> =>
    inSession(async (held) => {
      await Promise.race([held.acquire(name), held.lost]);
      try {
        return await Promise.race([work(), held.lost]);
      } finally {
        await held.release(name);
      }
    });

  return {
    // A session holds the same advisory lock as often as it asks, so that this process has to queue by itself.
    hold: async (name, work) => {
      const before = queues.get(name) ?? Promise.resolve();
      const turn = Promise.withResolvers<void>();
      const after = before.then(() => turn.promise);
      queues.set(name, after);
      await before;
      try {
        return await locked(name, work);
      } finally {
        turn.resolve();
        if (queues.get(name) === after) queues.delete(name);
      }
    },
  };
}
