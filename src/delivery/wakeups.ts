import { EventEmitter } from 'node:events';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** What may be waiting for another process: events to apply; pages that show what has changed. */
export type WakeupTopic = 'inbox' | 'updates';

/**
 * Tells every replica that there may be work. It is a courtesy: a wake-up that is lost costs the time until the next poll,
 * never an event. With Redis it reaches all replicas, without it this process.
 */
export interface Wakeups {
  announce(topic: WakeupTopic): void;
  on(topic: WakeupTopic, listener: () => void): void;
  /** `ok`, or what is wrong; undefined where there is no Redis. */
  state(): string | undefined;
  close(): Promise<void>;
}

const channel = 'baisa:wakeups';

export function createWakeups(redisUrl: string | undefined, log: Logger): Wakeups {
  const local = new EventEmitter();
  if (redisUrl === undefined) {
    return {
      announce: (topic) => local.emit(topic),
      on: (topic, listener) => local.on(topic, listener),
      state: () => undefined,
      close: async () => undefined,
    };
  }

  // Without Redis work goes on, slower: commands fail at once instead of piling up, and the connection is retried for ever.
  const publisher = new Redis(redisUrl, { enableOfflineQueue: false, maxRetriesPerRequest: 1 });
  const subscriber = new Redis(redisUrl, { maxRetriesPerRequest: null });
  for (const connection of [publisher, subscriber]) {
    connection.on('error', (error) => log.warn({ err: error }, 'redis is away'));
  }
  subscriber.on('message', (_channel, topic) => local.emit(topic));
  subscriber.subscribe(channel).catch((error: unknown) => log.warn({ err: error }, 'could not subscribe to wake-ups'));
  return {
    announce: (topic) => {
      publisher.publish(channel, topic).catch(() => local.emit(topic));
    },
    on: (topic, listener) => local.on(topic, listener),
    state: () =>
      publisher.status === 'ready' && subscriber.status === 'ready' ? 'ok' : `redis is ${publisher.status}`,
    close: async () => {
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}
