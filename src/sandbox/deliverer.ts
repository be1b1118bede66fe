import type { Pool } from 'pg';
import type { Logger } from 'pino';
import Stripe from 'stripe';
import { Agent, fetch } from 'undici';
import type { Clock } from '../clock.ts';
import { errorMessage } from '../errors.ts';
import type { FaultSwitch } from './faults.ts';
import { isThin, notificationOf, type ThinEvent } from './thin-events.ts';

const concurrencyMax = 16;
const batchSize = 500;
const timeoutMs = 10_000;
const backoffFirstMs = 1000;
const backoffMaxMs = 12 * 3_600_000;

/** docs.stripe.com/webhooks: deliveries are retried for up to three days. */
const retryForMs = 3 * 86_400_000;

/** `setTimeout` cannot wait longer. */
const timerMsMax = 2_147_483_647;

interface DueDelivery {
  readonly id: string;
  readonly lane: string;
  readonly attempts: number;
  readonly first_due_at: Date;
  readonly event: Stripe.EventBase | ThinEvent;
  readonly event_account: string;
  readonly pending: number;
  readonly endpoint_id: string;
  readonly url: string;
  readonly secret: string;
  readonly connect: boolean;
  readonly api_version: string;
}

/** What is sent of the event to this endpoint. */
function bodyOf({ event, event_account: account, connect, api_version: apiVersion, pending }: DueDelivery): object {
  if (isThin(event)) return notificationOf(event, connect ? account : null);
  return { ...event, ...(connect ? { account } : {}), api_version: apiVersion, pending_webhooks: pending };
}

interface Result {
  readonly id: string;
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly dueAt: Date;
  readonly text: string;
}

/**
 * Sends queued deliveries: those of one lane one after another, lanes side by side. The queue is the table, so what was
 * not recorded as delivered is sent again after a crash.
 */
export class Deliverer {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #faults: FaultSwitch;
  readonly #logger: Logger;
  readonly #agent = new Agent({ connections: concurrencyMax, keepAliveTimeout: 10_000 });
  readonly #known = new Set<string>();
  readonly #lanes = new Map<string, DueDelivery[]>();
  readonly #ready: string[] = [];
  readonly #results: Result[] = [];
  #waiting: (() => void)[] = [];
  #active = 0;
  #loading = false;
  #loadAgain = false;
  #recording: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the next delivery falls due, as a load that found none read it; undefined once something may have been added. */
  #nextDueAt: number | undefined;
  #closed = false;

  constructor(setting: { pool: Pool; clock: Clock; faults: FaultSwitch; logger: Logger }) {
    this.#pool = setting.pool;
    this.#clock = setting.clock;
    this.#faults = setting.faults;
    this.#logger = setting.logger;
  }

  /** Deliveries loaded and not yet recorded. */
  get inFlight(): number {
    return this.#known.size;
  }

  /** Looks for what is due now. Cheap to call often. */
  kick(): void {
    if (this.#closed) return;
    this.#nextDueAt = undefined;
    if (this.#loading) {
      this.#loadAgain = true;
      return;
    }
    this.#loading = true;
    void this.#load();
  }

  /** Resolves when nothing is in flight and nothing is due. */
  settled(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    if (this.#nextDueAt !== undefined && this.#nextDueAt > this.#clock.now().getTime()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.kick();
    });
  }

  /** Lets what is being sent finish, and records it. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#ready.length = 0;
    if (this.#active > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    while (this.#recording) await this.#recording;
    this.#release();
    await this.#agent.close();
  }

  async #load(): Promise<void> {
    let found = 0;
    try {
      do {
        this.#loadAgain = false;
        const due = await this.#due();
        found = due.length;
        this.#enqueue(due);
      } while (this.#loadAgain && !this.#closed);
      if (found === 0 && this.#known.size === 0) await this.#idle();
    } catch (error) {
      if (!this.#closed) this.#logger.error({ error: errorMessage(error) }, 'sandbox could not load deliveries');
    } finally {
      this.#loading = false;
    }
    if (this.#loadAgain) this.kick();
  }

  async #due(): Promise<DueDelivery[]> {
    const { rows } = await this.#pool.query<DueDelivery>(
      `SELECT delivery.id, delivery.lane, delivery.attempts, delivery.first_due_at, delivery.event_account,
              CASE document.type WHEN 'event' THEN document.body ELSE document.body -> 'event' END AS event,
              endpoint.id AS endpoint_id, endpoint.url, endpoint.secret, endpoint.connect,
              endpoint.api_version,
              (SELECT count(DISTINCT endpoint_id)::int FROM deliveries AS other
               WHERE other.event_id = delivery.event_id AND other.status <> 'delivered') AS pending
       FROM deliveries AS delivery
       JOIN endpoints AS endpoint ON endpoint.id = delivery.endpoint_id
       JOIN documents AS document
         ON document.account = delivery.event_account AND document.type IN ('event', 'thin_event')
        AND document.id = delivery.event_id
       WHERE delivery.status = 'pending' AND delivery.due_at <= $1 AND NOT (delivery.id = ANY($2::bigint[]))
       ORDER BY delivery.id LIMIT $3`,
      [this.#clock.now(), [...this.#known], Math.max(0, 2 * batchSize - this.#known.size)],
    );
    return rows;
  }

  #enqueue(due: readonly DueDelivery[]): void {
    const reorder = this.#faults.current.reorderDeliveries ?? false;
    for (const delivery of reorder ? this.#faults.shuffled(due) : due) {
      this.#known.add(delivery.id);
      const lane = reorder ? delivery.id : `${delivery.endpoint_id} ${delivery.lane}`;
      const queued = this.#lanes.get(lane);
      if (queued) {
        queued.push(delivery);
        continue;
      }
      this.#lanes.set(lane, [delivery]);
      this.#ready.push(lane);
    }
    this.#start();
  }

  #start(): void {
    while (this.#active < concurrencyMax && !this.#closed) {
      const lane = this.#ready.shift();
      if (lane === undefined) return;
      this.#active += 1;
      void this.#runLane(lane);
    }
  }

  /** Takes what is added to the lane while it runs, too: two runs of one lane would mix up its order. */
  async #runLane(lane: string): Promise<void> {
    const queue = this.#lanes.get(lane) ?? [];
    for (let delivery = queue.shift(); delivery && !this.#closed; delivery = queue.shift()) {
      this.#results.push(await this.#attempt(delivery));
      this.#record();
    }
    this.#lanes.delete(lane);
    this.#active -= 1;
    if (this.#closed && this.#active === 0) this.#release();
    this.#start();
  }

  async #attempt(delivery: DueDelivery): Promise<Result> {
    const { id } = delivery;
    const attempts = delivery.attempts + 1;
    const answer = await this.#send(delivery);
    const now = this.#clock.now().getTime();
    if (answer.ok) return { id, attempts, status: 'delivered', dueAt: new Date(now), text: answer.text };
    const backoffMs = Math.min(backoffFirstMs * 2 ** (attempts - 1), backoffMaxMs);
    const dueAt = new Date(now + backoffMs);
    const overdue = dueAt.getTime() - delivery.first_due_at.getTime() > retryForMs;
    return { id, attempts, status: overdue ? 'failed' : 'pending', dueAt, text: answer.text };
  }

  async #send(delivery: DueDelivery): Promise<{ readonly ok: boolean; readonly text: string }> {
    const payload = JSON.stringify(bodyOf(delivery));
    const signature = Stripe.webhooks.generateTestHeaderString({
      payload,
      secret: delivery.secret,
      timestamp: Math.floor(this.#clock.now().getTime() / 1000),
    });
    try {
      const response = await fetch(delivery.url, {
        method: 'POST',
        body: payload,
        dispatcher: this.#agent,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
      });
      await response.arrayBuffer();
      return { ok: response.ok, text: String(response.status) };
    } catch (error) {
      return { ok: false, text: errorMessage(error) };
    }
  }

  /** Results that arrive while one batch is being written make the next. */
  #record(): void {
    this.#recording ??= this.#recordAll().finally(() => {
      this.#recording = undefined;
      if (this.#results.length > 0) this.#record();
      else if (this.#known.size < batchSize && this.#ready.length === 0) this.kick();
    });
  }

  async #recordAll(): Promise<void> {
    const results = this.#results.splice(0);
    try {
      await this.#pool.query(
        `UPDATE deliveries SET status = result.status, attempts = result.attempts, due_at = result.due_at,
                last_result = result.text
         FROM unnest($1::bigint[], $2::text[], $3::int[], $4::timestamptz[], $5::text[])
           AS result (id, status, attempts, due_at, text)
         WHERE deliveries.id = result.id`,
        [
          results.map((result) => result.id),
          results.map((result) => result.status),
          results.map((result) => result.attempts),
          results.map((result) => result.dueAt),
          results.map((result) => result.text),
        ],
      );
    } catch (error) {
      this.#logger.error(
        { error: errorMessage(error) },
        'sandbox could not record deliveries: they will be sent again',
      );
    }
    for (const result of results) this.#known.delete(result.id);
  }

  async #idle(): Promise<void> {
    const { rows } = await this.#pool.query<{ due_at: Date | null }>(
      `SELECT min(due_at) AS due_at FROM deliveries WHERE status = 'pending'`,
    );
    const next = rows[0]?.due_at;
    const waitMs = next ? next.getTime() - this.#clock.now().getTime() : undefined;
    if (this.#loadAgain || (waitMs !== undefined && waitMs <= 0)) {
      this.#loadAgain = true;
      return;
    }
    this.#nextDueAt = next?.getTime() ?? Number.POSITIVE_INFINITY;
    this.#release();
    clearTimeout(this.#timer);
    if (waitMs === undefined || this.#closed) return;
    this.#timer = setTimeout(() => this.kick(), Math.min(waitMs + 1, timerMsMax));
    this.#timer.unref();
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
