import type { Pool } from 'pg';
import type { MovableClock } from '../clock.ts';
import type { Deliverer } from './deliverer.ts';
import type { DueWork } from './due-work.ts';
import { keptForMs } from './idempotency.ts';
import { readState, writeState } from './schema.ts';

const offsetName = 'clock_offset_ms';

const millisecondsPer: Readonly<Record<string, number>> = {
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};

const isoDuration = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/**
 * Milliseconds of `1d`, `90m`, an ISO 8601 duration of fixed length (`P1DT2H`) or a number of milliseconds.
 * Throws `RangeError` for anything else and for a negative amount. Months and years have no fixed length: use `to`.
 */
export function durationMs(advance: string | number): number {
  if (typeof advance === 'number') {
    if (!Number.isFinite(advance) || advance < 0) throw new RangeError('a clock only moves forward');
    return advance;
  }
  const short = /^(\d+)(w|d|h|m|s|ms)$/.exec(advance);
  if (short) return Number(short[1]) * (millisecondsPer[short[2] ?? ''] ?? 0);
  const iso = isoDuration.exec(advance);
  if (!iso || !/\d/.test(advance)) throw new RangeError(`not a duration: ${advance}`);
  const units = ['w', 'd', 'h', 'm', 's'];
  return units.reduce((sum, unit, index) => sum + Number(iso[index + 1] ?? 0) * (millisecondsPer[unit] ?? 0), 0);
}

export interface ClockMoverSetting {
  readonly pool: Pool;
  readonly clock: MovableClock;
  readonly dueWork: Pick<DueWork, 'nextDue' | 'run'>;
  readonly deliverer: Pick<Deliverer, 'settled'>;
}

/**
 * What falls due within a minute is done together, each at its own time: deliveries are signed with the clock's, and are
 * taken for five minutes.
 */
const togetherMs = 60_000;

/** The service has its turn once a day at least, so that what falls due there is done in order with what falls due here. */
const turnMs = 86_400_000;

export interface ClockListener {
  /** Does what is due, and resolves when it is done. */
  readonly turn: () => Promise<void>;
  /** When something next falls due there, where that is known: the clock stops at it. */
  readonly nextDue?: (() => Promise<Date | undefined>) | undefined;
}

/**
 * Moves the shared clock from one moment at which something is due to the next; answers when what fell due on both sides
 * is done and delivered. One move at a time.
 */
export class ClockMover {
  readonly #setting: ClockMoverSetting;
  readonly #listeners: ClockListener[] = [];
  #moving: Promise<unknown> = Promise.resolve();

  constructor(setting: ClockMoverSetting) {
    this.#setting = setting;
  }

  get now(): Date {
    return this.#setting.clock.now();
  }

  onMoved(listener: ClockListener): void {
    this.#listeners.push(listener);
  }

  /** The clock goes on from where it was when the sandbox stopped. */
  async restore(): Promise<void> {
    const stored = Number((await readState(this.#setting.pool, offsetName)) ?? 0);
    const { clock } = this.#setting;
    if (stored > clock.offsetMs) clock.advance(stored - clock.offsetMs);
  }

  /** Throws `RangeError` for what is not a duration forward. */
  async advance(by: string | number): Promise<Date> {
    const ms = durationMs(by);
    return this.#inTurn(() => ms);
  }

  /** Throws `RangeError` for a time that has passed. */
  moveTo(time: string): Promise<Date> {
    return this.#inTurn(() => new Date(time).getTime() - this.now.getTime());
  }

  #inTurn(distanceMs: () => number): Promise<Date> {
    const moved = this.#moving.then(() => this.#move(distanceMs));
    this.#moving = moved.catch(() => undefined);
    return moved;
  }

  async #move(distanceMs: () => number): Promise<Date> {
    const { pool, deliverer } = this.#setting;
    const distance = distanceMs();
    if (!Number.isFinite(distance) || distance < 0) throw new RangeError('a clock only moves forward');
    // A delivery signed before the move and received after it would be refused as too old.
    await deliverer.settled();
    const end = this.now.getTime() + distance;
    let turn = this.now.getTime() + turnMs;
    for (let arrived = false; !arrived; ) {
      const stop = await this.#nextStop();
      const moment = Math.min(end, turn, stop.at);
      await this.#step(moment);
      arrived = moment === end;
      if (!arrived && moment < turn && !stop.ofListener) continue;
      for (const listener of this.#listeners) await listener.turn();
      await deliverer.settled();
      turn = moment + turnMs;
    }
    await pool.query('DELETE FROM idempotency_keys WHERE created_at <= $1', [new Date(this.now.getTime() - keptForMs)]);
    return this.now;
  }

  /** Where the clock has to stop before it goes on: a minute after what is due here, or when something is due there. */
  async #nextStop(): Promise<{ readonly at: number; readonly ofListener: boolean }> {
    const own = await this.#setting.dueWork.nextDue();
    const at = own ? Math.max(own.getTime(), this.now.getTime()) + togetherMs : Number.POSITIVE_INFINITY;
    const now = this.now.getTime();
    let first = Number.POSITIVE_INFINITY;
    for (const { nextDue } of this.#listeners) {
      const due = (await nextDue?.())?.getTime();
      // What is due already had its turn: it waits for something else than the clock.
      if (due !== undefined && due > now) first = Math.min(first, due);
    }
    return { at: Math.min(at, first), ofListener: first < at };
  }

  async #step(moment: number): Promise<void> {
    const { pool, clock, dueWork, deliverer } = this.#setting;
    clock.advance(Math.max(0, moment - this.now.getTime()));
    await writeState(pool, offsetName, String(clock.offsetMs));
    await dueWork.run();
    await deliverer.settled();
  }
}
