import type pg from 'pg';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { inTransaction } from '../database/database.ts';
import { errorMessage } from '../errors.ts';
import { type ClaimedEvent, ClaimLost, type EventOutcome, type Inbox } from './inbox.ts';

/**
 * What the business does with events, in two steps. `prepare` looks at the event alone; where that is not enough it answers a
 * call (to a provider), which runs outside any transaction and does not hold up the others. `apply` runs for a whole batch inside
 * one transaction.
 */
export interface EventHandler<Prepared extends object> {
  prepare(event: ClaimedEvent): Prepared | (() => Promise<Prepared>);
  /** Outcomes stand in the order of the batch. Throwing rolls the batch back; it is then run event by event. */
  apply(client: pg.PoolClient, batch: readonly PreparedEvent<Prepared>[]): Promise<readonly EventOutcome[]>;
  /** The stable code of an error that no repetition changes: such an event is parked at once. Null: it is tried again. */
  finalCode(error: unknown): string | null;
  /** Told after the outcome is committed. */
  onOutcome?(event: ClaimedEvent, outcome: EventOutcome): void;
}

export interface PreparedEvent<Prepared> {
  readonly event: ClaimedEvent;
  readonly prepared: Prepared;
}

export interface InboxWorkerOptions<Prepared extends object> {
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
  /** Finishes what is in hand, then stops. Calls under way are not waited for: their events' claims run out. */
  stop(): Promise<void>;
}

/** Tries of an event whose error passes by itself, before a person has to look: with the back-off below, about three days. */
const attemptsMax = 90;
const backOffMsMax = 3_600_000;

/** Calls of `prepare` under way at once: each goes to a provider, which limits how many it takes. */
const callsMax = 4;

/** Events waiting in memory at most, beyond which arrivals are left in the database for a later claim. */
const memoryMax = 5_000;

export function startInboxWorker<Prepared extends object>(options: InboxWorkerOptions<Prepared>): InboxWorker {
  const { inbox, pool, clock, handler, log } = options;
  const batchMax = options.batchMax ?? 500;
  const lanes = options.lanes ?? 2;
  const ready: ClaimedEvent[] = [];
  /** Events whose call was answered, to go with the next batch. */
  const answered: PreparedEvent<Prepared>[] = [];
  const calls: { readonly event: ClaimedEvent; readonly call: () => Promise<Prepared> }[] = [];
  const idleWaiters = new Set<() => void>();
  let busyLanes = 0;
  let busyCalls = 0;
  let mayHaveDue = true;
  let stopping = false;

  inbox.handOverTo({
    hasRoom: () => !stopping && ready.length < memoryMax,
    take: (events) => {
      ready.push(...events);
      pump();
    },
  });

  const isQuiet = (): boolean => busyLanes === 0 && ready.length === 0 && answered.length === 0;

  function pump(): void {
    const waiting = (): number => ready.length + answered.length;
    // Another lane opens only for a full batch: until then what waits makes the next batch larger, and so cheaper by the event.
    while (
      busyLanes < lanes &&
      (waiting() >= batchMax || (busyLanes === 0 && (waiting() > 0 || (mayHaveDue && !stopping))))
    ) {
      const prepared = answered.splice(0, batchMax);
      const fromMemory = ready.splice(0, batchMax - prepared.length);
      const claims = prepared.length + fromMemory.length === 0;
      if (claims) mayHaveDue = false;
      busyLanes += 1;
      void lane(claims ? claimAndWork() : work(fromMemory, prepared));
    }
    while (busyCalls < callsMax && calls.length > 0 && !stopping) {
      const next = calls.shift();
      if (!next) break;
      busyCalls += 1;
      void answer(next);
    }
    if (isQuiet() && (stopping || busyCalls + calls.length === 0)) {
      for (const resolve of idleWaiters) resolve();
      idleWaiters.clear();
    }
  }

  async function lane(working: Promise<void>): Promise<void> {
    try {
      await working;
    } catch (error) {
      // The database is away. The claims run out by themselves; the next poll tries again.
      log.error({ err: error }, 'inbox worker could not reach the database');
    } finally {
      busyLanes -= 1;
      setImmediate(pump);
    }
  }

  async function claimAndWork(): Promise<void> {
    const claimed = await inbox.claim(batchMax);
    if (claimed.length === 0) return;
    mayHaveDue = true;
    await work(claimed, []);
  }

  /** A slow provider holds up only the events that need it; their claims are renewed before the wait, for the queue may be long. */
  async function answer({
    event,
    call,
  }: {
    readonly event: ClaimedEvent;
    readonly call: () => Promise<Prepared>;
  }): Promise<void> {
    try {
      if (await inbox.renew(event)) answered.push({ event, prepared: await call() });
    } catch (error) {
      await settleFailure(event, error).catch((failure: unknown) =>
        log.error({ err: failure }, 'event left to its claim'),
      );
    } finally {
      busyCalls -= 1;
      setImmediate(pump);
    }
  }

  async function work(events: readonly ClaimedEvent[], batch: PreparedEvent<Prepared>[]): Promise<void> {
    for (const event of events) {
      try {
        const prepared = handler.prepare(event);
        if (typeof prepared === 'function') calls.push({ event, call: prepared });
        else batch.push({ event, prepared });
      } catch (error) {
        await settleFailure(event, error);
      }
    }
    if (batch.length === 0) return;
    try {
      await applyTogether(batch);
    } catch (error) {
      const [first] = batch;
      if (batch.length === 1 && first) return settleFailure(first.event, error);
      for (const item of batch) {
        try {
          await applyTogether([item]);
        } catch (single) {
          await settleFailure(item.event, single);
        }
      }
    }
  }

  async function applyTogether(batch: readonly PreparedEvent<Prepared>[]): Promise<void> {
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

  async function settleFailure(event: ClaimedEvent, error: unknown): Promise<void> {
    if (error instanceof ClaimLost) {
      log.warn({ event: event.id }, 'claim lost to another worker');
      return;
    }
    const message = errorMessage(error).slice(0, 500);
    const code = handler.finalCode(error) ?? (event.attempts >= attemptsMax ? 'gave_up' : null);
    if (code === null) {
      const backOffMs = Math.min(1_000 * 2 ** Math.min(event.attempts - 1, 20), backOffMsMax);
      log.warn({ event: event.id, type: event.type, err: error, backOffMs }, 'event postponed');
      await inbox.postpone(event, new Date(clock.now().getTime() + backOffMs), message);
      return;
    }
    log.error({ event: event.id, type: event.type, err: error }, 'event parked');
    const outcome: EventOutcome = { status: 'parked', reason: `${code}: ${message}` };
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
        if ((await inbox.counts()).due === 0 && isQuiet() && busyCalls + calls.length === 0) return;
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
