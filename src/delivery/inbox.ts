import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import { Gather } from './gather.ts';
import {
  claimEvents,
  countDue,
  finishEvents,
  postponeEvent,
  releaseClaims,
  renewClaim,
  replayEvent,
  storeEvents,
} from './inbox.sql.ts';

/** How long a claim holds an event, in milliseconds. Past it another worker may take it over. */
export const claimMs = 30_000;

/** How long one call to a provider may take with its retries and the batch behind it, in milliseconds. */
const callClaimMs = 120_000;

/** An event as its provider names it. */
export interface EventName {
  readonly provider: string;
  /** The provider's id of the account it is about. */
  readonly account: string;
  readonly eventId: string;
}

/** A verified event on its way into the inbox. `ignoredBecause` keeps it as ignored, so that nobody wonders where it went. */
export interface Arrival extends EventName {
  readonly type: string;
  /** The body as it was signed, UTF-8. */
  readonly payload: Buffer;
  readonly livemode: boolean;
  readonly occurredAt: Date;
  readonly ignoredBecause?: string | undefined;
  /** The body as the receiver has already parsed it; a convenience for a worker in the same process, never stored. */
  readonly parsed?: unknown;
}

export interface ClaimedEvent {
  readonly id: string;
  readonly provider: string;
  readonly account: string;
  readonly eventId: string;
  readonly type: string;
  readonly payload: Buffer;
  readonly livemode: boolean;
  readonly attempts: number;
  readonly parsed?: unknown;
}

export type EventOutcome =
  | { readonly status: 'done' }
  | { readonly status: 'ignored'; readonly reason: string }
  | { readonly status: 'parked'; readonly reason: string };

export type Stored = 'stored' | 'duplicate';

/** Takes stored events straight to a worker in this process. Answers false when it has no room; they stay for a later claim. */
export type HandOver = (events: readonly ClaimedEvent[]) => void;

/** The claim was taken over by another worker: what was done under it must be rolled back. */
export class ClaimLost extends Error {}

export interface Inbox {
  /** Resolves when the event is committed. Arrivals of the same moment share one commit. */
  store(event: Arrival): Promise<Stored>;
  /**
   * From now on events are born claimed by the worker in this process and handed to it from memory while `hasRoom` says
   * so, which saves the claim and a second parse. If the process dies, the claims run out and others take the events.
   */
  handOverTo(worker: { hasRoom(): boolean; take: HandOver }): void;
  claim(limit: number): Promise<readonly ClaimedEvent[]>;
  /** Marks claimed events in the caller's transaction. Throws `ClaimLost` unless all are still this process's. */
  finish(sql: Sql, events: readonly { readonly event: ClaimedEvent; readonly outcome: EventOutcome }[]): Promise<void>;
  /** Holds an event for another `callClaimMs`, long enough for a call to a provider. False when it is no longer this process's. */
  renew(event: ClaimedEvent): Promise<boolean>;
  postpone(event: ClaimedEvent, dueAt: Date, reason: string): Promise<void>;
  releaseClaims(): Promise<void>;
  /** False when there is no such event, or it is being worked on. */
  replay(id: string): Promise<boolean>;
  counts(): Promise<{ readonly waiting: number; readonly due: number; readonly parked: number }>;
}

interface ClaimRow {
  readonly id: string;
  readonly provider: string;
  readonly account: string;
  readonly event_id: string;
  readonly type: string;
  readonly payload: Buffer;
  readonly livemode: boolean;
  readonly attempts: number;
}

/** Where each payload begins in all of them put together, counted from 1 as SQL does. */
function firstBytesOf(events: readonly Arrival[]): number[] {
  let next = 1;
  return events.map(({ payload }) => {
    const first = next;
    next += payload.length;
    return first;
  });
}

export function createInbox({ pool, clock }: { readonly pool: pg.Pool; readonly clock: Clock }): Inbox {
  // Names this process on its claims. One is enough: what is marked twice under it is marked once.
  const processToken = randomUUID();
  let local: { hasRoom(): boolean; take: HandOver } | undefined;

  const storeTogether = async (events: readonly Arrival[]): Promise<readonly Stored[]> => {
    const now = clock.now();
    const token = local?.hasRoom() ? processToken : null;
    const ids = events.map(() => newId('inboxEvent'));
    const stored = await pool.query<{ id: string }>({
      // The one set-wise statement worth preparing: it has no join whose plan could age.
      name: 'inbox-store',
      text: storeEvents,
      values: [
        ids,
        events.map(({ provider }) => provider),
        events.map(({ account }) => account),
        events.map(({ eventId }) => eventId),
        events.map(({ type }) => type),
        firstBytesOf(events),
        events.map(({ payload }) => payload.length),
        events.map(({ livemode }) => livemode),
        events.map(({ ignoredBecause }) => (ignoredBecause === undefined ? 'received' : 'ignored')),
        events.map(({ ignoredBecause }) => ignoredBecause ?? null),
        events.map(({ occurredAt }) => occurredAt),
        now,
        token === null ? now : new Date(now.getTime() + claimMs),
        token,
        Buffer.concat(events.map(({ payload }) => payload)),
      ],
    });
    const kept = new Set(stored.rows.map(({ id }) => id));
    if (token !== null && local) {
      local.take(
        events.flatMap((event, index) => {
          const id = ids[index];
          if (id === undefined || !kept.has(id) || event.ignoredBecause !== undefined) return [];
          const { provider, account, eventId, type, payload, livemode, parsed } = event;
          return [{ id, provider, account, eventId, type, payload, livemode, attempts: 1, parsed }];
        }),
      );
    }
    return ids.map((id) => (kept.has(id) ? 'stored' : 'duplicate'));
  };

  const arrivals = new Gather<Arrival, Stored>({ run: storeTogether, batchMax: 200, lanes: 2 });

  return {
    store: (event) => arrivals.submit(event),
    handOverTo: (worker) => {
      local = worker;
    },
    claim: async (limit) => {
      const now = clock.now();
      const claimed = await pool.query<ClaimRow>({
        text: claimEvents,
        values: [now, new Date(now.getTime() + claimMs), processToken, limit],
      });
      return claimed.rows.map(({ event_id, ...row }) => ({ ...row, eventId: event_id }));
    },
    finish: async (sql, events) => {
      const [first] = events;
      if (!first) return;
      const finished = await sql.query(finishEvents, [
        events.map(({ event }) => event.id),
        events.map(({ outcome }) => outcome.status),
        events.map(({ outcome }) => ('reason' in outcome ? outcome.reason : null)),
        clock.now(),
        processToken,
      ]);
      if (finished.rowCount !== events.length) throw new ClaimLost(`${first.event.id} is no longer ours`);
    },
    renew: async (event) => {
      const until = new Date(clock.now().getTime() + callClaimMs);
      return (await pool.query(renewClaim, [event.id, until, processToken])).rowCount === 1;
    },
    postpone: async (event, dueAt, reason) => {
      await pool.query(postponeEvent, [event.id, dueAt, reason, processToken]);
    },
    releaseClaims: async () => {
      await pool.query(releaseClaims, [clock.now()]);
    },
    replay: async (id) => (await pool.query(replayEvent, [id, clock.now()])).rowCount === 1,
    counts: async () => {
      const counted = await pool.query<{ waiting: number; due: number; parked: number }>(countDue, [clock.now()]);
      return counted.rows[0] ?? { waiting: 0, due: 0, parked: 0 };
    },
  };
}
