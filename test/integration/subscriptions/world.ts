import { type AgencyLimits, readAgencyLimits } from '../../../src/subscriptions/agency-plan.ts';
import { cancelSubscription } from '../../../src/subscriptions/cancel-subscription.ts';
import { findSubscription } from '../../../src/subscriptions/find-subscription.ts';
import { liveSubscriptions } from '../../../src/subscriptions/live-plan.ts';
import {
  type StartedSubscription,
  type SubscriptionRequest,
  startSubscription,
} from '../../../src/subscriptions/start-subscription.ts';
import type { Subscription } from '../../../src/subscriptions/subscription.ts';
import type { SubscriptionEvent } from '../../../src/subscriptions/subscription-facts.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { payAsYouGoInput } from '../../unit/catalog/plans.ts';
import { agency, createWorld, ids, type World } from '../catalog/world.ts';

/** An agency with a client, and the client itself. */
export const two = agency(ids.two);
export const client = 'cus_two';
export const portal: Scope = { role: 'portal', agencyId: ids.two, customerId: client };

interface PayAsYouGo {
  start(scope: Scope, request: SubscriptionRequest): Promise<StartedSubscription>;
  cancel(scope: Scope, customerId: string): Promise<Subscription>;
  find(scope: Scope, customerId: string): Promise<Subscription>;
  agencyLimits(scope: Scope, agencyId: string): Promise<AgencyLimits | null>;
}

export interface SubscriptionWorld extends World {
  readonly subscriptions: PayAsYouGo;
  /** What was told, oldest first. */
  told(): Promise<readonly Pick<SubscriptionEvent, 'type' | 'agencyId' | 'data'>[]>;
  /** A published pay-as-you-go plan. */
  payAsYouGo(scope: Scope, name: string, change?: Parameters<World['publishNew']>[1]): Promise<string>;
  start(scope: Scope, planId: string, customerId?: string): Promise<StartedSubscription>;
  addClient(id: string, agencyId?: string): Promise<void>;
}

/** The catalog's world, with clients that live on its plans. What is told is kept in the transaction that tells it. */
export async function createSubscriptionWorld(): Promise<SubscriptionWorld> {
  const world = await createWorld({ planUses: [liveSubscriptions] });
  const { database, clock, jobs } = world;
  await database.pool.query('CREATE TABLE test_events (id serial PRIMARY KEY, event jsonb NOT NULL)');
  const dependencies = {
    database,
    clock,
    jobs,
    outgoing: {
      emit: async (sql, events) => {
        for (const event of events) await sql.query('INSERT INTO test_events (event) VALUES ($1)', [event]);
      },
    },
  } as const satisfies Parameters<typeof startSubscription>[0];
  const { pool } = database;
  const subscriptions: PayAsYouGo = {
    start: (scope, request) => startSubscription(dependencies, scope, request),
    cancel: (scope, customerId) => cancelSubscription(dependencies, scope, customerId),
    find: (scope, customerId) => findSubscription(pool, scope, customerId),
    agencyLimits: (scope, agencyId) => readAgencyLimits(pool, scope, agencyId),
  };
  return {
    ...world,
    subscriptions,
    told: async () => {
      const { rows } = await database.pool.query<{ event: SubscriptionEvent }>(
        'SELECT event FROM test_events ORDER BY id',
      );
      return rows.map(({ event }) => event);
    },
    payAsYouGo: async (scope, name, change = {}) => {
      const plan = { ...payAsYouGoInput, cycles: {}, recurring: [], packs: [], limits: {}, trialDays: 0 };
      return (await world.publishNew(scope, { ...plan, name, displayName: name, ...change })).id;
    },
    start: (scope, planId, customerId = client) =>
      subscriptions.start(scope, { customerId, planId, requestId: undefined }),
    addClient: async (id, agencyId = ids.two) => {
      await database.prisma.customer.create({
        data: { agencyId, id, name: id, email: `${id}@example.com`, createdAt: clock.now() },
      });
    },
    reset: async () => {
      await database.pool.query('TRUNCATE subscriptions, quota_periods, test_events CASCADE');
      await world.reset();
    },
  };
}
