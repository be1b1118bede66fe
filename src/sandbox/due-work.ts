import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { errorMessage } from '../errors.ts';
import { type Call, type TimerKind, type Transactions, timerKinds } from './call.ts';
import { idOf } from './document-links.ts';
import { StripeFailure } from './failure.ts';
import { expireHold } from './holds.ts';
import { paymentIdOf } from './invoice-payments.ts';
import { validateMeterEvents } from './meter-validation.ts';
import { settleRefund } from './refunds.ts';
import {
  expireUnpaid,
  finalizeDue,
  remindOfTrialEnd,
  resumeCollection,
  retryPayment,
  wakeSubscription,
} from './renewals.ts';
import { expireSession, settleSession } from './sessions.ts';

/** `setTimeout` cannot wait longer. */
const timerMsMax = 2_147_483_647;

/** Done one by one: each may find that it has nothing left to do, and throw. */
const single = {
  session_expiry: (call: Call, sessionId: string) => expireSession(call, sessionId),
  payment_settlement: (call: Call, sessionId: string, detail: string) =>
    settleSession(call, sessionId, detail === 'fail' ? 'fail' : 'succeed'),
  hold_expiry: (call: Call, intentId: string) => expireHold(call, intentId),
  refund_settlement: (call: Call, refundId: string, detail: string) =>
    settleRefund(call, refundId, detail === 'fail' ? 'fail' : 'succeed'),
} as const;

/** Done many in one transaction: they never throw for being late. */
const batched = {
  payment_retry: retryPayment,
  invoice_finalization: finalizeDue,
  trial_reminder: remindOfTrialEnd,
  incomplete_expiry: expireUnpaid,
  collection_resume: resumeCollection,
  meter_validation: validateMeterEvents,
  subscription: wakeSubscription,
} as const;

type Handlers = Record<TimerKind, (call: Call, objectId: string, detail: string) => Promise<unknown>>;

const handlers = { ...single, ...batched } satisfies Handlers;

interface DueTimer {
  readonly account: string;
  readonly kind: TimerKind;
  readonly object_id: string;
  readonly detail: string;
  readonly due_at: Date;
}

/** Small enough that what one batch made is delivered while the next is done. */
const batchMax = 100;

/** Timers in their order, those that can be done in one transaction together. */
function inBatches(timers: readonly DueTimer[]): readonly DueTimer[][] {
  const batches: DueTimer[][] = [];
  for (const timer of timers) {
    const last = batches.at(-1);
    const joins = last?.[0]?.account === timer.account && timer.kind in batched && last[0].kind in batched;
    // What one of them schedules may be due before the next of another object, but never before another of its own.
    if (joins && last.every(({ object_id: id }) => id !== timer.object_id)) last.push(timer);
    else batches.push([timer]);
  }
  return batches;
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
      const now = this.#clock.now();
      const due = await this.#due(now);
      if (due.length === 0) return this.#sleep(now);
      for (const batch of inBatches(due)) await this.#fire(batch);
    }
  }

  /** When the next timer falls due; undefined while there is none. */
  async nextDue(): Promise<Date | undefined> {
    const { rows } = await this.#pool.query<{ due_at: Date | null }>('SELECT min(due_at) AS due_at FROM timers');
    return rows[0]?.due_at ?? undefined;
  }

  async #sleep(now: Date): Promise<void> {
    const next = await this.nextDue();
    if (!next || this.#closed) return;
    const waitMs = Math.max(0, next.getTime() - now.getTime());
    this.#timer = setTimeout(() => this.wake(), Math.min(waitMs + 1, timerMsMax));
    this.#timer.unref();
  }

  async #due(now: Date): Promise<readonly DueTimer[]> {
    const { rows } = await this.#pool.query<DueTimer>(
      `SELECT account, kind, object_id, detail, due_at FROM timers WHERE due_at <= $1
       ORDER BY due_at, array_position($2::text[], kind), object_id LIMIT $3`,
      [now, timerKinds, batchMax],
    );
    return rows;
  }

  async #fire(batch: readonly DueTimer[]): Promise<void> {
    const [first] = batch;
    if (!first) return;
    try {
      await this.#transactions.run(first.account, null, async (call) => {
        const taken = first.kind in batched ? await takeTimers(call, batch) : batch;
        for (const timer of taken) {
          call.moveTo(timer.due_at);
          await handlers[timer.kind](call, timer.object_id, timer.detail);
        }
      });
    } catch (error) {
      if (!(error instanceof StripeFailure) || first.kind in batched) throw error;
      // Paid or closed a moment ago: the timer has nothing left to do, and must not be found again.
      await this.#pool.query('DELETE FROM timers WHERE account = $1 AND kind = $2 AND object_id = $3', [
        first.account,
        first.kind,
        first.object_id,
      ]);
    }
  }
}

/**
 * Those that still stand once all that they concern is locked, as calls lock it before they set a timer: a call may have
 * moved one a moment ago. They are done with, and whatever they schedule comes in their place.
 */
async function takeTimers(call: Call, batch: readonly DueTimer[]): Promise<readonly DueTimer[]> {
  await loadFor(call, batch);
  const { rows } = await call.store.client.query<{ name: string }>(
    `DELETE FROM timers USING unnest($2::text[], $3::text[], $4::timestamptz[]) AS taken (kind, object_id, due_at)
     WHERE timers.account = $1 AND timers.kind = taken.kind AND timers.object_id = taken.object_id
       AND timers.due_at = taken.due_at
     RETURNING timers.kind || ' ' || timers.object_id AS name`,
    [
      call.account.id,
      batch.map(({ kind }) => kind),
      batch.map(({ object_id: id }) => id),
      batch.map(({ due_at: dueAt }) => dueAt),
    ],
  );
  const standing = new Set(rows.map(({ name }) => name));
  return batch.filter(({ kind, object_id: id }) => standing.has(`${kind} ${id}`));
}

const ofInvoices: ReadonlySet<string> = new Set(['payment_retry', 'invoice_finalization']);

/** All that a batch of billing reads, in one statement per kind: subscription before invoice before customer, as calls lock. */
async function loadFor(call: Call, batch: readonly DueTimer[]): Promise<void> {
  const { store } = call;
  const billed = batch.filter(({ kind }) => ofInvoices.has(kind));
  const subscriptionIds = batch.map((timer) => (ofInvoices.has(timer.kind) ? timer.detail : timer.object_id));
  const subscriptions = await store.load('subscription', subscriptionIds);
  await store.load('subscription_schedule', present(subscriptions.map(({ schedule }) => idOf(schedule))));
  const invoices = await store.load(
    'invoice',
    billed.map(({ object_id: id }) => id),
  );
  await store.load(
    'invoice_payment',
    invoices.map(({ id }) => paymentIdOf(id)),
  );
  const customers = await store.load('customer', present(subscriptions.map(({ customer }) => idOf(customer))));
  const methods = await store.load('payment_method', [
    ...present(subscriptions.map((subscription) => idOf(subscription.default_payment_method))),
    ...present(customers.map((customer) => idOf(customer.invoice_settings.default_payment_method))),
  ]);
  await store.load('card_switch', [
    ...methods.map(({ id }) => id),
    ...methods.map(({ card }) => card?.fingerprint ?? ''),
  ]);
}

const present = <Value>(values: readonly (Value | undefined)[]): Value[] =>
  values.filter((value) => value !== undefined);
