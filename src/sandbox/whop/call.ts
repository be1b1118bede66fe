import type Whop from '@whop/sdk';
import type { Pool, PoolClient } from 'pg';
import type { Clock } from '../../clock.ts';
import { forbidden, notFound } from './failure.ts';
import type { WhopFaultSwitch } from './faults.ts';
import { newWhopId } from './ids.ts';
import type { MembershipBilling } from './memberships.ts';

/** Kind -> the SDK's own type of it: the compiler holds what is answered to the API version. */
export interface WhopObjects {
  account: Whop.Account;
  product: Whop.Product;
  plan: Whop.Plan;
  checkout_configuration: Whop.CheckoutConfigurationRetrieveResponse;
  payment: Whop.Payment;
  refund: Whop.RefundRetrieveResponse;
  dispute: Whop.Dispute;
  membership: Whop.Membership;
  membership_billing: MembershipBilling;
  webhook: Whop.WebhookCreateResponse;
  /** What a checkout takes for the platform: no object of Whop's shows it before it is paid. `id` is the checkout's. */
  checkout_fee: { readonly id: string; readonly amount: number };
}

export type WhopKind = keyof WhopObjects;

/** Type of event -> what its `data` is. */
export interface WhopEvents {
  'payment.succeeded': Whop.PaymentSucceededWebhookEvent;
  'payment.failed': Whop.PaymentFailedWebhookEvent;
  'refund.created': Whop.RefundCreatedWebhookEvent;
  'refund.updated': Whop.RefundUpdatedWebhookEvent;
  'dispute.created': Whop.DisputeCreatedWebhookEvent;
  'dispute.updated': Whop.DisputeUpdatedWebhookEvent;
  'membership.activated': Whop.MembershipActivatedWebhookEvent;
  'membership.deactivated': Whop.MembershipDeactivatedWebhookEvent;
  'membership.cancel_at_period_end_changed': Whop.MembershipCancelAtPeriodEndChangedWebhookEvent;
  'payout_account.status_updated': Whop.PayoutAccountStatusUpdatedWebhookEvent;
}

export interface WhopPage<Item> {
  readonly data: readonly Item[];
  readonly page_info: { readonly end_cursor?: string };
}

interface Row<Kind extends WhopKind> {
  readonly seq: string;
  readonly body: WhopObjects[Kind];
}

export interface ListQuery {
  readonly first: number;
  readonly after: string | null;
}

/** One call: what it reads and writes, and the events it makes, in one transaction. */
export class WhopCall {
  readonly client: PoolClient;
  readonly now: Date;
  /** Where the sandbox answers, without a slash at its end. */
  readonly baseUrl: string;
  /** Whose key was used. */
  readonly caller: string;
  readonly #faults: WhopFaultSwitch;
  emitted = false;

  constructor(setting: { client: PoolClient; now: Date; baseUrl: string; caller: string; faults: WhopFaultSwitch }) {
    this.client = setting.client;
    this.now = setting.now;
    this.baseUrl = setting.baseUrl;
    this.caller = setting.caller;
    this.#faults = setting.faults;
  }

  get isoNow(): string {
    return this.now.toISOString();
  }

  async find<Kind extends WhopKind>(kind: Kind, id: string): Promise<WhopObjects[Kind] | undefined> {
    const { rows } = await this.client.query<Row<Kind>>('SELECT body FROM whop_objects WHERE kind = $1 AND id = $2', [
      kind,
      id,
    ]);
    return rows[0]?.body;
  }

  /** An object of an account that the caller's key reaches. Throws 404. */
  async get<Kind extends WhopKind>(kind: Kind, id: string): Promise<WhopObjects[Kind]> {
    const { rows } = await this.client.query<{ account: string; body: WhopObjects[Kind] }>(
      'SELECT account, body FROM whop_objects WHERE kind = $1 AND id = $2',
      [kind, id],
    );
    const row = rows[0];
    if (!row || !(await this.#reaches(row.account))) throw notFound(kind, id);
    return row.body;
  }

  /** Throws 403 for an account that the caller's key does not reach: its own and those under it. */
  async requireReach(accountId: string): Promise<string> {
    if (await this.#reaches(accountId)) return accountId;
    throw forbidden(accountId);
  }

  async #reaches(accountId: string): Promise<boolean> {
    if (accountId === this.caller) return true;
    return (await this.find('account', accountId))?.parent_account_id === this.caller;
  }

  async save<Kind extends WhopKind>(kind: Kind, account: string, body: WhopObjects[Kind]): Promise<void> {
    await this.client.query(
      `INSERT INTO whop_objects (kind, id, account, body) VALUES ($1, $2, $3, $4)
       ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body`,
      [kind, body.id, account, JSON.stringify(body)],
    );
  }

  async remove(kind: WhopKind, id: string): Promise<void> {
    await this.client.query('DELETE FROM whop_objects WHERE kind = $1 AND id = $2', [kind, id]);
  }

  /** An account's objects that pass, oldest first, a page at a time. */
  async page<Kind extends WhopKind>(
    kind: Kind,
    account: string,
    { first, after }: ListQuery,
    passes: (body: WhopObjects[Kind]) => boolean = () => true,
  ): Promise<WhopPage<WhopObjects[Kind]>> {
    const { rows } = await this.client.query<Row<Kind>>(
      'SELECT seq, body FROM whop_objects WHERE kind = $1 AND account = $2 AND seq > $3 ORDER BY seq',
      [kind, account, after ?? '0'],
    );
    const fitting = rows.filter(({ body }) => passes(body));
    const shown = fitting.slice(0, first);
    const last = shown.at(-1);
    return {
      data: shown.map(({ body }) => body),
      page_info: last && fitting.length > shown.length ? { end_cursor: last.seq } : {},
    };
  }

  /** Tells the account's own webhooks. Faults strike here, so that what a delivery will meet is settled with its call. */
  async emit<Type extends keyof WhopEvents>(
    type: Type,
    account: string,
    data: WhopEvents[Type]['data'],
  ): Promise<void> {
    const { dropDeliveries = false, delayDeliveriesMs = 0, duplicateDeliveries = 0 } = this.#faults.current;
    const eventId = newWhopId('msg');
    const body = JSON.stringify({
      id: eventId,
      api_version: 'v1',
      type,
      timestamp: this.isoNow,
      company_id: account,
      data,
    });
    await this.client.query(
      `INSERT INTO whop_deliveries (webhook_id, event_id, type, body, status, due_at)
       SELECT id, $2, $3, $4, $5, $6 FROM whop_objects CROSS JOIN generate_series(0, $7::int)
       WHERE kind = 'webhook' AND account = $1 AND (body ->> 'enabled')::boolean AND body -> 'events' ? $3
       ORDER BY seq`,
      [
        account,
        eventId,
        type,
        body,
        dropDeliveries ? 'dropped' : 'pending',
        new Date(this.now.getTime() + delayDeliveriesMs),
        duplicateDeliveries,
      ],
    );
    this.emitted = true;
  }
}

export interface WhopTransactionSetting {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly faults: WhopFaultSwitch;
  readonly baseUrl: () => string;
  /** Told after a commit that queued deliveries. */
  readonly onEmitted: () => void;
}

/** Runs calls one after another, each in a transaction: nobody waits long for a sandbox. */
export class WhopTransactions {
  readonly #setting: WhopTransactionSetting;

  constructor(setting: WhopTransactionSetting) {
    this.#setting = setting;
  }

  async run<Result>(caller: string, work: (call: WhopCall) => Promise<Result>): Promise<Result> {
    const { pool, clock, faults, baseUrl, onEmitted } = this.#setting;
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await client.query("SELECT pg_advisory_xact_lock(hashtextextended('whop', 0))");
      const call = new WhopCall({ client, now: clock.now(), baseUrl: baseUrl(), caller, faults });
      const result = await work(call);
      await client.query('COMMIT');
      if (call.emitted) onEmitted();
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }
}
