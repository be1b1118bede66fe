import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { Webhook } from 'standardwebhooks';
import { Agent, fetch } from 'undici';
import type { Clock } from '../../clock.ts';
import { errorMessage } from '../../errors.ts';
import type { WhopFaultSwitch } from './faults.ts';

/** Waits before the three retries; after the last one a delivery is dropped (docs.whop.com/developer/guides/webhooks). */
const retryWaitsMs = [10_000, 20_000, 40_000] as const;

const timeoutMs = 10_000;
const batchSize = 200;

/** `setTimeout` cannot wait longer. */
const timerMsMax = 2_147_483_647;

interface Due {
  readonly id: string;
  readonly event_id: string;
  readonly body: string;
  readonly attempts: number;
  readonly url: string;
  readonly secret: string;
}

/** Whop's secrets are no base64, and sign as the base64 of all of their letters. */
const signerOf = (secret: string): Webhook => new Webhook(Buffer.from(secret, 'utf8').toString('base64'));

/** Sends queued deliveries one after another. The queue is the table, so that a restart goes on where it stopped. */
export class WhopDeliverer {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #faults: WhopFaultSwitch;
  readonly #logger: Logger;
  readonly #agent = new Agent({ keepAliveTimeout: 10_000 });
  #running: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** When the next delivery falls due, as a run that left none due read it; undefined once something may have been added. */
  #nextDueAt: number | undefined;
  #kicks = 0;

  constructor(setting: { pool: Pool; clock: Clock; faults: WhopFaultSwitch; logger: Logger }) {
    this.#pool = setting.pool;
    this.#clock = setting.clock;
    this.#faults = setting.faults;
    this.#logger = setting.logger;
  }

  /** Resolves when nothing is due any more. */
  settled(): Promise<void> {
    if (this.#nextDueAt !== undefined && this.#nextDueAt > this.#clock.now().getTime()) return Promise.resolve();
    const run = this.#running.then(() => this.#drain());
    // A run that failed is its caller's to hear of; the next one starts all the same.
    this.#running = run.catch(() => undefined);
    return run;
  }

  /** Without waiting: a failure is logged and tried again when something next wakes it. */
  kick(): void {
    this.#kicks += 1;
    this.#nextDueAt = undefined;
    this.settled().catch((error: unknown) => {
      if (!this.#closed) this.#logger.error({ error: errorMessage(error) }, 'sandbox could not deliver');
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#agent.close();
  }

  async #drain(): Promise<void> {
    clearTimeout(this.#timer);
    while (!this.#closed) {
      const due = await this.#due();
      if (due.length === 0) return this.#waitForNext();
      for (const delivery of due) if (!this.#closed) await this.#attempt(delivery);
    }
  }

  async #due(): Promise<readonly Due[]> {
    const { rows } = await this.#pool.query<Due>(
      `SELECT delivery.id, delivery.event_id, delivery.body, delivery.attempts, webhook.body ->> 'url' AS url,
              webhook.body ->> 'webhook_secret' AS secret
       FROM whop_deliveries AS delivery
       JOIN whop_objects AS webhook ON webhook.kind = 'webhook' AND webhook.id = delivery.webhook_id
       WHERE delivery.status = 'pending' AND delivery.due_at <= $1 ORDER BY delivery.id LIMIT $2`,
      [this.#clock.now(), batchSize],
    );
    return this.#faults.current.reorderDeliveries ? rows.reverse() : rows;
  }

  async #attempt(delivery: Due): Promise<void> {
    const answer = await this.#send(delivery);
    const waitMs = retryWaitsMs[delivery.attempts];
    const status = answer.ok ? 'delivered' : waitMs === undefined ? 'dropped' : 'pending';
    await this.#pool.query(
      'UPDATE whop_deliveries SET status = $2, attempts = attempts + 1, due_at = $3, last_result = $4 WHERE id = $1',
      [delivery.id, status, new Date(this.#clock.now().getTime() + (waitMs ?? 0)), answer.text],
    );
  }

  async #send({ event_id: eventId, body, url, secret }: Due): Promise<{ readonly ok: boolean; readonly text: string }> {
    const at = this.#clock.now();
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        dispatcher: this.#agent,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          'content-type': 'application/json',
          'webhook-id': eventId,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': signerOf(secret).sign(eventId, at, body),
        },
      });
      await response.arrayBuffer();
      return { ok: response.ok, text: String(response.status) };
    } catch (error) {
      return { ok: false, text: errorMessage(error) };
    }
  }

  async #waitForNext(): Promise<void> {
    const kicks = this.#kicks;
    const { rows } = await this.#pool.query<{ due_at: Date | null }>(
      `SELECT min(delivery.due_at) AS due_at FROM whop_deliveries AS delivery
       JOIN whop_objects AS webhook ON webhook.kind = 'webhook' AND webhook.id = delivery.webhook_id
       WHERE delivery.status = 'pending'`,
    );
    const next = rows[0]?.due_at;
    // What was added meanwhile may not have been read.
    if (kicks === this.#kicks) this.#nextDueAt = next?.getTime() ?? Number.POSITIVE_INFINITY;
    if (!next || this.#closed) return;
    const waitMs = Math.max(0, next.getTime() - this.#clock.now().getTime());
    this.#timer = setTimeout(() => this.kick(), Math.min(waitMs + 1, timerMsMax));
    this.#timer.unref();
  }
}
