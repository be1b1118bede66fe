import type { Pool, PoolClient } from 'pg';
import Stripe from 'stripe';
import type { Clock } from '../clock.ts';
import { DocumentStore } from './documents.ts';
import { accountInvalid } from './failure.ts';
import type { FaultSwitch, Faults } from './faults.ts';
import { newStripeId } from './identifiers.ts';

/** The events that the sandbox emits, each with the object it is a snapshot of. */
export interface EventObjects {
  'account.updated': Stripe.Account;
  'product.created': Stripe.Product;
  'product.updated': Stripe.Product;
  'product.deleted': Stripe.Product;
  'price.created': Stripe.Price;
  'price.updated': Stripe.Price;
  'tax_rate.created': Stripe.TaxRate;
  'tax_rate.updated': Stripe.TaxRate;
  'billing.meter.created': Stripe.Billing.Meter;
  'billing.meter.updated': Stripe.Billing.Meter;
  'billing.meter.deactivated': Stripe.Billing.Meter;
  'billing.meter.reactivated': Stripe.Billing.Meter;
  'customer.created': Stripe.Customer;
  'customer.updated': Stripe.Customer;
  'checkout.session.completed': Stripe.Checkout.Session;
  'checkout.session.expired': Stripe.Checkout.Session;
  'checkout.session.async_payment_succeeded': Stripe.Checkout.Session;
  'checkout.session.async_payment_failed': Stripe.Checkout.Session;
  'payment_intent.created': Stripe.PaymentIntent;
  'payment_intent.processing': Stripe.PaymentIntent;
  'payment_intent.requires_action': Stripe.PaymentIntent;
  'payment_intent.succeeded': Stripe.PaymentIntent;
  'payment_intent.payment_failed': Stripe.PaymentIntent;
  'payment_intent.amount_capturable_updated': Stripe.PaymentIntent;
  'payment_intent.canceled': Stripe.PaymentIntent;
  'setup_intent.created': Stripe.SetupIntent;
  'setup_intent.requires_action': Stripe.SetupIntent;
  'setup_intent.succeeded': Stripe.SetupIntent;
  'setup_intent.setup_failed': Stripe.SetupIntent;
  'setup_intent.canceled': Stripe.SetupIntent;
  'payment_method.attached': Stripe.PaymentMethod;
  'payment_method.updated': Stripe.PaymentMethod;
  'payment_method.detached': Stripe.PaymentMethod;
  'charge.succeeded': Stripe.Charge;
  'charge.captured': Stripe.Charge;
  'charge.expired': Stripe.Charge;
  'charge.failed': Stripe.Charge;
  'charge.refunded': Stripe.Charge;
  'refund.created': Stripe.Refund;
}

export interface RequestIdentity {
  readonly id: string;
  readonly idempotencyKey: string | null;
}

/** Something that falls due by the clock: `detail` is the timer's own business. */
export interface Timer {
  readonly kind: 'session_expiry' | 'payment_settlement' | 'hold_expiry';
  readonly objectId: string;
  readonly dueAt: Date;
  readonly detail: string;
}

interface Emitted {
  readonly event: Stripe.EventBase;
  readonly lane: string;
}

/** One call: an account's documents, the events and timers it makes, all in one transaction. */
export class Call {
  readonly store: DocumentStore;
  readonly account: Stripe.Account;
  readonly platformId: string;
  readonly now: Date;
  readonly baseUrl: string;
  readonly request: RequestIdentity | null;
  readonly faults: Faults;
  readonly #emitted: Emitted[] = [];
  readonly #timers: Timer[] = [];

  constructor(
    store: DocumentStore,
    account: Stripe.Account,
    setting: { platformId: string; now: Date; baseUrl: string; request: RequestIdentity | null; faults: Faults },
  ) {
    this.store = store;
    this.account = account;
    this.platformId = setting.platformId;
    this.now = setting.now;
    this.baseUrl = setting.baseUrl;
    this.request = setting.request;
    this.faults = setting.faults;
  }

  /** Unix seconds. */
  get nowSeconds(): number {
    return Math.floor(this.now.getTime() / 1000);
  }

  get onPlatform(): boolean {
    return this.account.id === this.platformId;
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
    this.#emitted.push({ event, lane });
  }

  schedule(timer: Timer): void {
    this.#timers.push(timer);
  }

  async unschedule(kind: Timer['kind'], objectId: string): Promise<void> {
    await this.store.client.query('DELETE FROM timers WHERE account = $1 AND kind = $2 AND object_id = $3', [
      this.account.id,
      kind,
      objectId,
    ]);
  }

  /** Writes what has gathered. Answers whether deliveries and timers were added. */
  async finish(faults: FaultSwitch): Promise<{ readonly emitted: boolean; readonly scheduled: boolean }> {
    for (const { event } of this.#emitted) this.store.save('event', event);
    await this.store.flush();
    if (this.#emitted.length > 0) await this.#queueDeliveries(faults);
    for (const timer of this.#timers) {
      await this.store.client.query(
        'INSERT INTO timers (account, kind, object_id, due_at, detail) VALUES ($1, $2, $3, $4, $5)',
        [this.account.id, timer.kind, timer.objectId, timer.dueAt, timer.detail],
      );
    }
    return { emitted: this.#emitted.length > 0, scheduled: this.#timers.length > 0 };
  }

  /** Faults strike here, so that what a delivery will meet is settled with the call that caused it. */
  async #queueDeliveries(faults: FaultSwitch): Promise<void> {
    const { delayDeliveriesMs = 0, duplicateDeliveries = 0 } = faults.current;
    await this.store.client.query(
      `INSERT INTO deliveries (event_account, event_id, endpoint_id, lane, status, due_at, first_due_at)
       SELECT $1, event.id, endpoint.id, event.lane, event.status, $7, $7
       FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
         AS event (id, type, lane, status, position)
       JOIN endpoints AS endpoint
         ON endpoint.enabled
        AND (event.type = ANY(endpoint.enabled_events) OR '*' = ANY(endpoint.enabled_events))
        AND CASE WHEN endpoint.connect THEN endpoint.account = $6 AND $1 <> $6 ELSE endpoint.account = $1 END
       CROSS JOIN generate_series(0, $8::int) AS copy
       ORDER BY event.position, endpoint.id`,
      [
        this.account.id,
        this.#emitted.map(({ event }) => event.id),
        this.#emitted.map(({ event }) => event.type),
        this.#emitted.map(({ lane }) => lane),
        this.#emitted.map(() => (faults.dropsThisDelivery() ? 'dropped' : 'pending')),
        this.platformId,
        new Date(this.now.getTime() + delayDeliveriesMs),
        duplicateDeliveries,
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
    const { pool, clock, faults, platformId, baseUrl, onCommitted } = this.#setting;
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const account = await findAccount(client, accountId);
      const call = new Call(new DocumentStore(client, accountId), account, {
        platformId,
        now: clock.now(),
        baseUrl: baseUrl(),
        request,
        faults: faults.current,
      });
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
}

async function findAccount(client: PoolClient, accountId: string): Promise<Stripe.Account> {
  const { rows } = await client.query<{ body: Stripe.Account }>(
    `SELECT body FROM documents WHERE account = $1 AND type = 'account' AND id = $1`,
    [accountId],
  );
  const account = rows[0]?.body;
  if (!account) throw accountInvalid(accountId);
  return account;
}
