import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { errorMessage } from '../errors.ts';
import type { Call, Timer, Transactions } from './call.ts';
import { StripeFailure } from './failure.ts';
import { expireHold } from './holds.ts';
import { settleRefund } from './refunds.ts';
import { expireSession, settleSession } from './sessions.ts';

/** `setTimeout` cannot wait longer. */
const timerMsMax = 2_147_483_647;

const handlers = {
  session_expiry: (call: Call, sessionId: string) => expireSession(call, sessionId),
  payment_settlement: (call: Call, sessionId: string, detail: string) =>
    settleSession(call, sessionId, detail === 'fail' ? 'fail' : 'succeed'),
  hold_expiry: (call: Call, intentId: string) => expireHold(call, intentId),
  refund_settlement: (call: Call, refundId: string, detail: string) =>
    settleRefund(call, refundId, detail === 'fail' ? 'fail' : 'succeed'),
} satisfies Record<Timer['kind'], (call: Call, objectId: string, detail: string) => Promise<unknown>>;

interface DueTimer {
  readonly account: string;
  readonly kind: Timer['kind'];
  readonly object_id: string;
  readonly detail: string;
  readonly due_at: Date;
}

/** Does what falls due by the clock, in the order in which it fell due. */
export class DueWork {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #transactions: Transactions;
  readonly #logger: Logger;
  #running: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(setting: { pool: Pool; clock: Clock; transactions: Transactions; logger: Logger }) {
    this.#pool = setting.pool;
    this.#clock = setting.clock;
    this.#transactions = setting.transactions;
    this.#logger = setting.logger;
  }

  /** Resolves when nothing is due any more; runs after any run that is under way. */
  run(): Promise<void> {
    const run = this.#running.then(() => this.#runDue());
    // A run that failed is its caller's to hear of; the next one starts all the same.
    this.#running = run.catch(() => undefined);
    return run;
  }

  /** Without waiting: a failure is logged and tried again when something next wakes the sandbox. */
  wake(): void {
    this.run().catch((error: unknown) => {
      if (!this.#closed) this.#logger.error({ error: errorMessage(error) }, 'sandbox could not do its due work');
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #runDue(): Promise<void> {
    clearTimeout(this.#timer);
    while (!this.#closed) {
      const next = await this.#next();
      if (!next) return;
      const waitMs = next.due_at.getTime() - this.#clock.now().getTime();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.wake(), Math.min(waitMs + 1, timerMsMax));
        this.#timer.unref();
        return;
      }
      await this.#fire(next);
    }
  }

  async #next(): Promise<DueTimer | undefined> {
    const { rows } = await this.#pool.query<DueTimer>(
      'SELECT account, kind, object_id, detail, due_at FROM timers ORDER BY due_at, object_id LIMIT 1',
    );
    return rows[0];
  }

  async #fire(timer: DueTimer): Promise<void> {
    try {
      await this.#transactions.run<unknown>(timer.account, null, (call) =>
        handlers[timer.kind](call, timer.object_id, timer.detail),
      );
    } catch (error) {
      if (!(error instanceof StripeFailure)) throw error;
      // Paid or closed a moment ago: the timer has nothing left to do, and must not be found again.
      await this.#pool.query('DELETE FROM timers WHERE account = $1 AND kind = $2 AND object_id = $3', [
        timer.account,
        timer.kind,
        timer.object_id,
      ]);
    }
  }
}
