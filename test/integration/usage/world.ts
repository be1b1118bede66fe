import { Decimal } from 'decimal.js';
import { versionDocumentSchema } from '../../../src/catalog/plan-document.ts';
import { inTransaction } from '../../../src/database/database.ts';
import { newId } from '../../../src/ids.ts';
import { createLedger, type Ledger } from '../../../src/ledger/ledger.ts';
import { debitAdjustment, receiveTopUp } from '../../../src/ledger/postings.ts';
import { Money } from '../../../src/money/money.ts';
import { openQuotas } from '../../../src/subscriptions/open-quotas.ts';
import { newSubscription, type Subscription } from '../../../src/subscriptions/subscription.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { createGate, type Gate } from '../../../src/usage/gate.ts';
import { createWatchBalances } from '../../../src/usage/service-state.ts';
import type { CallAnswer } from '../../../src/usage/start-call.ts';
import { createUsage, type Usage } from '../../../src/usage/usage.ts';
import { type EventResult, readEvent } from '../../../src/usage/usage-event.ts';
import { ids, platform, type World } from '../catalog/world.ts';
import { createSubscriptionWorld, type SubscriptionWorld, two } from '../subscriptions/world.ts';

export { ids, two };

/** An event as a sender writes it. What is left out: the client's, call minutes, now. */
export interface Sent {
  readonly id: string;
  readonly quantity: string;
  readonly customerId?: string;
  readonly feature?: string;
  readonly occurredAt?: string;
  readonly sessionId?: string;
  readonly reverses?: string;
}

/** A period's figures, without trailing zeros. */
export interface TotalsLine {
  readonly feature: string;
  readonly used: string;
  readonly free: string;
  readonly addOn: string;
  readonly overage: string;
  readonly cost: string;
}

/** A client of its own for a test: the ledger forgets nobody. */
export interface UsageClient {
  readonly id: string;
  readonly agencyId: string;
  send(events: readonly Sent[], scope?: Scope): Promise<readonly EventResult[]>;
  /** `accepted`, `duplicate`, or the code of the rejection. */
  outcomes(events: readonly Sent[], scope?: Scope): Promise<readonly (string | null)[]>;
  topUp(amount: string): Promise<void>;
  takeBack(amount: string): Promise<void>;
  /** In USD. */
  balance(): Promise<string>;
  /** By period and feature. */
  totals(): Promise<readonly TotalsLine[]>;
  licence(quantity: string, change?: { startsAt?: Date; expiresAt?: Date | null }): Promise<string>;
  /** Licence -> what all periods have drawn of it. */
  drawn(): Promise<Record<string, number>>;
  /** On a plan, whatever it costs, as if it had been paid. */
  subscribe(planId: string, change?: Partial<Subscription>): Promise<string>;
  trial(minutes: number, concurrency: number, days: number): Promise<void>;
  /** A call of call minutes. */
  call(callId: string, estimate?: string): Promise<CallAnswer>;
  /** Why a call would be refused, or that it was let in. */
  refusal(callId: string, estimate?: string): Promise<string>;
  /** Moves the clock past the end of its period by so many hours. */
  pastPeriod(hours: number): Promise<void>;
  /** What was told of it, oldest first. */
  told(): Promise<readonly string[]>;
}

export interface UsageWorld extends SubscriptionWorld {
  readonly ledger: Ledger;
  readonly usage: Usage;
  readonly gate: Gate;
  newClient(agencyId?: string): Promise<UsageClient>;
  clientOf(agencyId: string, id: string): UsageClient;
  /** A published fixed plan with 100 minutes, and 0.20 USD for each further one. */
  fixedPlan(change?: Parameters<World['publishNew']>[1]): Promise<string>;
}

/** Clients on plans, with a ledger and the room of usage. */
export async function createUsageWorld(): Promise<UsageWorld> {
  const world = await createSubscriptionWorld();
  const { database, clock } = world;
  const keep = async (sql: Pick<typeof database.pool, 'query'>, agencyId: string, customerId: string, what: string) => {
    await sql.query('INSERT INTO test_told (agency_id, customer_id, what) VALUES ($1, $2, $3)', [
      agencyId,
      customerId,
      what,
    ]);
  };
  await database.pool.query(
    'CREATE TABLE test_told (id serial PRIMARY KEY, agency_id text, customer_id text, what text NOT NULL)',
  );
  const ledger = createLedger({
    pool: database.pool,
    clock,
    onPosted: createWatchBalances({
      clock,
      ledger: () => ledger,
      emit: async (sql, events) => {
        for (const { agencyId, type, data } of events) {
          if ('customerId' in data) await keep(sql, agencyId, data.customerId, type);
        }
      },
      notify: async (sql, notices) => {
        for (const { agencyId, customerId, kind } of notices) await keep(sql, agencyId, customerId, `notice ${kind}`);
      },
    }),
  });
  const usage = createUsage({ database, clock, ledger });
  const gate = createGate({ database, clock, ledger, refusals: null });
  let made = 0;
  const next = (): number => {
    made += 1;
    return made;
  };

  const clientOf = (agencyId: string, id: string): UsageClient => {
    const fact = () => ({
      agencyId,
      customerId: id,
      merchantAccountId: ids.account,
      reference: `fact:${next()}`,
      source: 'test',
    });
    const send: UsageClient['send'] = (events, scope = two) =>
      usage.ingest(
        scope,
        events.map((event) =>
          readEvent({ customerId: id, feature: 'call_minutes', occurredAt: clock.now().toISOString(), ...event }),
        ),
      );
    const call: UsageClient['call'] = (callId, estimate) =>
      gate.start(platform, {
        customerId: id,
        feature: 'call_minutes',
        callId,
        estimate: estimate === undefined ? null : new Decimal(estimate),
      });
    return {
      id,
      agencyId,
      send,
      call,
      refusal: async (callId, estimate) => {
        const answer = await call(callId, estimate);
        return answer.allowed ? 'allowed' : answer.reason;
      },
      outcomes: async (events, scope) =>
        (await send(events, scope)).map(({ status, code }) => (status === 'rejected' ? code : status)),
      topUp: async (amount) => {
        await ledger.postAlone(receiveTopUp({ ...fact(), amount: Money.of(amount, 'USD') }));
      },
      takeBack: async (amount) => {
        await ledger.postAlone(debitAdjustment({ ...fact(), amount: Money.of(amount, 'USD') }));
      },
      balance: async () => (await ledger.balance(agencyId, id)).toDecimalString(),
      totals: async () => {
        const { rows } = await database.pool.query<TotalsLine>(
          `SELECT feature, trim_scale(used)::text AS used, trim_scale(free)::text AS free, trim_scale(add_on)::text AS "addOn",
                  trim_scale(overage)::text AS overage, trim_scale(cost)::text AS cost
             FROM usage_totals WHERE agency_id = $1 AND customer_id = $2 ORDER BY period_start, feature`,
          [agencyId, id],
        );
        return rows;
      },
      licence: async (quantity, { startsAt = clock.now(), expiresAt = null } = {}) => {
        const now = clock.now();
        const licenceId = newId('licence');
        await database.prisma.licence.create({
          data: {
            agencyId,
            id: licenceId,
            customerId: id,
            kind: 'quantity',
            feature: 'call_minutes',
            quantity,
            startsAt,
            expiresAt,
            remarks: 'granted',
            source: 'granted',
            grantedBy: 'test',
            createdAt: now,
            updatedAt: now,
          },
        });
        return licenceId;
      },
      drawn: async () => {
        const { rows } = await database.pool.query<{ licence: string; drawn: number }>(
          `SELECT licence_id AS licence, sum(quantity)::float AS drawn
             FROM licence_draws WHERE agency_id = $1 AND customer_id = $2 GROUP BY 1`,
          [agencyId, id],
        );
        return Object.fromEntries(rows.map(({ licence, drawn }) => [licence, drawn]));
      },
      subscribe: async (planId, change = {}) => {
        const { rows } = await database.pool.query<{ agency_id: string; document: unknown }>(
          'SELECT agency_id, document FROM plan_versions WHERE plan_id = $1 AND version = 1',
          [planId],
        );
        const [version] = rows;
        if (!version) throw new Error(`no plan ${planId}`);
        const now = clock.now();
        const subscription: Subscription = {
          ...newSubscription,
          id: newId('subscription'),
          agencyId,
          customerId: id,
          plan: { agencyId: version.agency_id, planId },
          planVersion: 1,
          status: 'active',
          anchorAt: now,
          startedAt: now,
          document: versionDocumentSchema.parse(version.document),
          ...change,
        };
        await inTransaction(database.pool, (sql) => openQuotas(sql, subscription, now));
        return subscription.id;
      },
      trial: async (minutes, concurrency, days) => {
        const trialId = newId('trial');
        const startedAt = clock.now();
        const endsAt = new Date(startedAt.getTime() + days * 86_400_000);
        await database.prisma.trial.create({
          data: {
            agencyId,
            id: trialId,
            customerId: id,
            emailKey: id,
            status: 'active',
            minutes,
            concurrency,
            endBehavior: 'pause',
            startedAt,
            endsAt,
          },
        });
        await database.prisma.quotaPeriod.create({
          data: {
            agencyId,
            id: newId('quotaPeriod'),
            customerId: id,
            holderId: trialId,
            holderKind: 'trial',
            feature: 'call_minutes',
            periodStart: startedAt,
            periodEnd: endsAt,
            included: minutes,
            openedAt: startedAt,
          },
        });
      },
      pastPeriod: async (hours) => {
        const { rows } = await database.pool.query<{ end: Date }>(
          'SELECT max(period_end) AS end FROM quota_periods WHERE agency_id = $1 AND customer_id = $2',
          [agencyId, id],
        );
        const end = rows[0]?.end.getTime() ?? 0;
        clock.advance(end + hours * 3_600_000 - clock.now().getTime());
      },
      told: async () => {
        const { rows } = await database.pool.query<{ what: string }>(
          'SELECT what FROM test_told WHERE agency_id = $1 AND customer_id = $2 ORDER BY id',
          [agencyId, id],
        );
        return rows.map(({ what }) => what);
      },
    };
  };

  return {
    ...world,
    ledger,
    usage,
    gate,
    clientOf,
    newClient: async (agencyId = ids.two) => {
      const id = `cus_usage_${next()}`;
      await world.addClient(id, agencyId);
      return clientOf(agencyId, id);
    },
    fixedPlan: async (change = {}) => {
      const name = `fixed ${next()}`;
      return (await world.publishNew(two, { name, displayName: name, ...change })).id;
    },
  };
}
