import { liveSubscriptions } from '../../../src/subscriptions/live-plan.ts';
import type { SubscriptionEvent } from '../../../src/subscriptions/subscription-facts.ts';
import { createSubscriptions, type Subscriptions } from '../../../src/subscriptions/subscriptions.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { payAsYouGoInput } from '../../unit/catalog/plans.ts';
import { agency, createWorld, ids, type World } from '../catalog/world.ts';

/** An agency with a client, and the client itself. */
export const two = agency(ids.two);
export const client = 'cus_two';
export const portal: Scope = { role: 'portal', agencyId: ids.two, customerId: client };

export interface SubscriptionWorld extends World {
  readonly subscriptions: Subscriptions;
  /** What was told, oldest first. */
  told(): Promise<readonly Pick<SubscriptionEvent, 'type' | 'agencyId' | 'data'>[]>;
  /** A published pay-as-you-go plan. */
  payAsYouGo(scope: Scope, name: string, change?: Parameters<World['publishNew']>[1]): Promise<string>;
  start(scope: Scope, planId: string, customerId?: string): ReturnType<Subscriptions['start']>;
  addClient(id: string, agencyId?: string): Promise<void>;
}

/** The catalog's world, with clients that live on its plans. What is told is kept in the transaction that tells it. */
export async function createSubscriptionWorld(): Promise<SubscriptionWorld> {
  const world = await createWorld({ planUses: [liveSubscriptions] });
  const { database, clock, jobs } = world;
  await database.pool.query('CREATE TABLE test_events (id serial PRIMARY KEY, event jsonb NOT NULL)');
  const subscriptions = createSubscriptions({
    database,
    clock,
    jobs,
    outgoing: {
      emit: async (sql, events) => {
        for (const event of events) await sql.query('INSERT INTO test_events (event) VALUES ($1)', [event]);
      },
    },
  });
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
