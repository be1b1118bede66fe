import { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** Answers of the last moment, shared by replicas. What is not found, or cannot be asked for, is asked again where it is decided. */
export interface RecentAnswers {
  read(key: string): Promise<string | null>;
  keep(key: string, answer: string): Promise<void>;
  forget(key: string): Promise<void>;
  close(): void;
}

/** Longer than this nobody waits for what only saves time, in milliseconds. */
const patienceMs = 50;

/**
 * In Redis; null where there is none, for one process gains nothing by asking itself. An answer is kept for `keptMs` of real time. While
 * Redis is away nothing is kept or found, and nobody waits for it.
 */
export function createRecentAnswers(redisUrl: string | undefined, keptMs: number, log: Logger): RecentAnswers | null {
  if (redisUrl === undefined) return null;
  const redis = new Redis(redisUrl, {
    keyPrefix: 'baisa:recent:',
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: patienceMs,
  });
  redis.on('error', (error) => log.warn({ err: error }, 'redis is away: nothing is answered from memory'));
  const unlessAway = async <Answer>(ask: Promise<Answer>): Promise<Answer | null> => ask.catch(() => null);
  return {
    read: (key) => unlessAway(redis.get(key)),
    keep: async (key, answer) => {
      await unlessAway(redis.set(key, answer, 'PX', keptMs));
    },
    forget: async (key) => {
      await unlessAway(redis.del(key));
    },
    close: () => redis.disconnect(),
  };
}
