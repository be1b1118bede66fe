import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inTransaction } from '../../../src/database/database.ts';
import type { Invoice } from '../../../src/subscriptions/offline-invoice.store.ts';
import { listQuotaPeriods } from '../../../src/subscriptions/quota-period.store.ts';
import { loadLatest, lockLive, saveSubscription } from '../../../src/subscriptions/subscription.store.ts';
import { switchCollection } from '../../../src/subscriptions/switch-collection.ts';
import { changeCustomer } from '../../../src/tenancy/change-customer.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { ids } from '../catalog/world.ts';
import { createOfflineWorld, type OfflineWorld } from './offline-world.ts';
import { client, two } from './world.ts';

let world: OfflineWorld;
/** Subscriptions that were handed to a provider, in order. */
const handedOver: string[] = [];

// Each test has books and a calendar of its own.
beforeEach(async () => {
  handedOver.length = 0;
  world = await createOfflineWorld({
    switchToCard: async (_sql, { id }) => {
      handedOver.push(id);
    },
  });
});
afterEach(() => world.close());

const key = { agencyId: ids.two, customerId: client };
const at = (text: string): Date => new Date(`${text}T08:00:00.000Z`);
const moveTo = async (day: string): Promise<void> => {
  world.clock.advance(at(day).getTime() - world.clock.now().getTime());
  await world.sweep();
};

const invoices = (scope: Scope = two) => world.offline.invoices.list(scope, client, { limit: 100, after: undefined });
const shown = ({ periodStart, total, status }: Invoice): string =>
  `${periodStart?.toISOString().slice(0, 10)} ${total} ${status}`;
const billed = async (): Promise<readonly string[]> => (await invoices()).map(shown).reverse();
const quotas = async (): Promise<readonly string[]> =>
  (await listQuotaPeriods(world.database.pool, key))
    .map(
      ({ periodStart, planVersion, included }) =>
        `${periodStart.toISOString().slice(0, 10)} v${planVersion} ${Number(included)}`,
    )
    .reverse();
const told = async (): Promise<readonly string[]> => (await world.told()).map(({ type }) => type);
const latest = () => loadLatest(world.database.pool, key);

describe('a client that pays without a card', () => {
  test('has service at once: its first invoice and its quotas are of that moment', async () => {
    const subscription = await world.startOffline(await world.fixed('gold'), { addOns: { concurrency: 1 } });
    expect(subscription).toMatchObject({
      status: 'active',
      collection: 'offline',
      cycle: 'monthly',
      addOns: { concurrency: 1 },
      anchorAt: at('2026-11-21'),
      periodStart: at('2026-11-21'),
      periodEnd: at('2026-12-21'),
      providerSubscriptionId: null,
    });
    expect(await billed()).toEqual(['2026-11-21 64.00 USD open']);
    expect(await quotas()).toEqual(['2026-11-21 v1 100']);
    expect(await told()).toEqual(['subscription.activated']);
  });

  test('is refused terms that its plan does not sell, and nothing is left of the try', async () => {
    const planId = await world.fixed('gold');
    await expect(world.startOffline(planId, { addOns: { concurrency: 9 } })).rejects.toMatchObject({
      code: 'add_on_above_limit',
    });
    expect(await latest()).toBeNull();
    expect(await invoices()).toEqual([]);
  });

  test('is renewed at each anniversary, once, whoever runs and however late', async () => {
    await world.startOffline(await world.fixed('gold'));
    await moveTo('2026-12-20');
    expect(await billed()).toHaveLength(1);
    await moveTo('2026-12-21');
    await world.sweep();
    expect(await billed()).toEqual(['2026-11-21 49.00 USD open', '2026-12-21 49.00 USD open']);
    await moveTo('2027-04-01');
    expect((await billed()).slice(2)).toEqual(
      ['2027-01-21', '2027-02-21', '2027-03-21'].map((day) => `${day} 49.00 USD open`),
    );
    expect(await quotas()).toEqual(
      ['2026-11-21', '2026-12-21', '2027-01-21', '2027-02-21', '2027-03-21'].map((day) => `${day} v1 100`),
    );
    expect(await latest()).toMatchObject({ periodStart: at('2027-03-21'), periodEnd: at('2027-04-21') });
    expect((await invoices()).at(-1)?.billingReason).toBe('subscription_create');
    expect((await invoices()).slice(0, -1).map(({ billingReason }) => billingReason)).toEqual(
      Array.from({ length: 4 }, () => 'subscription_cycle'),
    );
    expect(world.failures).toEqual([]);
  });

  test('by the year has its quotas by the month', async () => {
    await world.startOffline(await world.fixed('gold'), { cycle: 'yearly' });
    await moveTo('2027-02-01');
    expect(await billed()).toEqual(['2026-11-21 499.00 USD open']);
    expect(await quotas()).toEqual(['2026-11-21 v1 100', '2026-12-21 v1 100', '2027-01-21 v1 100']);
    await moveTo('2027-11-21');
    expect(await billed()).toEqual(['2026-11-21 499.00 USD open', '2027-11-21 499.00 USD open']);
    expect(await quotas()).toHaveLength(13);
  });

  test('from the end of a month stays at the ends of months', async () => {
    world.clock.advance(at('2027-01-31').getTime() - world.clock.now().getTime());
    await world.startOffline(await world.fixed('gold'));
    await moveTo('2027-04-30');
    expect((await billed()).map((line) => line.slice(0, 10))).toEqual([
      '2027-01-31',
      '2027-02-28',
      '2027-03-31',
      '2027-04-30',
    ]);
  });

  test('that asked to end ends with its period, and is renewed no more', async () => {
    await world.startOffline(await world.fixed('gold'));
    await inTransaction(world.database.pool, async (sql) => {
      const live = await lockLive(sql, key);
      if (live) await saveSubscription(sql, { ...live, cancelAt: live.periodEnd }, world.clock.now());
    });
    await moveTo('2027-03-01');
    expect(await latest()).toMatchObject({ status: 'canceled', endedAt: at('2026-12-21') });
    expect(await billed()).toEqual(['2026-11-21 49.00 USD open']);
    expect(await quotas()).toEqual(['2026-11-21 v1 100']);
    expect(await told()).toEqual(['subscription.activated', 'subscription.canceled']);
  });
});

async function change(next: { planId?: string; cycle?: string; addOns?: object; collection?: string }): Promise<void> {
  const live = await latest();
  if (!live?.periodEnd) throw new Error('there is nothing to change');
  await world.database.prisma.subscriptionChange.create({
    data: {
      ...key,
      id: `subc_${world.clock.now().getTime()}`,
      subscriptionId: live.id,
      planAgencyId: live.plan.agencyId,
      planId: next.planId ?? live.plan.planId,
      planVersion: 1,
      cycle: next.cycle ?? live.cycle,
      addOns: { ...live.addOns, ...next.addOns },
      collection: next.collection ?? 'offline',
      status: 'pending',
      effectiveAt: live.periodEnd,
      createdAt: world.clock.now(),
    },
  });
}
const changes = async (): Promise<readonly string[]> => {
  const rows = await world.database.prisma.subscriptionChange.findMany({ orderBy: { createdAt: 'asc' } });
  return rows.map(({ collection, status }) => `${collection} ${status}`);
};

describe('a change that waits', () => {
  test('is applied at the boundary: the new price and quotas from there on, the old ones up to it', async () => {
    await world.startOffline(await world.fixed('gold'));
    const silver = await world.fixed('silver', {
      cycles: { quarterly: '60.00' },
      usage: [{ feature: 'call_minutes', included: '30', overagePrice: '0.20' }],
    });
    await change({ planId: silver, cycle: 'quarterly' });
    await moveTo('2026-12-20');
    expect(await latest()).toMatchObject({ cycle: 'monthly' });
    await moveTo('2027-02-01');
    expect(await billed()).toEqual(['2026-11-21 49.00 USD open', '2026-12-21 60.00 USD open']);
    expect(await quotas()).toEqual(['2026-11-21 v1 100', '2026-12-21 v1 30', '2027-01-21 v1 30']);
    expect(await latest()).toMatchObject({
      plan: { planId: silver },
      cycle: 'quarterly',
      collection: 'offline',
      periodEnd: at('2027-03-21'),
    });
    expect(await changes()).toEqual(['offline applied']);
    expect(await told()).toEqual(['subscription.activated', 'subscription.updated']);
  });

  test('to pay-as-you-go ends what is paid ahead, and nothing more', async () => {
    await world.startOffline(await world.fixed('gold'));
    await change({ planId: await world.payAsYouGo(two, 'payg'), collection: 'none' });
    await moveTo('2027-02-01');
    expect(await billed()).toHaveLength(1);
    expect(await latest()).toMatchObject({ collection: 'none', cycle: null, periodEnd: null, status: 'active' });
    expect(await quotas()).toEqual(['2026-11-21 v1 100', '2026-12-21 v1 0', '2027-01-21 v1 0']);
  });
});

describe('a client that is to pay with a card from now on', () => {
  const collect = (collection: 'card' | 'offline') =>
    changeCustomer(
      { ...world.database, clock: world.clock, onCollectionChanged: switchCollection(world) },
      two,
      client,
      { collection },
    );

  test('goes on as it is until its next cycle, and is handed over then, without an invoice of ours', async () => {
    await collect('offline');
    const { id } = await world.startOffline(await world.fixed('gold'));
    await collect('card');
    expect(await changes()).toEqual(['card pending']);
    await moveTo('2026-12-20');
    expect(handedOver).toEqual([]);
    await moveTo('2026-12-21');
    expect(new Set(handedOver)).toEqual(new Set([id]));
    expect(await billed()).toHaveLength(1);
    expect(await quotas()).toHaveLength(1);
  });

  test('and back before that, has nothing waiting; whatever else waits, waits on', async () => {
    await collect('offline');
    await world.startOffline(await world.fixed('gold'));
    await collect('card');
    await collect('offline');
    expect(await changes()).toEqual(['card replaced']);
    world.clock.advance(1000);
    await change({ addOns: { concurrency: 3 } });
    await collect('card');
    await collect('offline');
    await moveTo('2026-12-21');
    expect(await latest()).toMatchObject({ addOns: { concurrency: 3 }, collection: 'offline' });
    expect(await billed()).toEqual(['2026-11-21 49.00 USD open', '2026-12-21 94.00 USD open']);
  });
});

test('one that cannot be renewed holds nobody else back, and is tried again', async () => {
  await world.startOffline(await world.fixed('gold'));
  await world.addClient('cus_broken');
  const { id } = await world.startOffline(await world.fixed('other'), {}, 'cus_broken');
  await world.database.pool.query(`UPDATE subscriptions SET cycle = 'quarterly', anchor_at = NULL WHERE id = $1`, [id]);
  await moveTo('2026-12-21');
  expect(await billed()).toHaveLength(2);
  expect(world.failures.length).toBeGreaterThan(0);
  await world.database.pool.query(`UPDATE subscriptions SET cycle = 'monthly', anchor_at = started_at WHERE id = $1`, [
    id,
  ]);
  await world.sweep();
  expect(await world.offline.invoices.list(two, 'cus_broken', { limit: 9, after: undefined })).toHaveLength(2);
});
