import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import type { Clock } from '../clock.ts';
import { outcomesOfEvents } from './inbox.sql.ts';
import type { EventName } from './inbox.ts';

/** Between two looks, in milliseconds. */
const lookMs = 50;
/** About a minute: what takes longer is handled all the same, and whoever waits goes on without it. */
const looksMax = 1_200;

/**
 * Waits until these events are handled or put off, whatever else comes meanwhile, and a minute at most. Answers the ids of those that are of
 * nobody here; others that change nothing came late all the same.
 */
export const createEventsHandled =
  ({ pool, clock }: { readonly pool: pg.Pool; readonly clock: Clock }) =>
  async (events: readonly EventName[]): Promise<ReadonlySet<string>> => {
    if (events.length === 0) return new Set();
    const named = [
      events.map(({ provider }) => provider),
      events.map(({ account }) => account),
      events.map(({ eventId }) => eventId),
    ];
    for (let looks = 1; ; looks += 1) {
      const { rows } = await pool.query<{ event_id: string; of_nobody: boolean; pending: boolean }>(outcomesOfEvents, [
        ...named,
        clock.now(),
      ]);
      if (looks >= looksMax || !rows.some(({ pending }) => pending)) {
        return new Set(rows.flatMap(({ event_id: id, of_nobody: ofNobody }) => (ofNobody ? [id] : [])));
      }
      await setTimeout(lookMs);
    }
  };
