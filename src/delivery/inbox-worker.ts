import type pg from 'pg';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { inTransaction } from '../database/database.ts';
import { errorMessage } from '../errors.ts';
import { type ClaimedEvent, ClaimLost, type EventOutcome, type Inbox } from './inbox.ts';

/**
 * What the business does with events, in two steps. `prepare` may call a provider and runs outside any transaction;
 * `apply` runs for a whole batch inside one.
 */
export interface EventHandler<Prepared> {
  prepare(event: ClaimedEvent): Prepared | Promise<Prepared>;
  /** Outcomes stand in the order of the batch. Throwing rolls the batch back; it is then run event by event. */
  apply(
    client: pg.PoolClient,
    batch: readonly { readonly event: ClaimedEvent; readonly prepared: Prepared }[],
  ): Promise<readonly EventOutcome[]>;
  /** Whether an error passes by itself. What does not is parked at once, with its reason. */
  isRetryable(error: unknown): boolean;
  /** Told after the outcome is committed. */
  onOutcome?(event: ClaimedEvent, outcome: EventOutcome): void;
}

export interface InboxWorkerOptions<Prepared> {
  readonly inbox: Inbox;
  readonly pool: pg.Pool;
  readonly clock: Clock;
  readonly handler: EventHandler<Prepared>;
  readonly log: Logger;
  /** Events in one transaction at most. */
  readonly batchMax?: number;
  /** Transactions under way at once. */
  readonly lanes?: number;
  /** How often to look for events that came due or were left by another process, in milliseconds. */
  readonly pollMs?: number;
}

export interface InboxWorker {
  /** There may be something to claim: an event arrived elsewhere, or the clock moved. */
  wake(): void;
  /** Resolves when nothing is due and nothing is in hand. */
  idle(): Promise<void>;
  /** Finishes what is in hand, then stops. */
  stop(): Promise<void>;
}

/** Tries of an event whose error passes by itself, before a person has to look: with the back-off below, about three days. */
const attemptsMax = 90;
const backOffMsMax = 3_600_000;

/** Events waiting in memory at most, beyond which arrivals are left in the database for a later claim. */
const memoryMax = 5_000;

export function startInboxWorker<Prepared>(options: InboxWorkerOptions<Prepared>): InboxWorker {
  const { inbox, pool, clock, handler, log } = options;
  const batchMax = options.batchMax ?? 250;
  const lanes = options.lanes ?? 2;
  const ready: ClaimedEvent[] = [];
  const idleWaiters = new Set<() => void>();
  let busyLanes = 0;
  let mayHaveDue = true;
  let stopping = false;

  inbox.handOverTo({
    hasRoom: () => !stopping && ready.length < memoryMax,
    take: (events) => {
      ready.push(...events);
      pump();
    },
  });

  function pump(): void {
    // Another lane opens only for a full batch: until then what waits makes the next batch larger, and so cheaper by the event.
    while (
      busyLanes < lanes &&
      (ready.length >= batchMax || (busyLanes === 0 && (ready.length > 0 || (mayHaveDue && !stopping))))
    ) {
      const fromMemory = ready.splice(0, batchMax);
      if (fromMemory.length === 0) mayHaveDue = false;
      busyLanes += 1;
      void lane(fromMemory);
    }
    if (busyLanes === 0 && ready.length === 0) {
      for (const resolve of idleWaiters) resolve();
      idleWaiters.clear();
    }
  }

  async function lane(fromMemory: readonly ClaimedEvent[]): Promise<void> {
    try {
      if (fromMemory.length > 0) await work(fromMemory);
      else {
        const claimed = await inbox.claim(batchMax);
        if (claimed.length > 0) {
          mayHaveDue = true;
          await work(claimed);
        }
      }
    } catch (error) {
      // The database is away. The claims run out by themselves; the next poll tries again.
      log.error({ err: error }, 'inbox worker could not reach the database');
    } finally {
      busyLanes -= 1;
      setImmediate(pump);
    }
  }

  async function work(events: readonly ClaimedEvent[]): Promise<void> {
    const prepared = (await Promise.all(events.map(prepare))).filter((item) => item !== null);
    if (prepared.length === 0) return;
    try {
      await applyTogether(prepared);
    } catch (error) {
      if (prepared.length === 1) return settleFailure(prepared[0]?.event, error);
      for (const item of prepared) {
        try {
          await applyTogether([item]);
        } catch (single) {
          await settleFailure(item.event, single);
        }
      }
    }
  }

  function prepare(
    event: ClaimedEvent,
  ): { event: ClaimedEvent; prepared: Prepared } | null | Promise<{ event: ClaimedEvent; prepared: Prepared } | null> {
    try {
      const prepared = handler.prepare(event);
      if (!(prepared instanceof Promise)) return { event, prepared };
      return prepared.then(
        (value) => ({ event, prepared: value }),
        async (error) => {
          await settleFailure(event, error);
          return null;
        },
      );
    } catch (error) {
      return settleFailure(event, error).then(() => null);
    }
  }

  async function applyTogether(batch: readonly { event: ClaimedEvent; prepared: Prepared }[]): Promise<void> {
    const finished = await inTransaction(pool, async (client) => {
      const outcomes = await handler.apply(client, batch);
      const pairs = batch.map(({ event }, index) => {
        const outcome = outcomes[index];
        if (!outcome) throw new Error('the handler answered fewer outcomes than it had events');
        return { event, outcome };
      });
      await inbox.finish(client, pairs);
      return pairs;
    });
    for (const { event, outcome } of finished) handler.onOutcome?.(event, outcome);
  }

  async function settleFailure(event: ClaimedEvent | undefined, error: unknown): Promise<void> {
    if (!event) return;
    const reason = errorMessage(error).slice(0, 500);
    if (error instanceof ClaimLost) {
      log.warn({ event: event.id }, 'claim lost to another worker');
      return;
    }
    if (handler.isRetryable(error) && event.attempts < attemptsMax) {
      const backOffMs = Math.min(1_000 * 2 ** Math.min(event.attempts - 1, 20), backOffMsMax);
      log.warn({ event: event.id, type: event.type, err: error, backOffMs }, 'event postponed');
      await inbox.postpone(event, new Date(clock.now().getTime() + backOffMs), reason);
      return;
    }
    log.error({ event: event.id, type: event.type, err: error }, 'event parked');
    const outcome: EventOutcome = { status: 'parked', reason };
    await inbox.finish(pool, [{ event, outcome }]);
    handler.onOutcome?.(event, outcome);
  }

  const wake = (): void => {
    mayHaveDue = true;
    pump();
  };
  const timer = setInterval(wake, options.pollMs ?? 1_000);
  timer.unref();
  pump();

  return {
    wake,
    idle: async () => {
      for (;;) {
        await new Promise<void>((resolve) => {
          idleWaiters.add(resolve);
          wake();
        });
        if ((await inbox.counts()).due === 0 && busyLanes === 0 && ready.length === 0) return;
      }
    },
    stop: async () => {
      stopping = true;
      clearInterval(timer);
      await new Promise<void>((resolve) => {
        idleWaiters.add(resolve);
        pump();
      });
    },
  };
}
