import type { Pool, PoolClient } from 'pg';
import Stripe from 'stripe';
import type { Clock } from '../clock.ts';
import { DocumentStore } from './documents.ts';
import type { EventObjects } from './event-objects.ts';
import { accountInvalid } from './failure.ts';
import type { FaultSwitch, Faults } from './faults.ts';
import { newStripeId } from './identifiers.ts';
import { buildThinEvent, type MeterErrors, type ThinEvent, type ThinEventType } from './thin-events.ts';

export interface RequestIdentity {
  readonly id: string;
  readonly idempotencyKey: string | null;
}

/** What falls due at one moment is done in this order. */
export const timerKinds = [
  'session_expiry',
  'payment_settlement',
  'hold_expiry',
  'refund_settlement',
  'payment_retry',
  'invoice_finalization',
  'trial_reminder',
  'incomplete_expiry',
  'collection_resume',
  'meter_validation',
  'subscription',
] as const;

export type TimerKind = (typeof timerKinds)[number];

/** Something that falls due by the clock: `detail` is the timer's own business. */
export interface Timer {
  readonly kind: TimerKind;
  readonly objectId: string;
  readonly dueAt: Date;
  readonly detail: string;
}

/** What is sent of an event: the object as it was (a snapshot), or only that it happened (thin). */
type Emitted = { readonly lane: string } & (
  | { readonly kind: 'event'; readonly event: Stripe.EventBase }
  | { readonly kind: 'thin_event'; readonly event: ThinEvent }
);

interface CallSetting {
  readonly platform: Stripe.Account;
  /** Whether the platform may act on the account that the call names, when it begins. */
  readonly isConnected: boolean;
  /** One time for all accounts of the transaction. */
  readonly time: { now: Date };
  readonly baseUrl: string;
  readonly request: RequestIdentity | null;
  readonly faults: Faults;
}

/** One call: an account's documents, the events and timers it makes, all in one transaction. */
export class Call {
  readonly store: DocumentStore;
  readonly account: Stripe.Account;
  readonly baseUrl: string;
  readonly request: RequestIdentity | null;
  readonly faults: Faults;
  readonly #setting: CallSetting;
  /** Every account that this transaction has touched, itself included. */
  readonly #calls: Map<string, Call>;
  readonly #emitted: Emitted[] = [];
  readonly #timers = new Map<string, Timer>();

  constructor(store: DocumentStore, account: Stripe.Account, setting: CallSetting, calls = new Map<string, Call>()) {
    this.store = store;
    this.account = account;
    this.baseUrl = setting.baseUrl;
    this.request = setting.request;
    this.faults = setting.faults;
    this.#setting = setting;
    this.#calls = calls.set(account.id, this);
  }

  get now(): Date {
    return this.#setting.time.now;
  }

  /** What falls due is done at the moment at which it fell due, several moments in one transaction. */
  moveTo(now: Date): void {
    this.#setting.time.now = now;
  }

  /** Unix seconds. */
  get nowSeconds(): number {
    return Math.floor(this.now.getTime() / 1000);
  }

  /** Whether the platform may act on the account that the call was made on. */
  get isConnected(): boolean {
    return this.#setting.isConnected;
  }

  /** Whether anything waits to be written, on any account. */
  get hasChanges(): boolean {
    return [...this.#calls.values()].some(
      (call) => call.store.hasChanges || call.#emitted.length > 0 || call.#timers.size > 0,
    );
  }

  get onPlatform(): boolean {
    return this.account.id === this.#setting.platform.id;
  }

  /** The platform's side of this transaction: what is kept there, and heard by its own endpoints. */
  get platform(): Call {
    return this.on(this.#setting.platform);
  }

  /** The same transaction on another account. */
  on(account: Stripe.Account): Call {
    return (
      this.#calls.get(account.id) ??
      new Call(new DocumentStore(this.store.client, account.id), account, this.#setting, this.#calls)
    );
  }

  /**
   * Events of one lane are delivered one after another, in the order they were emitted. `previous` is what the object
   * had in the fields that changed, where only that tells what happened.
   */
  emit<Type extends keyof EventObjects>(
    type: Type,
    object: EventObjects[Type],
    lane: string,
    previous?: Partial<EventObjects[Type]>,
  ): void {
    const event: Stripe.EventBase = {
      id: newStripeId('evt'),
      object: 'event',
      api_version: Stripe.API_VERSION,
      created: this.nowSeconds,
      data: previous ? { object, previous_attributes: previous } : { object },
      livemode: false,
      pending_webhooks: 0,
      request: { id: this.request?.id ?? null, idempotency_key: this.request?.idempotencyKey ?? null },
      type,
    };
    this.#emitted.push({ kind: 'event', event, lane });
  }

  /** Only endpoints that name the type hear it; `data` is had by fetching the event. */
  emitThin(type: ThinEventType, data: MeterErrors, meterId: string | null): void {
    const event = buildThinEvent({ type, data, meterId, now: this.now });
    this.#emitted.push({ kind: 'thin_event', event, lane: event.id });
  }

  /** Replaces the object's timer of this kind. */
  schedule(timer: Timer): void {
    this.#timers.set(`${timer.kind} ${timer.objectId}`, timer);
  }

  async unschedule(kind: TimerKind, objectId: string): Promise<void> {
    this.#timers.delete(`${kind} ${objectId}`);
    await this.store.client.query('DELETE FROM timers WHERE account = $1 AND kind = $2 AND object_id = $3', [
      this.account.id,
      kind,
      objectId,
    ]);
  }

  /** Writes what has gathered on every account. Answers whether deliveries and timers were added. */
  async finish(faults: FaultSwitch): Promise<{ readonly emitted: boolean; readonly scheduled: boolean }> {
    const calls = [...this.#calls.values()];
    // Who is connected decides who hears of it, so all documents are written before any delivery is queued.
    for (const call of calls) await call.#write();
    for (const call of calls) if (call.#emitted.length > 0) await call.#queueDeliveries(faults);
    return {
      emitted: calls.some((call) => call.#emitted.length > 0),
      scheduled: calls.some((call) => call.#timers.size > 0),
    };
  }

  async #write(): Promise<void> {
    for (const emitted of this.#emitted) {
      if (emitted.kind === 'event') this.store.save('event', emitted.event);
      else this.store.save('thin_event', { id: emitted.event.id, created: this.nowSeconds, event: emitted.event });
    }
    await this.store.flush();
    if (this.#timers.size === 0) return;
    const timers = [...this.#timers.values()];
    await this.store.client.query(
      `INSERT INTO timers (account, kind, object_id, due_at, detail)
       SELECT $1, * FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[])
       ON CONFLICT (account, kind, object_id) DO UPDATE SET due_at = excluded.due_at, detail = excluded.detail`,
      [
        this.account.id,
        timers.map(({ kind }) => kind),
        timers.map(({ objectId }) => objectId),
        timers.map(({ dueAt }) => dueAt),
        timers.map(({ detail }) => detail),
      ],
    );
  }

  /**
   * A Connect endpoint hears an account while it is connected, and last that it no longer is. Faults strike here, so that
   * what a delivery will meet is settled with the call that caused it.
   */
  async #queueDeliveries(faults: FaultSwitch): Promise<void> {
    const { delayDeliveriesMs = 0, duplicateDeliveries = 0 } = faults.current;
    await this.store.client.query(
      `INSERT INTO deliveries (event_account, event_id, endpoint_id, lane, status, due_at, first_due_at)
       SELECT $1, event.id, endpoint.id, event.lane, event.status, $7, $7
       FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $9::text[]) WITH ORDINALITY
         AS event (id, type, lane, status, kind, position)
       JOIN endpoints AS endpoint
         ON endpoint.enabled
        AND (event.type = ANY(endpoint.enabled_events) OR ('*' = ANY(endpoint.enabled_events) AND event.kind = 'event'))
        AND CASE WHEN endpoint.connect
              THEN endpoint.account = $6 AND $1 <> $6
               AND (event.type = 'account.application.deauthorized' OR EXISTS (
                 SELECT FROM documents AS connection
                 WHERE connection.account = $6 AND connection.type = 'connection' AND connection.id = $1
                   AND connection.links @> ARRAY['authorized:true']))
              ELSE endpoint.account = $1 END
       CROSS JOIN generate_series(0, $8::int) AS copy
       ORDER BY event.position, endpoint.id`,
      [
        this.account.id,
        this.#emitted.map(({ event }) => event.id),
        this.#emitted.map(({ event }) => event.type),
        this.#emitted.map(({ lane }) => lane),
        this.#emitted.map(() => (faults.dropsThisDelivery() ? 'dropped' : 'pending')),
        this.#setting.platform.id,
        new Date(this.now.getTime() + delayDeliveriesMs),
        duplicateDeliveries,
        this.#emitted.map(({ kind }) => kind),
      ],
    );
  }
}

export interface TransactionSetting {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly faults: FaultSwitch;
  readonly platformId: string;
  readonly baseUrl: () => string;
  /** Told after a commit, so that deliveries and timers need no polling. */
  readonly onCommitted: (made: { readonly emitted: boolean; readonly scheduled: boolean }) => void;
}

/** Runs work in one transaction: the state change, its events, their deliveries and its timers stand or fall together. */
export class Transactions {
  readonly #setting: TransactionSetting;

  constructor(setting: TransactionSetting) {
    this.#setting = setting;
  }

  /** Throws 403 `account_invalid` for an account that is not here; whatever `work` throws undoes everything. */
  async run<Result>(
    accountId: string,
    request: RequestIdentity | null,
    work: (call: Call) => Promise<Result>,
  ): Promise<Result> {
    const { pool, faults, onCommitted } = this.#setting;
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const call = await this.#callOn(client, accountId, request);
      const result = await work(call);
      const made = await call.finish(faults);
      await client.query('COMMIT');
      onCommitted(made);
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }

  /** Work that changes nothing needs no transaction: each of its reads is of what was committed by then. Throws where it did change something. */
  async read<Result>(
    accountId: string,
    request: RequestIdentity | null,
    work: (call: Call) => Promise<Result>,
  ): Promise<Result> {
    const client = await this.#setting.pool.connect();
    try {
      const call = await this.#callOn(client, accountId, request);
      const result = await work(call);
      if (call.hasChanges) throw new Error('a call that only reads changed something');
      return result;
    } finally {
      client.release();
    }
  }

  async #callOn(client: PoolClient, accountId: string, request: RequestIdentity | null): Promise<Call> {
    const { clock, faults, platformId, baseUrl } = this.#setting;
    const { account, platform, connected } = await findAccount(client, accountId, platformId);
    return new Call(new DocumentStore(client, accountId), account, {
      platform,
      isConnected: connected,
      time: { now: clock.now() },
      baseUrl: baseUrl(),
      request,
      faults: faults.current,
    });
  }
}

interface FoundAccount {
  readonly account: Stripe.Account;
  readonly platform: Stripe.Account;
  readonly connected: boolean;
}

async function findAccount(client: PoolClient, accountId: string, platformId: string): Promise<FoundAccount> {
  const { rows } = await client.query<FoundAccount>(
    `SELECT own.body AS account, platform.body AS platform,
            $1 = $2 OR EXISTS (
              SELECT FROM documents AS connection
              WHERE connection.account = $2 AND connection.type = 'connection' AND connection.id = $1
                AND connection.links @> ARRAY['authorized:true']) AS connected
     FROM documents AS own CROSS JOIN documents AS platform
     WHERE own.account = $1 AND own.type = 'account' AND own.id = $1
       AND platform.account = $2 AND platform.type = 'account' AND platform.id = $2`,
    [accountId, platformId],
  );
  const found = rows[0];
  if (!found) throw accountInvalid(accountId);
  return found;
}
