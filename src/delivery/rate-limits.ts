import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

/** What a call cost, and what is left. */
export interface Allowance {
  readonly allowed: boolean;
  /** Calls per window. */
  readonly limit: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Until the window is over, and all of it is there again. */
  readonly resetSeconds: number;
}

export interface RateLimit {
  readonly calls: number;
  readonly windowSeconds: number;
}

export interface RateLimits<Name extends string> {
  /** Counts one call of somebody under a limit. Time is real time: limits are about the machine. */
  take(name: Name, who: string): Promise<Allowance>;
  close(): Promise<void>;
}

/**
 * Counts in Redis where there is one, so that replicas share each limit; in this process where there is none, and while Redis is
 * away: a limit that counts too little is better than a service that refuses everybody.
 */
export function createRateLimits<Name extends string>(
  redisUrl: string | undefined,
  limits: Readonly<Record<Name, RateLimit>>,
  log: Logger,
): RateLimits<Name> {
  const redis =
    redisUrl === undefined ? undefined : new Redis(redisUrl, { enableOfflineQueue: false, maxRetriesPerRequest: 1 });
  redis?.on('error', (error) => log.warn({ err: error }, 'redis is away: each replica counts calls by itself'));

  const limiters = new Map<string, RateLimiterMemory | RateLimiterRedis>();
  const limiterOf = (name: Name): RateLimiterMemory | RateLimiterRedis => {
    const known = limiters.get(name);
    if (known) return known;
    const { calls, windowSeconds } = limits[name];
    const options = { keyPrefix: `baisa:limit:${name}`, points: calls, duration: windowSeconds };
    const memory = new RateLimiterMemory(options);
    const made = redis
      ? new RateLimiterRedis({ ...options, storeClient: redis, rejectIfRedisNotReady: true, insuranceLimiter: memory })
      : memory;
    limiters.set(name, made);
    return made;
  };

  return {
    take: async (name, who) => {
      const { calls, windowSeconds } = limits[name];
      const counted = await limiterOf(name)
        .consume(who)
        .then(
          (result) => ({ allowed: true, result }),
          (refused: unknown) => {
            if (refused instanceof RateLimiterRes) return { allowed: false, result: refused };
            throw refused;
          },
        );
      return {
        allowed: counted.allowed,
        limit: calls,
        windowSeconds,
        remaining: counted.result.remainingPoints,
        resetSeconds: Math.max(1, Math.ceil(counted.result.msBeforeNext / 1_000)),
      };
    },
    close: async () => {
      redis?.disconnect();
    },
  };
}
